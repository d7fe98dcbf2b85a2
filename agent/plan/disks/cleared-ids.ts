import type { DiskSelector } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';

/**
 * Some vendors gave the same EUI or UUID to all their NVMe disks, and vendors that buy the same controller share one. The kernel
 * then removes the id from the disk that it detects second, and reports that only in its log: /dev/disk/by-id/nvme-eui.ID leads
 * to the disk that it detected first, which may be another one at the next start (drivers/nvme/host/core.c, nvme_init_ns_head).
 * All that dabei can see of this is an NVMe disk without such an id, and it cannot find out whether the disk ever had one. While
 * such a disk is present, dabei refuses a selector that could match it as soon as its id is left out.
 */

/** The vendor's id in the format of sysfs; if it is missing, the kernel makes "nvme.VENDOR-SERIAL-MODEL-NAMESPACE" instead. */
const given = /^(eui|uuid)\./;

/** @returns the selector without such an id, which may be {}; null if the selector has none */
export function withoutGivenId(selector: DiskSelector): Exclude<DiskSelector, string> | null {
  if (typeof selector === 'string') return /\/nvme-(eui|uuid)\./.test(selector) ? {} : null;
  const { wwn, ...rest } = selector;
  return given.test(wwn?.trim().toLowerCase() ?? '') ? rest : null;
}

/** Finds the disks that may have the same id: all NVMe disks without an id, of any model. */
export function hiddenTwins(disk: Disk, disks: readonly Disk[]): Disk[] {
  if (disk.transport !== 'nvme' || !given.test(disk.wwn ?? '')) return [];
  return disks.filter(other => other !== disk && other.transport === 'nvme' && !given.test(other.wwn ?? ''));
}
