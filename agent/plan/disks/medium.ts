import type { Content, Disk } from '../../facts.ts';

/**
 * Disks that nix-dabei.img or nix-dabei.iso was written onto. This system may have been started from such a disk: it runs from RAM,
 * mounts nothing of the disk, and cannot find out. Pure.
 */

/**
 * GUIDs of the partitions of nix-dabei.img (image/media/raw/raw.ts), the same on every copy of every release: they are the mark by which
 * dabei and dabei-image know it. INVARIANT: a release that changes them no longer knows the copies of an earlier one.
 */
export const mediumGuids = {
  biosBoot: '7eb771cd-da66-49d9-9491-df20fa16d871',
  esp: '43a06d6e-2bc4-4c7b-ac3b-1a124afb176b',
} as const;

/** Volume identifier of nix-dabei.iso, and label of the FAT file systems of both (image/media/boot/layout.ts). */
export const mediumLabel = 'NIXDABEI';

export type Medium = 'nix-dabei.img' | 'nix-dabei.iso';

/** Which of them lies on the disk; null: none. */
export function mediumOn({ path, contents }: Disk): Medium | null {
  if (contents.some(isMediumEsp)) return 'nix-dabei.img';
  const isIso = contents.some(
    ({ device, signature, label }) =>
      device === path && label === mediumLabel && (signature ?? '').split('+').includes('iso9660'),
  );
  return isIso ? 'nix-dabei.iso' : null;
}

export const holdsMedium = (disk: Disk): boolean => mediumOn(disk) !== null;

/** Whether a partition has the kernel, the initrd and the configuration of nix-dabei.img. */
export const isMediumEsp = ({ partUuid }: Content): boolean => partUuid === mediumGuids.esp;

/** Whether nothing but nix-dabei.img is on the disk, so that nobody loses anything with it. */
export function holdsOnlyMedium(disk: Disk): boolean {
  const guids: readonly (string | null)[] = Object.values(mediumGuids);
  return (
    disk.contents.some(isMediumEsp) &&
    disk.contents.every(({ device, signature, partUuid }) =>
      device === disk.path ? signature === 'gpt' : guids.includes(partUuid),
    )
  );
}

/** What the plan says of it. Which disk this system was started from is not known if several are media. */
export function describeMedium(disk: Disk): string[] {
  const medium = mediumOn(disk);
  return medium === null
    ? []
    : [
        `  ${medium} is overwritten with it: if this system was started from this disk, it runs from RAM until it restarts`,
      ];
}
