import type { NotHardware } from '../../facts.ts';
import type { BusDevice } from '../preflight/modalias.ts';

/** Decides whether a disk is hardware of this machine: by the devices that sysfs shows between it and its bus, not by its name. */

/** How a disk is attached, according to sysfs. */
export interface Attachment {
  /** Path of the block device: "/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda"; null if sysfs does not have it. */
  path: string | null;
  /** Transports of its NVMe controllers: pcie, tcp, rdma, fc, loop. Several controllers may lead to one namespace. */
  transports: readonly string[];
  /** The devices from the disk to its bus. */
  devices: readonly BusDevice[];
}

/** The names that lsblk(8) gives to the transport of SCSI disks on a network (util-linux misc-utils/lsblk.c, get_transport). */
const networks = new Set(['iscsi', 'fcoe']);

/**
 * Whether it is a device of a bus that firmware or a hypervisor enumerates. A SCSI device proves nothing: its host may be
 * software (scsi_debug, tcm_loop) or a connection (iscsi_tcp), and neither has a parent device on such a bus.
 */
export function isOfBus({ modalias, driver }: BusDevice): boolean {
  return driver !== null && !modalias.startsWith('scsi:');
}

/**
 * @param transport column TRAN of lsblk
 * @returns null for hardware; otherwise why an installed system would not find the disk or could not start from it
 */
export function notHardware(
  { path, transports, devices }: Attachment,
  transport: string | null,
): NotHardware | null {
  // ZFS volumes (zd), nbd, drbd, bcache, ublk, AoE and null_blk have no parent device, so the driver core puts them below
  // /sys/devices/virtual (drivers/base/core.c, device_add).
  if (path === null || path.startsWith('/sys/devices/virtual/block/'))
    return { kind: 'software', because: 'it is made by software: sysfs shows no device behind it' };
  if (networks.has(transport ?? ''))
    return { kind: 'network', because: `it is reached over a network (${transport})` };
  if (transports.length > 0 && transports.every(name => name === 'loop'))
    return { kind: 'software', because: 'it is made by software (NVMe target of this machine)' };
  // One path by PCIe is enough, because the other controllers lead to the same namespace.
  if (transports.length > 0 && !transports.includes('pcie'))
    return { kind: 'network', because: `it is reached over a network (NVMe over ${transports.join(', ')})` };
  // Persistent memory, or a part of RAM that the kernel parameter memmap= declares to be persistent (drivers/nvdimm).
  if (devices.some(({ modalias }) => modalias.startsWith('nd:')))
    return { kind: 'memory', because: 'it is memory (NVDIMM), which no firmware can boot from' };
  if (!devices.some(isOfBus))
    return { kind: 'software', because: 'sysfs shows no bus of this machine on the way to it' };
  return null;
}
