import type { DiskSelector } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';

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
