import type { Disk, Facts } from '../facts.ts';

/** What `dabei facts` shows in addition to the facts that planning uses. Read by host/machine/hardware.ts. */
export interface Hardware {
  facts: Facts;
  devices: readonly Device[];
  health: readonly DiskHealth[];
  processors: number;
  /** As the kernel names the features of the first processor ("flags" in /proc/cpuinfo); none where it names none. */
  processorFlags: readonly string[];
  /** null where the kernel does not say. */
  memory: Memory | null;
}

/** In bytes (proc_meminfo(5)). */
export interface Memory {
  totalBytes: number;
  availableBytes: number;
  swapBytes: number;
}

/** A device on a bus, as sysfs describes it (Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-usb). */
export interface Device {
  /** Name on its bus: "0000:00:1f.2", "1-1:1.0", "virtio0". */
  id: string;
  bus: string;
  /** Below /sys, for programs. */
  path: string;
  modalias: string;
  /** Class of PCI, 24 bits; null on other buses. */
  pciClass: number | null;
  /** 16 bits each; null on buses without such numbers. */
  vendor: number | null;
  product: number | null;
  driver: string | null;
  /** Module of that driver, or modules of this image that would drive it. */
  modules: readonly string[];
  /** Firmware files that its modules may ask for and that the image does not have. */
  missingFirmware: readonly string[];
}

/** What the kernel knows about a disk. Reading the temperature may send a command to the disk (Documentation/hwmon/drivetemp.rst). */
export interface DiskHealth {
  path: string;
  /** "live" of NVMe (nvme/host/sysfs.c), "running" or "offline" of SCSI (scsi/scsi_sysfs.c); null if the kernel reports none. */
  state: string | null;
  /** Failed commands since the start (SCSI, ioerr_cnt); null where the kernel does not count. */
  errors: number | null;
  /** The temperature from the disk's own sensor, in degrees Celsius (hwmon, temp1_input). */
  celsius: number | null;
  firmware: string | null;
}

/** A disk that the installed system finds at every start. */
export const isOwn = ({ notHardware, bootMedium }: Disk): boolean => notHardware === undefined && !bootMedium;

/** Base classes of PCI ("PCI Code and ID Assignment Specification", 1.1), with their common names. */
const pciClasses: Readonly<Record<number, string>> = {
  0x01: 'storage',
  0x02: 'network',
  0x03: 'display',
  0x04: 'multimedia',
  0x05: 'memory',
  0x06: 'bridge',
  0x07: 'communication',
  0x08: 'system',
  0x09: 'input',
  0x0b: 'processor',
  0x0c: 'serial bus',
  0x0d: 'wireless',
  0x10: 'encryption',
  0x11: 'signal processing',
  0x12: 'accelerator',
};

export function className({ pciClass, bus }: Device): string {
  return pciClass === null ? bus : (pciClasses[pciClass >> 16] ?? 'unknown');
}

/** "8086:10d3", as lspci(8) and lsusb(8) write it; null without numbers. */
export function ids({ vendor, product }: Device): string | null {
  return vendor === null || product === null ? null : `${hex(vendor)}:${hex(product)}`;
}

export const hex = (value: number, digits = 4): string => value.toString(16).padStart(digits, '0');

/**
 * Devices without a driver that need one. Bridges between buses, the chipset's own parts and memory work without a driver, and a
 * display shows the console through the firmware's framebuffer.
 */
export function withoutDriver(devices: readonly Device[]): Device[] {
  const needsNone = new Set([0x03, 0x05, 0x06, 0x08, 0x0b, 0x11]);
  return devices.filter(
    ({ driver, pciClass }) => driver === null && pciClass !== null && !needsNone.has(pciClass >> 16),
  );
}
