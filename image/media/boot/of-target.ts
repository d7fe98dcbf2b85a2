import { target } from '../../lib/target.ts';

/**
 * What differs on the media of different architectures. The program that configures media (image/media/reserved/) does not import it:
 * it runs on machines for which there is no image.
 */

/** Paths on the medium, without a slash in front. */
export const kernelPath = `dabei/${target.kernel.image}`;
/** Where firmware looks for it on an ESP (UEFI 2.10, 3.5.1.1). */
export const efiLoaderPath = `EFI/BOOT/${target.efiFile.own}`;

/** Kernel parameters: every serial line that may be there. */
export const serialConsoles: readonly string[] = target.serialConsoles.map(name => `console=${name}`);
export const { menuConsoles } = target;

/** GRUB's name for BIOS; null where the architecture has none. */
export const biosTarget = target.grubBiosTarget;
/** GRUB's name for UEFI. */
export const efiTarget = target.grubEfiTarget;
