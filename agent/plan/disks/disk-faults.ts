import type { DiskSelector } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';

/**
 * Replaces selectors that could match other disks under another kernel, which may detect the disks in another order, or later.
 * Kernel names, and properties that several disks can share, become the disk's stable link below /dev/disk, if it has one.
 * @param members the disks that the selectors match, in the same order
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
