import { diskModules } from '../plan/host-flake/runtime-info.ts';
import type { Link } from '../facts.ts';
import { className, hex, isOwn, type Device, type Hardware } from './hardware.ts';

/**
 * The report for programs, in the shape of nixos-facter's report (version 1) as far as its NixOS modules read it: each
 * class is a list of devices with `driver_modules`, `class_list`, `vendor` and `device`. `dabei` holds what that shape
 * has no place for. Interfaces have no `sub_class`, by which nixpkgs (nixos/modules/hardware/facter/networking) would configure
 * them by name: here they have other names than in the installed system.
 */
export function facterReport({ facts, devices, health, processors, processorFlags }: Hardware): object {
  const of = (...names: string[]) => devices.filter(device => names.includes(className(device))).map(facterDevice);
  return {
    version: 1,
    system: facts.system,
    virtualisation: virtualisation(facts.machine.virtualization),
    uefi: { supported: facts.firmware === 'uefi', ...(facts.firmwareBits === undefined ? {} : { platform_size: facts.firmwareBits }) },
    hardware: {
      cpu: Array.from({ length: processors }, () => ({
        architecture: facts.system.split('-')[0],
        vendor_name: { Intel: 'GenuineIntel', AMD: 'AuthenticAMD' }[facts.machine.cpuVendor ?? ''] ?? facts.machine.cpuVendor ?? 'unknown',
        model_name: facts.machine.cpuModel,
        features: processorFlags,
      })),
      memory: [{ class_list: ['memory'], resources: [{ type: 'phys_mem', range: facts.memoryBytes }] }],
      disk: facts.disks.map(disk => ({
        class_list: ['disk', 'block_device', ...(disk.transport === null ? [] : [disk.transport])],
        model: disk.model,
        serial: disk.serial,
        driver_modules: isOwn(disk) ? diskModules(disk, facts.system) : [],
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
      network_controller: [
        ...of('network'),
        ...facts.links.filter(onOtherBus).map(({ modalias, drivers }) => ({ class_list: ['network_controller'], driver_modules: drivers ?? [], module_alias: modalias })),
      ],
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

/** Cards of hypervisors lie on buses whose devices have no class. */
const onOtherBus = ({ kind, modalias }: Link) =>
  kind === undefined && modalias !== null && !/^(pci|usb):/.test(modalias);

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

/** Words of systemd-detect-virt(1), with underscores. */
function virtualisation(found: string | boolean): string {
  if (found === false) return 'none';
  return found === true ? 'vm_other' : found.toLowerCase();
}
