/**
 * Code of GRUB for BIOS at the start of a disk: what grub-bios-setup(8) changes in it when it installs it, without looking at the disks of this
 * machine. Places are those of include/grub/i386/pc/boot.h in GRUB's source. Pure.
 */

export const sectorBytes = 512;

/** Where the disk's signature and the partition table begin, and code ends. */
const codeBytes = 440;
/** GRUB_BOOT_MACHINE_KERNEL_SECTOR: first sector of the core image, 8 bytes. */
const coreSectorAt = 0x5c;
/** GRUB_BOOT_MACHINE_DRIVE_CHECK: a jump over the correction of a drive number that a BIOS gave wrongly. */
const driveCheckAt = 0x66;
const noOperation = 0x90;
/** The core image's first sector ends with the list of the others: first sector (8 bytes), number, segment (GRUB_BOOT_MACHINE_LIST_SIZE). */
const listAt = sectorBytes - 12;

/**
 * Code for the first sector of a disk.
 * @param boot GRUB's boot.img
 * @param coreSector where the core image begins
 */
export function bootCode(boot: Buffer, coreSector: number): Buffer {
  const code = Buffer.from(boot.subarray(0, codeBytes));
  code.writeBigUInt64LE(BigInt(coreSector), coreSectorAt);
  // A disk is not a floppy: the correction applies.
  code.fill(noOperation, driveCheckAt, driveCheckAt + 2);
  return code;
}

/**
 * The core image for its place on the disk.
 * @param core as grub-mkimage(1) made it, which has filled in everything but the place
 */
export function placedCore(core: Buffer, coreSector: number): Buffer {
  const placed = Buffer.from(core);
  placed.writeBigUInt64LE(BigInt(coreSector + 1), listAt);
  return placed;
}

/**
 * The second entry of the master boot record: an empty partition that is marked as bootable. A BIOS may start only disks that have such a mark,
 * and the protective partition must not have it (UEFI 2.10, table 5.4).
 */
export const bootableEntry = {
  offset: 446 + 16,
  bytes: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
} as const;
