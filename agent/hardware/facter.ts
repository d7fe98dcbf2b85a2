import { className, hex, type Device, type Hardware } from './hardware.ts';

/**
 * The report for programs, in the shape of nixos-facter's report (version 1) as far as its NixOS modules read it: each
 * class is a list of devices with `driver_modules`, `class_list`, `vendor` and `device`. `dabei` holds what that shape
 * has no place for.
 */
export function facterReport({ facts, devices, health, processors }: Hardware): object {
  const of = (...names: string[]) => devices.filter(device => names.includes(className(device))).map(facterDevice);
  return {
    version: 1,
    system: facts.system,
    virtualisation: virtualisation(facts.machine.virtualization),
    hardware: {
      cpu: Array.from({ length: processors }, () => ({
        architecture: facts.system.split('-')[0],
        vendor_name: { Intel: 'GenuineIntel', AMD: 'AuthenticAMD' }[facts.machine.cpuVendor ?? ''] ?? facts.machine.cpuVendor,
        model_name: facts.machine.cpuModel,
      })),
      memory: [{ class_list: ['memory'], resources: [{ type: 'phys_mem', range: facts.memoryBytes }] }],
      disk: facts.disks.map(disk => ({
        class_list: ['disk', 'block_device', ...(disk.transport === null ? [] : [disk.transport])],
        model: disk.model,
        serial: disk.serial,
        driver_modules: disk.drivers ?? [],
        unix_device_name: disk.path,
        unix_device_names: [...disk.aliases, disk.path],
        resources: [{ type: 'size', unit: 'sectors', value_1: disk.sizeBytes / disk.logicalSectorBytes, value_2: disk.logicalSectorBytes }],
      })),
      network_interface: facts.links.filter(({ kind }) => kind === undefined).map(link => ({
        class_list: ['network_interface'],
        driver: link.driver,
        driver_modules: link.drivers ?? [],
        unix_device_name: link.name,
        unix_device_names: [link.name, ...(link.altNames ?? [])],
        resources: [{ type: 'hwaddr', address: link.mac }],
      })),
      storage_controller: of('storage'),
      network_controller: of('network'),
      graphics_card: of('display'),
      usb_controller: devices.filter(({ pciClass }) => pciClass !== null && pciClass >> 8 === 0x0c03).map(facterDevice),
    },
    smbios: { system: { manufacturer: facts.machine.vendor, product: facts.machine.model } },
    dabei: {
      firmware: facts.firmware,
      firmwareBits: facts.firmwareBits ?? null,
      memoryBytes: facts.memoryBytes,
      health,
      devices,
    },
  };
} // prettier-ignore

function facterDevice(device: Device): object {
  const number = (value: number | null) => value === null ? null : { hex: hex(value), value };
  return {
    class_list: [className(device)],
    sysfs_id: device.path,
    sysfs_bus_id: device.id,
    vendor: number(device.vendor),
    device: number(device.product),
    driver: device.driver,
    driver_modules: device.modules,
    module_alias: device.modalias,
  };
} // prettier-ignore

/** Words of systemd-detect-virt(1). */
function virtualisation(found: string | boolean): string {
  if (found === false) return 'none';
  return found === true ? 'vm-other' : found.toLowerCase();
}
