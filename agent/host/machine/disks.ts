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

/** Which disks there are and what lies on them, from lsblk(8), wipefs(8), udev's links and sysfs. */

/** Asked of lsblk; the names are those of `lsblk --list-columns`. */
const columns =
  'NAME,PATH,MAJ:MIN,TYPE,SIZE,LOG-SEC,PHY-SEC,MODEL,SERIAL,WWN,TRAN,RO,RM,FSTYPE,PTTYPE,LABEL,MOUNTPOINTS,PARTUUID';

export interface DiskReading {
  /**
   * The system that runs is the one that will be left: its mounts, as its process 1 sees them, are told, but do not make a
   * disk the boot medium.
   */
  leaving?: boolean;
}

/**
 * Every disk of the machine that could be installed to or must be spared, after udev has handled all of them.
 * @throws DabeiError COMMAND_FAILED, COMMAND_MISSING, COMMAND_TIMEOUT
 */
export async function readDisks(doors: Doors, { leaving = false }: DiskReading = {}): Promise<Disk[]> {
  const { exec, files } = doors;
  // Without udevd it ends with an error; the kernel's devices are there all the same.
  await exec.attempt({
    doing: 'waiting for udev',
    argv: ['udevadm', 'settle', '--timeout=30'],
    timeoutSeconds: 40,
  });
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
    // What cannot be read must not pass for empty.
    signatures.set(device, exitCode === 0 ? parseWipefs(stdout) : [{ type: 'unreadable', label: null }]);
  }
  return describeDisks(tree, {
    links: readLinks(doors),
    signatures,
    drivers: new Map([...attachments].map(([path, { devices }]) => [path, driversOf(doors, devices)])),
    attachments,
    // Another release of ZFS in the kernel may not talk to these tools; its disks still show what is on them.
    pools: leaving ? await readPools(doors).catch(() => []) : await readPools(doors),
    leaving,
  });
}

/**
 * Whether several devices claim the link, as disks behind bad USB bridges do, with one serial number for all: it leads to the
 * one that udev heard of last. udev notes each claim below a directory with the link's name without /dev/, encoded
 * (udev-node.c).
 */
function isShared({ files }: Doors, link: string, root: string): boolean {
  const encoded = link.slice('/dev/'.length).replaceAll('\\', '\\x5c').replaceAll('/', '\\x2f');
  return files.list(`${root}/run/udev/links/${encoded}`).length > 1;
}

/**
 * udev's links by disk. Those that name a volume by what is written on it are left out: they are gone after wiping.
 * @param root where the file tree with dev/ and run/ lies; a test has its own
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
