import type { Disk } from '../../facts.ts';
import { notHardware } from '../../plan/disks/attachment.ts';
import { attachmentOf, driversOf } from './devices.ts';
import type { Doors } from '../doors.ts';
import {
  blindDevices,
  describeDisks,
  isDisk,
  parseLsblk,
  parseWipefs,
  withMountsOf,
  type Signature,
} from './lsblk.ts';
import { readPools } from './pools.ts';

/** Reads the disks and their contents from lsblk(8), wipefs(8), udev's links and sysfs. */

/** Columns of lsblk, with the names of `lsblk --list-columns`. */
const columns =
  'NAME,PATH,MAJ:MIN,TYPE,SIZE,LOG-SEC,PHY-SEC,MODEL,SERIAL,WWN,TRAN,RO,RM,FSTYPE,PTTYPE,LABEL,MOUNTPOINTS,PARTUUID';

/** Exists as long as udevd has an event to handle (systemd, src/udev/udev-manager.c; libudev's udev_queue_get_queue_is_empty looks for it). */
const udevQueue = '/run/udev/queue';

export interface DiskReading {
  /**
   * The running system is the old system: the mounts are those of its process 1, and do not make a disk the boot medium; its udev has
   * handled what there was long ago, unless its queue says otherwise.
   */
  leaving?: boolean;
}

/**
 * Waits for udev, if it is busy, and reads all disks of the machine: those that dabei can install to, and those that it must not touch.
 * @throws DabeiError COMMAND_FAILED, COMMAND_MISSING, COMMAND_TIMEOUT
 */
export async function readDisks(doors: Doors, { leaving = false }: DiskReading = {}): Promise<Disk[]> {
  const { exec, files } = doors;
  // A system that has long been running is seldom busy, and the image's udevadm may not understand its udevd.
  if (!leaving || files.exists(udevQueue)) {
    // Without udevd this command fails, but the kernel's devices are present anyway.
    await exec.attempt({
      doing: 'waiting for udev',
      argv: ['udevadm', 'settle', '--timeout=30'],
      timeoutSeconds: 40,
    });
  }
  const { stdout } = await exec.run({
    doing: 'listing disks',
    argv: ['lsblk', '--json', '--bytes', '--tree', '--output', columns],
    timeoutSeconds: 60,
  });
  const own = parseLsblk(stdout);
  const tree = leaving ? withMountsOf(own, files.readText('/proc/1/mountinfo') ?? '') : own;
  const disks = tree.filter(isDisk);
  const attachments = new Map(disks.map(({ path }) => [path, attachmentOf(doors, path)]));
  const hardware = disks.filter(
    ({ path, tran }) => notHardware(attachments.get(path)!, tran ?? null) === null,
  );
  const signatures = new Map<string, Signature[]>();
  for (const device of blindDevices(hardware)) {
    const { exitCode, stdout } = await exec.attempt({
      doing: `looking for signatures on ${device}`,
      argv: ['wipefs', '--json', '--no-act', device],
      timeoutSeconds: 60,
    });
    // An unreadable device must not count as empty.
    signatures.set(device, exitCode === 0 ? parseWipefs(stdout) : [{ type: 'unreadable', label: null }]);
  }
  return describeDisks(tree, {
    links: readLinks(doors),
    signatures,
    drivers: new Map([...attachments].map(([path, { devices }]) => [path, driversOf(doors, devices)])),
    attachments,
    // The old system's ZFS may not work with the image's zpool(8). lsblk and wipefs still show the disks' contents.
    pools: leaving ? await readPools(doors).catch(() => []) : await readPools(doors),
    leaving,
  });
}

/**
 * Whether several devices claim the link, such as disks behind USB bridges that report the same serial number for all disks: the link
 * leads to the device that udev processed last. udev records each claim in a directory whose name is the link's name without /dev/,
 * encoded (udev-node.c).
 */
function isShared({ files }: Doors, link: string, root: string): boolean {
  const encoded = link.slice('/dev/'.length).replaceAll('\\', '\\x5c').replaceAll('/', '\\x2f');
  return files.list(`${root}/run/udev/links/${encoded}`).length > 1;
}

/**
 * udev's links by kernel path. It omits links that depend on a disk's contents, because they disappear when dabei wipes the disk.
 * @param root directory that contains dev/ and run/; a test has its own
 */
export function readLinks(doors: Doors, root = ''): Map<string, string[]> {
  const { files } = doors;
  const links = new Map<string, string[]>();
  for (const directory of ['/dev/disk/by-id', '/dev/disk/by-path']) {
    for (const name of files.list(`${root}${directory}`)) {
      if (/^(lvm-pv-uuid|md|dm)-/.test(name)) continue;
      const link = `${directory}/${name}`;
      if (isShared(doors, link, root)) continue;
      const device = files.realPath(`${root}${link}`)?.slice(root.length);
      if (device !== undefined) links.set(device, [...(links.get(device) ?? []), link]);
    }
  }
  return links;
}
