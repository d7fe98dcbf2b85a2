import type { DiskSelector } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { uniqueSelector } from './describe-disk.ts';

/**
 * Some makers of NVMe disks gave one EUI or UUID to all of them. The kernel then takes the id away from whichever disk it
 * finds second, and only its log says so: /dev/disk/by-id/nvme-eui.… leads to the disk that was found first, which may be
 * another one at the next start (drivers/nvme/host/core.c, nvme_init_ns_head). What remains to be seen is a disk of the same
 * model that has no such id.
 */

/** The id that the maker gave, as sysfs writes it; without any, the kernel makes "nvme.VENDOR-SERIAL-MODEL-NAMESPACE". */
const given = /^(eui|uuid)\./;

/** Whether a selector means a disk by that id, and by nothing else that is the disk's own. */
export function meansGivenId(selector: DiskSelector): boolean {
  if (typeof selector === 'string') return /\/nvme-(eui|uuid)\./.test(selector);
  return (
    selector.wwn !== undefined && given.test(selector.wwn.toLowerCase()) && selector.serial === undefined
  );
}

/** Other disks that may have the same id: of the same model, without an id. */
export function hiddenTwins(disk: Disk, disks: readonly Disk[]): Disk[] {
  if (disk.transport !== 'nvme' || disk.model === null || !given.test(disk.wwn ?? '')) return [];
  return disks.filter(
    other =>
      other !== disk &&
      other.transport === 'nvme' &&
      other.model === disk.model &&
      !given.test(other.wwn ?? ''),
  );
}

export function clearedIdRefusal(
  doing: string,
  selector: DiskSelector,
  matching: readonly Disk[],
  disks: readonly Disk[],
): DabeiError {
  const paths = matching.map(({ path }) => path).join(' and ');
  const choices = matching.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`);
  return new DabeiError('DISK_AMBIGUOUS', {
    doing,
    problem:
      `${JSON.stringify(selector)} may mean ${paths}: they are of the same model, and only the first has an id; the kernel ` +
      'removes an id that another disk already has, and which disk it detects first can change',
    remedy: `set it to ${choices.join(', or ')}`,
  });
}
