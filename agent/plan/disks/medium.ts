import type { Content, Disk } from '../../facts.ts';

/**
 * Disks that nix-dabei.img was written onto. This system may have been started from such a disk: it runs from RAM, mounts nothing of the
 * disk, and cannot find out. Pure.
 */

/**
 * GUIDs of the partitions of nix-dabei.img (image/media/raw/raw.ts), the same on every copy of every release: they are the mark by which
 * dabei and dabei-image know it. INVARIANT: a release that changes them no longer knows the copies of an earlier one.
 */
export const mediumGuids = {
  biosBoot: '7eb771cd-da66-49d9-9491-df20fa16d871',
  esp: '43a06d6e-2bc4-4c7b-ac3b-1a124afb176b',
} as const;

/** Whether the disk has the ESP of nix-dabei.img. */
export const holdsMedium = ({ contents }: Disk): boolean => contents.some(isMediumEsp);

/** Whether a partition has the kernel, the initrd and the configuration of nix-dabei.img. */
export const isMediumEsp = ({ partUuid }: Content): boolean => partUuid === mediumGuids.esp;

/** Whether nothing but nix-dabei.img is on the disk, so that nobody loses anything with it. */
export function holdsOnlyMedium(disk: Disk): boolean {
  const guids: readonly (string | null)[] = Object.values(mediumGuids);
  return (
    holdsMedium(disk) &&
    disk.contents.every(({ device, signature, partUuid }) =>
      device === disk.path ? signature === 'gpt' : guids.includes(partUuid),
    )
  );
}

/** What the plan says of it. Which disk this system was started from is not known if several have the image. */
export const describeMedium = (disk: Disk): string[] =>
  holdsMedium(disk)
    ? [
        '  nix-dabei.img is overwritten with it: if this system was started from this disk, it runs from RAM until it restarts',
      ]
    : [];
