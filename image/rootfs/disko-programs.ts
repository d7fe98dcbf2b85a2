/**
 * Programs that people and scripts expect in an installer and that are in neither initrd: no kernel driver, or no room. Under each of
 * these names, image/rootfs/root/usr/lib/dabei/absent says what to do instead, and fails; so it does in the image for what is in the second
 * initrd (further-initrds.ts).
 */
export const absentPrograms: readonly string[] = ['mkfs.f2fs', 'mkfs.bcachefs', 'bcachefs', 'rsync', 'curl'];
