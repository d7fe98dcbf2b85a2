import type { NotHardware } from '../../facts.ts';
import type { BusDevice } from '../preflight/modalias.ts';

/** Whether a disk is hardware of this machine: what sysfs shows of the way to it decides, and not its name. */

/** How a disk is attached, as sysfs tells it. */
export interface Attachment {
  /** Of the block device: "/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda"; null where sysfs does not know it. */
  path: string | null;
  /** Of its NVMe controllers: pcie, tcp, rdma, fc, loop. Several may lead to one namespace. */
  transports: readonly string[];
  /** From the disk to its bus. */
  devices: readonly BusDevice[];
}

/** What lsblk(8) calls the transport of SCSI disks that lie somewhere else (misc-utils/lsblk.c, get_transport). */
const networks = new Set(['iscsi', 'fcoe']);

/**
 * A device of a bus that firmware or a hypervisor enumerates. A SCSI device says nothing of that: its host may be a program
 * (scsi_debug, tcm_loop) or a connection (iscsi_tcp), neither of which has anything above it.
 */
export function isOfBus({ modalias, driver }: BusDevice): boolean {
  return driver !== null && !modalias.startsWith('scsi:');
}

/**
 * @param transport lsblk's TRAN
 * @returns null for hardware, else why it is none: an installed system would not find it, or not start from it
 */
export function notHardware(
  { path, transports, devices }: Attachment,
  transport: string | null,
): NotHardware | null {
  // Volumes of pools (zd), nbd, drbd, bcache, ublk, AoE, null_blk: nothing is their parent (driver core, device_add).
  if (path === null || path.startsWith('/sys/devices/virtual/block/'))
    return { kind: 'software', because: 'it is made by software: sysfs shows no device behind it' };
  if (networks.has(transport ?? ''))
    return { kind: 'network', because: `it is reached over a network (${transport})` };
  if (transports.length > 0 && transports.every(name => name === 'loop'))
    return { kind: 'software', because: 'it is made by software (NVMe target of this machine)' };
  // One way by PCIe is enough: the others are more of the same.
  if (transports.length > 0 && !transports.includes('pcie'))
    return { kind: 'network', because: `it is reached over a network (NVMe over ${transports.join(', ')})` };
  // Persistent memory, or a part of RAM that memmap= makes look like it (drivers/nvdimm).
  if (devices.some(({ modalias }) => modalias.startsWith('nd:')))
    return { kind: 'memory', because: 'it is memory (NVDIMM), which no firmware can boot from' };
  if (!devices.some(isOfBus))
    return { kind: 'software', because: 'sysfs shows no bus of this machine on the way to it' };
  return null;
}
