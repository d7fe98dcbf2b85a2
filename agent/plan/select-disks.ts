import type { DiskSelector, DisksConfig, Layout } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';
import type { Disk } from '../facts.ts';
import { describeContents, describeDisk, formatBytes, stablePath, uniqueSelector } from './describe-disk.ts';
import { twoPathsOfOne } from './disk-faults.ts';
import { minimumDiskBytes } from './partitions.ts';

/** From selectors to disks, or to the reasons why not: nothing is guessed, and everything is said at once. */

export interface Selection {
  /** In the order of the selectors. Complete only without refusals. */
  members: Disk[];
  /** Things that do not hinder, as sentences without a full stop. */
  warnings: string[];
  refusals: DabeiError[];
}

/** How many members a layout takes: ZFS' own minima, except that a mirror of one is a single disk. */
export const layoutMembers: Readonly<Record<Layout, { min: number; max: number }>> = {
  single: { min: 1, max: 1 },
  mirror: { min: 2, max: Infinity },
  raidz1: { min: 3, max: Infinity },
  raidz2: { min: 4, max: Infinity },
  raidz3: { min: 5, max: Infinity },
};

/**
 * The disks that the configuration means.
 * @param disks all disks of the machine
 * @param own paths of disks that hold only what an unfinished installation left: that is nobody's data (journal.ts)
 * @returns refusals with DISK_NOT_FOUND, DISK_AMBIGUOUS, DISK_MEMBERS, DISK_BOOT_MEDIUM, DISK_READ_ONLY, DISK_TOO_SMALL,
 *   DISK_FOREIGN_DATA; all that apply, not the first
 */
export function selectDisks(
  config: DisksConfig,
  disks: readonly Disk[],
  own: ReadonlySet<string> = new Set(),
): Selection {
  const refusals: DabeiError[] = [];
  const members: Disk[] = [];
  const minimum = minimumDiskBytes(config);

  const counts = membersRefusal(config);
  if (counts) refusals.push(counts);

  config.devices.forEach((selector, index) => {
    const doing = `choosing a disk for disks.devices[${index}]`;
    const matching = disks.filter(disk => matches(selector, disk, minimum));
    const [disk] = matching;
    if (disk === undefined) {
      refusals.push(notFound(doing, selector, disks, minimum));
    } else if (matching.length > 1) {
      refusals.push(ambiguous(doing, selector, matching, disks));
    } else if (members.includes(disk)) {
      refusals.push(
        new DabeiError('DISK_AMBIGUOUS', {
          doing,
          problem: `${JSON.stringify(selector)} is ${disk.path}, which an earlier selector means already`,
          remedy: otherDisks(disks, members) ?? 'name each disk once',
        }),
      );
    } else {
      members.push(disk);
      refusals.push(...unfit(config, disk, disks, minimum, own.has(disk.path)));
    }
  });
  refusals.push(...twoPathsOfOne(members), ...twinPools(config, members, disks));
  return { members, warnings: warningsAbout(members), refusals };
}

function membersRefusal(config: DisksConfig): DabeiError | null {
  const { min, max } = layoutMembers[config.layout];
  const count = config.devices.length;
  if (count >= min && count <= max) return null;
  const wanted = max === Infinity ? `at least ${min} disks` : 'exactly 1 disk';
  return new DabeiError('DISK_MEMBERS', {
    doing: `laying out ${config.layout}`,
    problem: `the layout takes ${wanted}, disks.devices names ${count}`,
    remedy:
      count < min
        ? `name ${min - count} more, or set disks.layout to one of: ${layoutsFor(count).join(', ')}`
        : `name one, or set disks.layout to one of: ${layoutsFor(count).join(', ')}`,
  });
}

function layoutsFor(count: number): Layout[] {
  return (Object.keys(layoutMembers) as Layout[]).filter(
    layout => count >= layoutMembers[layout].min && count <= layoutMembers[layout].max,
  );
}

function matches(selector: DiskSelector, disk: Disk, minimum: number): boolean {
  if (selector === 'only') return isCandidate(disk, minimum) && !isPortable(disk);
  if (typeof selector === 'string') return disk.path === selector || disk.aliases.includes(selector);
  const { size: _size, ...others } = selector;
  if (isPortable(disk) && Object.values(others).every(value => value === undefined)) return false;
  return (
    same(selector.serial, disk.serial) &&
    same(selector.wwn?.toLowerCase(), disk.wwn?.toLowerCase()) &&
    same(selector.model, disk.model) &&
    same(selector.transport?.toLowerCase(), disk.transport?.toLowerCase()) &&
    disk.sizeBytes >= (selector.size?.min ?? 0) &&
    disk.sizeBytes <= (selector.size?.max ?? Infinity)
  );
}

function isCandidate(disk: Disk, minimum: number): boolean {
  return !disk.readOnly && !disk.bootMedium && disk.sizeBytes >= minimum;
}

/**
 * A stick, which this system may have been started from: it runs from RAM and does not know. Such a disk is taken only when
 * something that is its own is named, never as what is there.
 */
function isPortable(disk: Disk): boolean {
  return disk.removable || disk.transport === 'usb';
}

/** lsblk and people differ in how they pad: white space at the ends does not count. */
function same(wanted: string | undefined, actual: string | null | undefined): boolean {
  return wanted === undefined || wanted.trim() === actual?.trim();
}

function notFound(
  doing: string,
  selector: DiskSelector,
  disks: readonly Disk[],
  minimum: number,
): DabeiError {
  const partition =
    typeof selector === 'string' &&
    disks.find(disk =>
      disk.contents.some(content => content.device === selector && content.device !== disk.path),
    );
  const wanted =
    selector === 'only'
      ? `no disk is writable, neither removable nor the boot medium, and at least ${formatBytes(minimum)} large`
      : partition
        ? `${selector} lies on ${partition.path}; a whole disk is needed`
        : `no disk matches ${JSON.stringify(selector)}`;
  const example = partition || disks.find(disk => isCandidate(disk, minimum));
  return new DabeiError('DISK_NOT_FOUND', {
    doing,
    problem: `${wanted}; ${whatIsThere(disks)}`,
    remedy: example
      ? `to take ${example.path}, set it to ${uniqueSelector(example, disks)}`
      : disks.length === 0
        ? "attach a disk, or see whether the kernel has the controller's driver: dmesg, lspci"
        : 'attach a larger disk, or name another one',
  });
}

function ambiguous(
  doing: string,
  selector: DiskSelector,
  matching: readonly Disk[],
  disks: readonly Disk[],
): DabeiError {
  const choices = matching.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`);
  return new DabeiError('DISK_AMBIGUOUS', {
    doing,
    problem: `${matching.length} disks match ${JSON.stringify(selector)}, one is wanted; ${whatIsThere(disks)}`,
    remedy: `set it to ${choices.join(', or ')}`,
  });
}

function otherDisks(disks: readonly Disk[], members: readonly Disk[]): string | null {
  const free = disks.filter(disk => !members.includes(disk) && !disk.readOnly && !disk.bootMedium);
  if (free.length === 0) return null;
  return `not named yet: ${free.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`).join(', ')}`;
}

/** Why this disk cannot be taken: everything that speaks against it. */
function unfit(
  config: DisksConfig,
  disk: Disk,
  disks: readonly Disk[],
  minimum: number,
  isOwn: boolean,
): DabeiError[] {
  const refusals: DabeiError[] = [];
  const refuse = (code: DabeiError['code'], problem: string, remedy: string): void => {
    refusals.push(new DabeiError(code, { doing: `taking ${stablePath(disk)}`, problem, remedy }));
  };
  const instead = otherDisks(disks, [disk]);
  if (disk.bootMedium) {
    refuse(
      'DISK_BOOT_MEDIUM',
      `this system was booted from it, or has mounted it: ${describeDisk(disk)}`,
      instead ??
        'boot by network or kexec, so that nothing of the disk is in use; or unmount it, if you mounted it',
    );
  }
  if (disk.readOnly) {
    refuse(
      'DISK_READ_ONLY',
      `it cannot be written to: ${describeDisk(disk)}`,
      instead ?? `lift its write protection (blockdev --setrw ${disk.path}, or a switch on the medium)`,
    );
  }
  if (disk.sizeBytes < minimum) {
    refuse(
      'DISK_TOO_SMALL',
      `it has ${formatBytes(disk.sizeBytes)}, the layout needs ${formatBytes(minimum)}`,
      config.swap !== 'auto' && config.swap > 0
        ? `take a larger disk, or set disks.swap to less than ${formatBytes(config.swap)}`
        : 'take a larger disk',
    );
  }
  if (disk.contents.length > 0 && config.wipe === false && !isOwn) {
    refuse(
      'DISK_FOREIGN_DATA',
      `${disk.path} is not empty; what would be lost: ${describeContents(disk)}`,
      'if none of it is needed any more, set disks.wipe to true',
    );
  }
  return refusals;
}

/** `zpool import NAME` takes none of two pools with that name: the installed system would not find its root. */
function twinPools(
  { poolName }: DisksConfig,
  members: readonly Disk[],
  disks: readonly Disk[],
): DabeiError[] {
  const twins = disks.filter(
    disk =>
      !members.includes(disk) &&
      disk.contents.some(
        ({ signature, deviceType, device, label }) =>
          (signature === 'zfs_member' && label === poolName) ||
          (deviceType === 'zpool' && device === poolName),
      ),
  );
  return twins.map(
    disk =>
      new DabeiError('POOL_NAME_TAKEN', {
        doing: `naming the pool ${poolName}`,
        problem: `there is one of that name on a disk that is not to be installed to: ${describeDisk(disk)}`,
        remedy: 'set disks.poolName to another name, or detach that disk',
      }),
  );
}

function warningsAbout(members: readonly Disk[]): string[] {
  const warnings: string[] = [];
  for (const disk of members) {
    if (stablePath(disk) === disk.path) {
      warnings.push(
        `${disk.path} has no link in /dev/disk by which it could be told from another: its name may change`,
      );
    }
    if (isPortable(disk)) {
      warnings.push(`${disk.path} is removable`);
    }
  }
  const sizes = members.map(disk => disk.sizeBytes);
  if (new Set(sizes).size > 1) {
    warnings.push(
      `the disks differ in size; of each, only ${formatBytes(Math.min(...sizes))} count for the pool`,
    );
  }
  return warnings;
}

function whatIsThere(disks: readonly Disk[]): string {
  if (disks.length === 0) return 'there is no disk at all';
  return `there are:\n${disks.map(disk => `  ${describeDisk(disk)}`).join('\n')}`;
}
