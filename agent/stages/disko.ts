import { basename, join } from 'node:path';
import { DabeiError, Refusals } from '../errors.ts';
import type { Disk } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { baseEnvironment } from '../host/exec.ts';
import { describeDisk } from '../plan/disks/describe-disk.ts';
import { layoutFile, parseLayout, scriptLink, type Layout } from '../plan/disko/layout.ts';
import { compareMounts, mountsBelow } from '../plan/disko/mounts.ts';
import { scriptFaults } from '../plan/disko/faults.ts';
import { nameFaults } from '../plan/disko/others.ts';
import { diskFaults, keptFaults, missingPrograms, programsNeededBy } from '../plan/disko/script.ts';
import { targetRoot } from '../plan/target.ts';

/** What a disko script says before it runs, and what it did. Changes nothing. */

/** image/rootfs/root/usr/lib/dabei/absent: its links stand for programs that are not there. */
const absent = '/usr/lib/dabei/absent';

/**
 * The last check before the script runs.
 * @param disks all of the machine
 * @param keyFiles paths of disks.keyFiles
 * @throws Refusals of DISKO_DISKS, DISKO_KEY and DISKO_PROGRAM
 */
export function checkScript(
  doors: Doors,
  members: readonly Disk[],
  disks: readonly Disk[],
  keyFiles: readonly string[],
): void {
  const text = doors.files.readText(scriptLink);
  if (text === null)
    throw new DabeiError('INTERNAL', {
      doing: 'reading the disko script',
      problem: `there is no ${scriptLink}`,
    });
  const { devices, kept = [] } = readLayout(doors);
  const missing = missingPrograms(programsNeededBy(text).filter(name => !hasProgram(doors, name)));
  const faults = [
    ...scriptFaults(text, { members, disks, keyFiles, isFile: path => doors.files.realPath(path) !== null }),
    ...(devices === undefined ? [] : diskFaults(devices, members, disks)),
    ...keptFaults(kept),
    ...nameFaults(text, members, disks, name => claimants(doors, name)),
  ];
  const each = new Map(faults.map(fault => [fault.message, fault]));
  const all = [...each.values(), ...(missing === null ? [] : [missing])];
  if (all.length > 0) throw new Refusals(all);
}

/**
 * All devices that claim a link, of which udev lets it lead to one: a directory for each link, in it a name for each device, such as
 * b254:1 (udev-node.c, stack_directory_update).
 */
function claimants({ files }: Doors, link: string): string[] {
  const encoded = link.slice('/dev/'.length).replaceAll('\\', '\\x5c').replaceAll('/', '\\x2f');
  const claims = files
    .list(`/run/udev/links/${encoded}`)
    .map(id => files.realPath(`/sys/dev/block/${id.replace(/^b/, '')}`));
  const now = files.realPath(link);
  return [
    ...(now === null ? [] : [now]),
    ...claims.filter(path => path !== null).map(path => `/dev/${basename(path)}`),
  ];
}

function hasProgram({ files }: Doors, name: string): boolean {
  return baseEnvironment['PATH']!.split(':').some(directory => {
    const path = files.realPath(join(directory, name));
    return path !== null && path !== absent;
  });
}

function readLayout({ files }: Doors): Layout {
  return parseLayout(files.readText(layoutFile) ?? '');
}

/**
 * After the script, and before anything is written to the target.
 * @param present all disks, as they are now
 * @throws Refusals of DISKO_DISKS for what lies on another disk and for disks that nothing was done to; of DISKO_MOUNTS
 */
export function checkLayout(doors: Doors, members: readonly Disk[], present: readonly Disk[]): void {
  const { files } = doors;
  const isMember = (disk: Disk) => members.some(({ path }) => path === disk.path);
  const refuse = (problem: string) =>
    new DabeiError('DISKO_DISKS', {
      doing: 'looking at what the disko script did',
      problem,
      remedy: 'correct disko.devices, or disks.devices; then set disks.wipe to true, and run: dabei install',
    });
  const others = present.filter(disk => !isMember(disk));
  const pooled = others.filter(({ contents }) => contents.some(({ deviceType }) => deviceType === 'zpool'));
  // A volume lies on the disks of its pool. Where no pool of other disks is imported, these are the chosen ones.
  const isOfMembers = ({ path }: Disk) => isVolume(path) && pooled.length === 0;
  const inUse = others.filter(
    disk => !isOfMembers(disk) && disk.contents.some(({ mountPoints }) => mountPoints.some(isOfTarget)),
  );
  const untouched = present.filter(disk => isMember(disk) && disk.contents.length === 0);
  const faults = [
    ...inUse.map(disk =>
      refuse(`a disk that is not in disks.devices is mounted below ${targetRoot}: ${describeDisk(disk)}`),
    ),
    ...pooled.map(disk =>
      refuse(`a pool is imported from a disk that is not in disks.devices: ${describeDisk(disk)}`),
    ),
    ...untouched.map(disk => refuse(`disks.devices names a disk that is still empty: ${describeDisk(disk)}`)),
  ];
  if (faults.length > 0) throw new Refusals(faults);
  const mounts = mountsBelow(files.readText('/proc/self/mountinfo') ?? '');
  compareMounts(readLayout(doors).fileSystems, mounts, {
    resolve: files.realPath,
    beside: path => btrfsDevices(doors).find(devices => devices.includes(path)) ?? [],
  });
}

/** Of each btrfs that the kernel has mounted, its devices (fs/btrfs/sysfs.c: a link for each, with the name of the block device). */
function btrfsDevices({ files }: Doors): string[][] {
  const directory = '/sys/fs/btrfs';
  return files
    .list(directory)
    .map(fsid => files.list(`${directory}/${fsid}/devices`).map(name => `/dev/${name.replaceAll('!', '/')}`));
}

/** Whether a disk is a volume of a pool (OpenZFS, module/os/linux/zfs/zvol_os.c, ZVOL_DEV_NAME). */
function isVolume(path: string): boolean {
  return /^\/dev\/zd\d+$/.test(path);
}

function isOfTarget(mountPoint: string): boolean {
  return mountPoint === targetRoot || mountPoint.startsWith(`${targetRoot}/`);
}
