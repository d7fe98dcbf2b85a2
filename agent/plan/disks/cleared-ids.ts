import type { DiskSelector } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';

/**
 * Some makers of NVMe disks gave one EUI or UUID to all of them, and makers who buy the same controller share one. The kernel
 * then takes the id away from whichever disk it finds second, and only its log says so: /dev/disk/by-id/nvme-eui.… leads to
 * the disk that was found first, which may be another one at the next start (drivers/nvme/host/core.c, nvme_init_ns_head).
 * What remains to be seen is an NVMe disk that has no such id. It may never have had one: nobody can tell, so a name that is
 * nothing but such an id is not taken beside it.
 */

/** The id that the maker gave, as sysfs writes it; without any, the kernel makes "nvme.VENDOR-SERIAL-MODEL-NAMESPACE". */
const given = /^(eui|uuid)\./;

/** A selector without the id that it names a disk by: what is left of it; null where it names no such id. */
export function withoutGivenId(selector: DiskSelector): Exclude<DiskSelector, string> | null {
  if (typeof selector === 'string') return /\/nvme-(eui|uuid)\./.test(selector) ? {} : null;
  const { wwn, ...rest } = selector;
  return given.test(wwn?.trim().toLowerCase() ?? '') ? rest : null;
}

/** Other disks that may have the same id: NVMe disks without one, of whatever model. */
export function hiddenTwins(disk: Disk, disks: readonly Disk[]): Disk[] {
  if (disk.transport !== 'nvme' || !given.test(disk.wwn ?? '')) return [];
  return disks.filter(other => other !== disk && other.transport === 'nvme' && !given.test(other.wwn ?? ''));
}
