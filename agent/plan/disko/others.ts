import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { describeDisk } from '../disks/describe-disk.ts';
import { isSameDisk } from '../disks/identity.ts';
import type { Step } from '../step.ts';
import { lvmDirectory } from './layout.ts';
import { withoutComments } from './script.ts';

/** The disks that the disko script is not to use. Pure. */

/**
 * INVARIANT: all other disks are read-only, for programs, mounts and pools, before the script starts, and stay so until the machine
 * restarts (BLKROSET; for partitions, too, by bdev_read_only of the kernel's include/linux/blkdev.h). So is what lies on them:
 * device mapper and md, once they have a disk open, write to it all the same (block/blk-core.c, bio_check_ro).
 */
export function protectOthers(others: readonly Disk[], members: readonly Disk[]): Step[] {
  const volumes = volumesOn(others, members);
  return [
    ...volumes.map((device): Step => ({
      kind: 'run',
      doing: `protecting ${device}, which lies on another disk`,
      argv: ['blockdev', '--setro', device],
      timeoutSeconds: 60,
    })),
    ...others.map((disk): Step => ({
      kind: 'run',
      doing: `protecting ${describeDisk(disk)}`,
      argv: ['blockdev', '--setro', disk.path],
      timeoutSeconds: 60,
      // A volume of a pool that was exported above is gone.
      ...(disk.notHardware === undefined ? {} : { optional: true }),
    })),
    {
      kind: 'write',
      doing: 'hiding all other disks from LVM',
      path: `${lvmDirectory}/lvm.conf`,
      mode: 0o644,
      content: lvmConfiguration(others, volumes),
    },
  ];
}

/**
 * Opened LUKS containers, logical volumes and arrays on other disks, which a person may have opened to save what is on them. Those
 * that lie on a chosen disk, too, are stopped before the script runs.
 */
function volumesOn(others: readonly Disk[], members: readonly Disk[]): string[] {
  const stopped = new Set(members.flatMap(({ contents }) => contents.map(({ device }) => device)));
  const devices = others
    .flatMap(({ contents }) => contents)
    .filter(({ deviceType }) => !['disk', 'part', 'zpool'].includes(deviceType))
    .map(({ device }) => device);
  return [...new Set(devices)].filter(device => !stopped.has(device));
}

/**
 * lvm.conf(5), devices/global_filter: a device whose names match reject patterns alone does not exist for LVM. Its programs activate
 * every volume group that they see.
 */
export function lvmConfiguration(others: readonly Disk[], volumes: readonly string[] = []): string {
  const patterns = [
    ...others.map(({ path }) => `${path}${/\d$/.test(path) ? '(p[0-9]+)?' : '[0-9]*'}`),
    ...volumes.map(device => device.replace(/[.+]/g, '[$&]')),
  ].map(pattern => `"r|^${pattern}$|"`);
  const filter = patterns.length === 0 ? '' : `  global_filter = [ ${patterns.join(', ')} ]\n`;
  return `devices {\n  use_devicesfile = 0\n${filter}}\n`;
}

/** Links that depend on what a disk holds: two disks with a copy of the same table have the same ones. */
const contentName = /\/dev\/disk\/by-(?:partlabel|label|uuid|partuuid)\/[\w#+.:=@\\-]+/g;

/** Names in a script that lead to the content of a disk, each once. disko names every partition that it makes by its label. */
export function contentNamesIn(text: string): string[] {
  return [...new Set([...withoutComments(text).matchAll(contentName)].map(([name]) => name))];
}

/**
 * A script finds a partition, pool, container or array that is already there by its name, and takes it for its own (disko makes only
 * what does not exist). On another disk it would fail half way, or mount somebody else's data.
 * @param text of the script
 * @param claims devices that have each of the `contentNamesIn` the text, whichever the link leads to now
 * @returns DISKO_DISKS for each name that the script has, and something on another disk, too
 */
export function nameFaults(
  text: string,
  members: readonly Disk[],
  disks: readonly Disk[],
  claims: (name: string) => readonly string[],
): DabeiError[] {
  // Another path of multipath leads to a chosen disk.
  const others = disks.filter(disk =>
    members.every(member => member.path !== disk.path && !isSameDisk(member, disk)),
  );
  const refuse = (name: string, disk: Disk) =>
    new DabeiError('DISKO_DISKS', {
      doing: 'comparing names of the disko script with those on other disks',
      problem: `the layout uses the name ${JSON.stringify(name)}, which also is on a disk that is not in disks.devices: ${describeDisk(disk)}`,
      remedy:
        'detach that disk, or give it another name; or stop what uses it (zpool export, cryptsetup close, mdadm --stop); or name the disk in disks.devices if it may be erased',
    });
  const words = new Set(withoutComments(text).split(/[\s;|&()`'"<>{}$=/]+/));
  const stopped = new Set(members.flatMap(({ contents }) => contents.map(({ device }) => device)));
  const active = others.flatMap(disk =>
    disk.contents
      .filter(({ deviceType, device }) => !['disk', 'part'].includes(deviceType) && !stopped.has(device))
      .map(({ device }) => ({ name: device.replace(/^\/dev\/(mapper\/)?/, ''), disk }))
      .filter(({ name }) => words.has(name)),
  );
  const claimed = contentNamesIn(text).flatMap(name =>
    others
      .filter(({ path, contents }) =>
        claims(name).some(device => device === path || contents.some(content => content.device === device)),
      )
      .map(disk => ({ name, disk })),
  );
  return [...active, ...claimed].map(({ name, disk }) => refuse(name, disk));
}
