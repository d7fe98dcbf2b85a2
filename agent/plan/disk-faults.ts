import type { DiskSelector } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';
import type { Disk } from '../facts.ts';
import { stablePath } from './describe-disk.ts';

/** What speaks against disks that were chosen, besides what they are by themselves (select-disks.ts). */

/**
 * GRUB's first stage counts sectors of 512 bytes, and so do the BIOSes that load it (grub-core/boot/i386/pc/boot.S).
 * @returns refusals where no disk could be started from, and warnings where some could not
 */
export function sectorFaults(
  members: readonly Disk[],
  firmware: 'bios' | 'uefi',
): { refusals: DabeiError[]; warnings: string[] } {
  const large = members.filter(({ logicalSectorBytes }) => logicalSectorBytes !== 512);
  if (firmware === 'uefi' || large.length === 0) return { refusals: [], warnings: [] };
  const text = large.map(disk => `${disk.path} has sectors of ${disk.logicalSectorBytes} bytes`).join(', ');
  if (large.length < members.length)
    return { refusals: [], warnings: [`${text}, from which a BIOS cannot start`] };
  return {
    refusals: [
      new DabeiError('DISK_SECTORS', {
        doing: 'choosing disks to start from',
        problem: `${text}, and this machine starts by BIOS, which reads sectors of 512 bytes`,
        remedy:
          'start the machine by UEFI (its setup calls the other mode CSM or legacy), or take another disk',
      }),
    ],
    warnings: [],
  };
}

/**
 * Selectors that mean the same disks under another kernel, which may find them in another order, or later: for a kernel's
 * name and for properties that another disk may share, the link that stays.
 */
export function pinned(selectors: readonly DiskSelector[], members: readonly Disk[]): DiskSelector[] {
  return selectors.map((selector, index) => {
    const path = stablePath(members[index]!);
    const isCertain =
      typeof selector === 'string'
        ? /^\/dev\/[^/]+\//.test(selector)
        : selector.serial !== undefined || selector.wwn !== undefined;
    return isCertain || path === members[index]!.path ? selector : path;
  });
}
