import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';

/** Which of the kernel's disks are one and the same. */

/** Ways by which several of the kernel's disks can be one: a SATA port, a USB bridge or a virtio device leads to one each. */
const severalWays = new Set([null, 'sas', 'fc', 'spi']);

/** What is the same by every way; what a disk reports of physical sectors depends on the bridge. */
const identifying = ['wwn', 'serial', 'model', 'sizeBytes', 'logicalSectorBytes'] as const;

/**
 * Whether two of the kernel's disks are two ways to one: all that is known of both has to agree. A world wide name alone proves
 * nothing, since some vendors give one to a whole batch; nor does a serial number, of which USB bridges have one for all.
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

/** The disk as the kernel has it, and every other way to it. */
export function waysTo(disk: Disk, disks: readonly Disk[]): Disk[] {
  return disks.filter(other => other === disk || isSameDisk(other, disk));
}

/** "/dev/sda and /dev/sdb have the same …", for refusals. */
export function sameIdentity(ways: readonly Disk[]): string {
  const [{ wwn, serial } = { wwn: null, serial: null }] = ways;
  const what = [wwn !== null && `world wide name ${wwn}`, serial !== null && `serial number ${serial}`];
  const paths = ways.map(({ path }) => path).join(' and ');
  return `${paths} have the same ${what.filter(Boolean).join(' and ')}: they are ${ways.length} paths to one disk (multipath)`;
}

/** "…-lun-0 for /dev/sda, or …-lun-0 for /dev/sdb": by their paths, all other names being those of all. */
export function chooseWay(ways: readonly Disk[]): string {
  return ways.map(disk => `${JSON.stringify(stablePath(disk))} for ${disk.path}`).join(', or ');
}

/** Two ways to one disk: as two members of a mirror they would overwrite each other. */
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
