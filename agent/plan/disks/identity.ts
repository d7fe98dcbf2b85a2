import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';

/** Finds block devices of the kernel that are paths to the same disk (multipath). */

/** Transports on which several block devices can be one disk. A SATA port, USB bridge or virtio device leads to one disk each. */
const severalWays = new Set([null, 'sas', 'fc', 'spi']);

/** Properties that are the same on every path. The size of physical sectors is not among them, because a bridge may change it. */
const identifying = ['wwn', 'serial', 'model', 'sizeBytes', 'logicalSectorBytes'] as const;

/**
 * Whether two block devices are paths to one disk. Every property that is known of both has to agree. A world wide name alone
 * proves nothing, because some vendors give the same one to a whole batch. A serial number alone proves nothing either, because
 * some USB bridges report the same one for every disk.
 */
export function isSameDisk(a: Disk, b: Disk): boolean {
  const agrees = (name: (typeof identifying)[number]) =>
    a[name] === null || b[name] === null || fold(a[name]) === fold(b[name]);
  if (!identifying.every(agrees)) return false;
  if (a.wwn !== null && b.wwn !== null) return true;
  const isKnown = a.serial !== null && b.serial !== null;
  return isKnown && severalWays.has(a.transport) && severalWays.has(b.transport);
}

function fold(value: string | number): string {
  return String(value).trim().toLowerCase();
}

/** The disk itself, and every other path to the disk. */
export function waysTo(disk: Disk, disks: readonly Disk[]): Disk[] {
  return disks.filter(other => other === disk || isSameDisk(other, disk));
}

/** The sentence "/dev/sda and /dev/sdb have the same world wide name ..." for refusals. */
export function sameIdentity(ways: readonly Disk[]): string {
  const [{ wwn, serial } = { wwn: null, serial: null }] = ways;
  const what = [wwn !== null && `world wide name ${wwn}`, serial !== null && `serial number ${serial}`];
  const paths = ways.map(({ path }) => path).join(' and ');
  return `${paths} have the same ${what.filter(Boolean).join(' and ')}: they are ${ways.length} paths to one disk (multipath)`;
}

/** Offers the stable path of each: '"/dev/disk/..." for /dev/sda, or "/dev/disk/..." for /dev/sdb'. */
export function chooseWay(ways: readonly Disk[]): string {
  return ways.map(disk => `${JSON.stringify(stablePath(disk))} for ${disk.path}`).join(', or ');
}

/** Refuses two paths to one disk as members, because as two members of a mirror they would overwrite each other. */
export function multipathMembers(members: readonly Disk[]): DabeiError[] {
  return members.flatMap((disk, index) => {
    const ways = waysTo(disk, members.slice(0, index + 1));
    if (ways.length === 1) return [];
    return [
      new DabeiError('DISK_AMBIGUOUS', {
        doing: `taking ${stablePath(disk)}`,
        problem: sameIdentity(ways),
        remedy: `name only one of them, ${chooseWay(ways)}, and a different disk instead of the others`,
      }),
    ];
  });
}
