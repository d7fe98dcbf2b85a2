import { layoutTable } from './layouts.ts';
import type { DiskSelector, DisksConfig, PoolLayout } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { hiddenTwins, withoutGivenId } from './cleared-ids.ts';
import { describeContents, describeDisk, stablePath, uniqueSelector } from './describe-disk.ts';
import { formatBytes } from '../../format.ts';
import { isSameDisk, multipathMembers, waysTo } from './identity.ts';
import { holdsMedium, holdsOnlyMedium, mediumOn } from './medium.ts';
import { ambiguous, clearedIdRefusal, notFound, notHardwareRefusal, type Choices } from './no-match.ts';
import { minimumDiskBytes } from './partitions.ts';

/** Chooses the disks that the selectors match. dabei never guesses a disk, and reports all refusals at once. */

export interface Selection {
  /** In the order of the selectors; complete only if there are no refusals. */
  members: Disk[];
  /** Sentences without a full stop about what does not prevent the installation. */
  warnings: string[];
  refusals: DabeiError[];
}

/**
 * Chooses the disks that the configuration names.
 * @param all every disk that the kernel lists; only hardware is ever chosen
 * @param own paths of disks that hold nothing but an unfinished installation, and so no data of anybody (install-state.ts)
 * @returns refusals with DISK_NOT_FOUND, DISK_NOT_HARDWARE, DISK_AMBIGUOUS, DISK_MEMBERS, DISK_BOOT_MEDIUM, DISK_READ_ONLY,
 *   DISK_TOO_SMALL, DISK_FOREIGN_DATA, POOL_NAME_TAKEN; every one that applies, not only the first
 */
export function selectDisks(
  config: DisksConfig,
  all: readonly Disk[],
  own: ReadonlySet<string> = new Set(),
): Selection {
  const refusals: DabeiError[] = [];
  const members: Disk[] = [];
  const named = new Set<Disk>();
  const disks = all.filter(({ notHardware }) => notHardware === undefined);
  const others = all.filter(({ notHardware }) => notHardware !== undefined);
  const minimum = minimumDiskBytes(config);

  const counts = membersRefusal(config);
  if (counts) refusals.push(counts);

  config.devices.forEach((selector, index) => {
    const doing = `choosing a disk for disks.devices[${index}]`;
    const choices: Choices = { doing, selector, disks, others };
    const matching = disks.filter(disk => matches(selector, disk, minimum));
    const rest = withoutGivenId(selector);
    const twins =
      rest === null
        ? []
        : matching.flatMap(disk => hiddenTwins(disk, disks)).filter(disk => hasProperties(rest, disk));
    for (const disk of [...matching, ...twins]) named.add(disk);
    const [disk] = matching;
    if (disk === undefined) {
      const other = others.find(disk => isNamed(selector) && matches(selector, disk, minimum));
      refusals.push(
        other === undefined
          ? notFound(choices, disk => isCandidate(disk, minimum), minimum)
          : notHardwareRefusal(choices, other),
      );
    } else if (twins.length > 0) {
      refusals.push(clearedIdRefusal(choices, [...new Set([...matching, ...twins])]));
    } else if (matching.length > 1) {
      refusals.push(ambiguous(choices, matching));
    } else if (members.includes(disk)) {
      refusals.push(
        new DabeiError('DISK_AMBIGUOUS', {
          doing,
          problem: `${JSON.stringify(selector)} is ${disk.path}, already matched by an earlier selector`,
          remedy: otherDisks(disks, members) ?? 'name each disk once',
        }),
      );
    } else {
      members.push(disk);
      if (holdsMedium(disk) && !isCertain(selector, disk)) refusals.push(mediumRefusal(doing, disk, disks));
      const holdsNothing = own.has(disk.path) || holdsOnlyMedium(disk);
      refusals.push(...unfit(config, disk, disks, minimum, holdsNothing));
    }
  });
  refusals.push(...multipathMembers(members), ...twinPools(config, [...named], disks));
  return { members, warnings: warningsAbout(config, members, disks), refusals };
}

function membersRefusal(config: DisksConfig): DabeiError | null {
  // How many disks it takes is the flake's.
  if (config.layout === 'disko') return null;
  const { min, max } = layoutTable[config.layout];
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

function layoutsFor(count: number): PoolLayout[] {
  return (Object.keys(layoutTable) as PoolLayout[]).filter(
    layout => count >= layoutTable[layout].min && count <= layoutTable[layout].max,
  );
}

function matches(selector: DiskSelector, disk: Disk, minimum: number): boolean {
  if (selector === 'only') return isCandidate(disk, minimum) && !isPortable(disk);
  if (typeof selector === 'string') return disk.path === selector || disk.aliases.includes(selector);
  return !((isPortable(disk) || holdsMedium(disk)) && !isNamed(selector)) && hasProperties(selector, disk);
}

function hasProperties(selector: Exclude<DiskSelector, string>, disk: Disk): boolean {
  return (
    same(selector.serial, disk.serial) &&
    same(selector.wwn?.toLowerCase(), disk.wwn?.toLowerCase()) &&
    same(selector.model, disk.model) &&
    same(selector.transport?.toLowerCase(), disk.transport?.toLowerCase()) &&
    disk.sizeBytes >= (selector.size?.min ?? 0) &&
    disk.sizeBytes <= (selector.size?.max ?? Infinity)
  );
}

/** Whether the selector names a path or a property of the disk other than its size. */
function isNamed(selector: DiskSelector): boolean {
  if (typeof selector === 'string') return selector !== 'only';
  const { size: _size, ...others } = selector;
  return Object.values(others).some(value => value !== undefined);
}

/**
 * Whether the selector names this very disk: by its serial number, its world wide name or a link of udev. A kernel name may belong to
 * another disk at the next start; it counts only if the disk has no stable name.
 */
function isCertain(selector: DiskSelector, disk: Disk): boolean {
  if (typeof selector !== 'string') return selector.serial !== undefined || selector.wwn !== undefined;
  return selector !== disk.path || stablePath(disk) === disk.path;
}

function isCandidate(disk: Disk, minimum: number): boolean {
  return !disk.readOnly && !disk.bootMedium && !holdsMedium(disk) && disk.sizeBytes >= minimum;
}

/**
 * Whether the disk may be a USB stick. This system may have been started from the stick: it runs from RAM, and cannot find out.
 * dabei chooses such a disk only if the selector names its path or a property of it, never for "only" or by its size.
 */
function isPortable(disk: Disk): boolean {
  return disk.removable || disk.transport === 'usb';
}

/** White space at the ends does not count, because lsblk and people pad the values differently. */
function same(wanted: string | undefined, actual: string | null | undefined): boolean {
  return wanted === undefined || wanted.trim() === actual?.trim();
}

function otherDisks(disks: readonly Disk[], members: readonly Disk[]): string | null {
  const free = disks.filter(
    disk => !members.includes(disk) && !disk.readOnly && !disk.bootMedium && !holdsMedium(disk),
  );
  if (free.length === 0) return null;
  return `not named yet: ${free.map(disk => `${uniqueSelector(disk, disks)} for ${disk.path}`).join(', ')}`;
}

/** @returns DISK_BOOT_MEDIUM for a disk with nix-dabei.img or nix-dabei.iso that a selector matches, but does not name */
function mediumRefusal(doing: string, disk: Disk, disks: readonly Disk[]): DabeiError {
  return new DabeiError('DISK_BOOT_MEDIUM', {
    doing,
    problem: `this system may have been started from it, and the selector could match another disk: ${describeDisk(disk)}`,
    remedy: `to install over ${mediumOn(disk)}, set it to ${uniqueSelector(disk, disks)}`,
  });
}

/**
 * @param holdsNothing what is on the disk belongs to nobody
 * @returns every reason for which this disk cannot be used
 */
function unfit(
  config: DisksConfig,
  disk: Disk,
  disks: readonly Disk[],
  minimum: number,
  holdsNothing: boolean,
): DabeiError[] {
  const refusals: DabeiError[] = [];
  const refuse = (code: DabeiError['code'], problem: string, remedy: string): void => {
    refusals.push(new DabeiError(code, { doing: `taking ${stablePath(disk)}`, problem, remedy }));
  };
  const instead = otherDisks(disks, waysTo(disk, disks));
  // A disk that is in use through another path of multipath is in use.
  const medium = waysTo(disk, disks).find(({ bootMedium }) => bootMedium);
  if (medium !== undefined) {
    refuse(
      'DISK_BOOT_MEDIUM',
      `this system was booted from it, or has mounted it: ${describeDisk(medium)}`,
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
        ? `use a larger disk, or set disks.swap to less than ${formatBytes(config.swap)}`
        : 'use a larger disk',
    );
  }
  if (disk.contents.length > 0 && config.wipe === false && !holdsNothing) {
    refuse(
      'DISK_FOREIGN_DATA',
      `${disk.path} is not empty; what would be lost: ${describeContents(disk)}`,
      'if you no longer need this data, set disks.wipe to true',
    );
  }
  return refusals;
}

/**
 * Refuses a pool name that another disk already has. `zpool import NAME` imports neither of two pools with that name, and the
 * installed system would not find its root.
 * @param named disks that a selector matches, also if it matches several
 */
function twinPools(
  { layout, poolName }: DisksConfig,
  named: readonly Disk[],
  disks: readonly Disk[],
): DabeiError[] {
  // Names of the flake's pools are its own.
  if (layout === 'disko') return [];
  const twins = disks.filter(
    disk =>
      !named.some(member => member === disk || isSameDisk(member, disk)) &&
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
        problem: `a disk outside this installation already has a pool of that name: ${describeDisk(disk)}`,
        remedy: 'set disks.poolName to another name, or detach that disk',
      }),
  );
}

function warningsAbout({ layout }: DisksConfig, members: readonly Disk[], disks: readonly Disk[]): string[] {
  const warnings: string[] = [];
  for (const disk of members) {
    if (stablePath(disk) === disk.path) {
      warnings.push(`${disk.path} has no stable name under /dev/disk: its name may change`);
    }
    if (isPortable(disk)) {
      warnings.push(`${disk.path} is removable`);
    }
    const ways = waysTo(disk, disks).filter(other => !members.includes(other));
    if (ways.length > 0) {
      const paths = ways.map(({ path }) => path).join(' and ');
      warnings.push(`${disk.path} also has the paths ${paths} (multipath); the installed system uses one`);
    }
  }
  const sizes = members.map(disk => disk.sizeBytes);
  if (layout !== 'disko' && new Set(sizes).size > 1) {
    warnings.push(
      `the disks differ in size; of each, only ${formatBytes(Math.min(...sizes))} count for the pool`,
    );
  }
  return warnings;
}
