import { mediumLabel } from '../../../agent/plan/disks/medium.ts';
import type { mediumValues } from '../../../agent/screen/outputs.ts';
import { isoNameOf, type Variant } from '../../../agent/variants.ts';

/** The names on the medium: what is built onto it, and where `dabei-image` and the boot loader look. Pure. */

export const isoName = isoNameOf([]);
export const imgName = 'nix-dabei.img';

/** As dabei.medium says it (agent/screen/outputs.ts). */
export type MediumKind = (typeof mediumValues)[number];

/** ISO 9660 volume identifier: capital letters and digits (ECMA-119, 7.4.1); label of the FAT file systems. No label of a stick that configures machines. */
export const volumeLabel = mediumLabel;

/** Paths on the medium, without a slash in front; more in of-target.ts. */
export const onMedium = {
  initrd: 'dabei/initrd',
  /** image/media/reserved/ */
  reserved: 'dabei/reserved',
  description: 'dabei/image.json',
  menu: 'dabei/grub.cfg',
  /** In the format of sha256sum(1), without the reserved file and what says of itself where it lies on the medium. */
  sums: 'SHA256SUMS',
  biosLoader: 'boot/bios.img',
  bootCatalogue: 'boot/boot.cat',
  efiPartition: 'boot/efi.img',
} as const;

/**
 * An empty file whose name belongs to this image alone, so that a boot loader that was loaded from another partition finds its own medium,
 * not another one.
 * @param initrdSha256 in hexadecimal digits
 */
export const markPath = (initrdSha256: string): string => `dabei/id_${initrdSha256.slice(0, 16)}`;

/** The further initrd of a variant. Names of ISO 9660 have no hyphen. */
export const variantPath = (variant: Variant): string => `dabei/${variant.replaceAll('-', '_')}`;
