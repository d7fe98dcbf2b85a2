import type { DiskSelector } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk, NotHardware } from '../../facts.ts';
import { describeDisk, uniqueSelector } from './describe-disk.ts';
import { formatBytes } from '../../format.ts';
import { chooseWay, sameIdentity, waysTo } from './identity.ts';
import { holdsMedium, mediumOn } from './medium.ts';

/** Refusals of selectors that match no disk, or several. They list the disks present, and propose unambiguous selectors. */

/** What a selector was compared with. */
export interface Choices {
  doing: string;
  selector: DiskSelector;
  /** Disks of the machine itself. */
  disks: readonly Disk[];
  /** Block devices that are not hardware of this machine: see `Disk.notHardware`. */
  others: readonly Disk[];
}

/**
 * @param isCandidate whether dabei could install to a disk
 * @param minimum least size of a member, in bytes
 * @returns DISK_NOT_FOUND
 */
export function notFound(
  { doing, selector, disks, others }: Choices,
  isCandidate: (disk: Disk) => boolean,
  minimum: number,
): DabeiError {
  const path = typeof selector === 'string' ? selector : '';
  const holders = disks.filter(disk =>
    disk.contents.some(content => content.device === path && content.device !== disk.path),
  );
  const wanted =
    selector === 'only'
      ? `no disk is writable, non-removable, not the boot medium, and at least ${formatBytes(minimum)} large`
      : holders.length > 0
        ? liesOn(path, holders)
        : `no disk matches ${JSON.stringify(selector)}`;
  const examples = holders.length > 0 ? holders : disks.filter(isCandidate).slice(0, 1);
  const medium = disks.find(disk => holdsMedium(disk) && !disk.readOnly && disk.sizeBytes >= minimum);
  const remedy =
    disks.length === 0
      ? "attach a disk, or check whether the kernel has the controller's driver: dmesg, lspci"
      : examples.length === 0
        ? medium === undefined
          ? 'attach a larger disk, or name another one'
          : `to install over ${mediumOn(medium)}, set it to ${uniqueSelector(medium, disks)}`
        : examples.map(disk => `to use ${disk.path}, set it to ${uniqueSelector(disk, disks)}`).join('; or ');
  return new DabeiError('DISK_NOT_FOUND', {
    doing,
    problem: `${wanted}; ${whatIsThere(disks, others)}`,
    remedy,
  });
}

/**
 * @param selector path of a partition, an array, a volume, or a map of dm-multipath
 * @param holders the disks that the device lies on
 */
function liesOn(selector: string, holders: readonly Disk[]): string {
  const paths = holders.map(({ path }) => path).join(' and ');
  const isMap = holders.some(({ contents }) =>
    contents.some(({ device, deviceType }) => device === selector && deviceType === 'mpath'),
  );
  return isMap
    ? `${selector} maps ${paths}, which are ${holders.length} paths to one disk (multipath); the new system does not support such maps`
    : `${selector} is on ${paths}; a whole disk is needed`;
}

/**
 * @param matching the disks that the selector matches, at least two
 * @returns DISK_AMBIGUOUS; if all of them are paths to one disk (multipath), it says so
 */
export function ambiguous(
  { doing, selector, disks, others }: Choices,
  matching: readonly Disk[],
): DabeiError {
  const ways = waysTo(matching[0]!, matching);
  if (ways.length === matching.length) {
    return new DabeiError('DISK_AMBIGUOUS', {
      doing,
      problem: `${JSON.stringify(selector)} matches ${matching.length}: ${sameIdentity(ways)}`,
      remedy: `set it to ${chooseWay(ways)}: each names the whole disk; the installed system uses one path`,
    });
  }
  const choices = matching.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`);
  return new DabeiError('DISK_AMBIGUOUS', {
    doing,
    problem: `${matching.length} disks match ${JSON.stringify(selector)}, and it has to match exactly one; ${whatIsThere(disks, others)}`,
    remedy: `set it to ${choices.join(', or ')}`,
  });
}

/**
 * @param matching disks, each of which may originally have had the id that the selector names (cleared-ids.ts)
 * @returns DISK_AMBIGUOUS
 */
export function clearedIdRefusal({ doing, selector, disks }: Choices, matching: readonly Disk[]): DabeiError {
  const choices = matching.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`);
  return new DabeiError('DISK_AMBIGUOUS', {
    doing,
    problem:
      `${JSON.stringify(selector)} may mean ${matching.map(({ path }) => path).join(' and ')}: only one of them has an id that ` +
      'its maker gave; the kernel removes an id that another disk already has, and which disk it detects first can change',
    remedy: `set it to ${choices.join(', or ')}`,
  });
}

const instead: Readonly<Record<NotHardware['kind'], string>> = {
  software:
    'name a disk of the machine itself; to fill this one, give it to a virtual machine as its disk, and install there',
  network:
    'name a disk of the machine itself: neither this image nor the system that it installs connects to storage by network',
  memory: 'name another disk',
};

/**
 * @param disk the selector names it, and it is not hardware of this machine
 * @returns DISK_NOT_HARDWARE
 */
export function notHardwareRefusal({ doing, disks, others }: Choices, disk: Disk): DabeiError {
  const { because, kind } = disk.notHardware!;
  return new DabeiError('DISK_NOT_HARDWARE', {
    doing,
    problem: `${disk.path} is not a disk of this machine: ${because}; ${whatIsThere(disks, others)}`,
    remedy: instead[kind],
  });
}

function whatIsThere(disks: readonly Disk[], others: readonly Disk[]): string {
  const shown = others.slice(0, 5).map(({ path, notHardware }) => `${path} (${notHardware!.kind})`);
  const more = others.length > shown.length ? [`${others.length - shown.length} more`] : [];
  const besides = others.length === 0 ? '' : `not hardware: ${[...shown, ...more].join(', ')}`;
  if (disks.length === 0) return ['the machine has no disk', besides].filter(Boolean).join('; ');
  const list = disks.map(disk => `  ${describeDisk(disk)}`);
  return ['there are:', ...list, ...(besides === '' ? [] : [`  ${besides}`])].join('\n');
}
