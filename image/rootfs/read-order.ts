/**
 * The files that a start reads, in the order in which it first reads them: `/init`'s system, udev, Node, the network, sshd, and then what
 * a preflight on an old system reads besides (lsblk). Relative to the root; "*" stands for any characters but "/", and a last "/" for
 * everything below.
 *
 * Small files share blocks of 1 MiB ("fragments"), of which the kernel caches three (SQUASHFS_FRAGMENT_CACHE_SIZE); for a file in
 * a fourth, it unpacks the block again. In alphabetical order, a start until SSH unpacked 5.3 MB of 27.9 MB once more, and 2 MB of
 * neighbours that nothing read. docs/performance/speed.md says how to trace it.
 */
const readInOrder: readonly string[] = [
  'etc/inittab',
  'usr/lib/dabei/sysinit',
  'usr/lib/*/ld-linux-*',
  'usr/lib/*/libtinfo.so.*',
  'usr/bin/mount',
  'usr/lib/*/libmount.so.*',
  'usr/lib/*/libselinux.so.*',
  'usr/lib/*/libblkid.so.*',
  'usr/lib/*/libmnl.so.*',
  'usr/bin/ip',

  // udev. Debian's own, which stands in for the installer's, needs libsystemd-shared and what that is linked to.
  'usr/bin/udevadm',
  'usr/lib/*/libacl.so.*',
  'usr/lib/*/libcap.so.*',
  'usr/lib/*/libcrypt.so.*',
  'usr/lib/*/libpam.so.*',
  'usr/lib/*/libseccomp.so.*',
  'usr/lib/*/libaudit.so.*',
  'usr/lib/*/libcap-ng.so.*',

  // Read from now on, again and again: in one block.
  'usr/lib/*/libkmod.so.*',
  'usr/bin/kmod',
  'etc/*',
  'etc/ssh/',
  'usr/lib/dabei/',
  'usr/lib/udev/rules.d/',
  'usr/lib/modules/*/modules.*',
  'usr/sbin/rdnssd',

  'usr/lib/modules/*/kernel/drivers/firmware/',
  'usr/lib/modules/*/kernel/drivers/char/',
  'usr/lib/modules/*/kernel/drivers/i2c/',
  'usr/lib/modules/*/kernel/drivers/mfd/',
  'usr/lib/modules/*/kernel/drivers/watchdog/',
  'usr/lib/modules/*/kernel/crypto/',
  'usr/lib/modules/*/kernel/lib/crypto/',
  'usr/lib/modules/*/kernel/arch/',
  'usr/lib/modules/*/kernel/drivers/ata/',

  // Node: its libraries in the order in which the loader opens them, then its own JavaScript.
  'usr/lib/*/libz.so.*',
  'usr/lib/*/libuv.so.*',
  'usr/lib/*/libbrotlidec.so.*',
  'usr/lib/*/libbrotlienc.so.*',
  'usr/lib/*/libbrotlicommon.so.*',
  'usr/lib/*/libcares.so.*',
  'usr/lib/*/libnghttp2.so.*',
  'usr/lib/*/libm.so.*',
  'usr/lib/*/libzstd.so.*',
  'usr/lib/*/libgcc_s.so.*',
  'usr/share/nodejs/',

  'usr/bin/ssh-keygen',
  'usr/sbin/sshd',
  'usr/lib/openssh/sshd-session',
  'usr/lib/openssh/sshd-auth',

  'usr/bin/lsblk',
  'usr/lib/*/libsmartcols.so.*',
  'usr/lib/*/libudev.so.*',
];

/** Files above this size, in KiB, have blocks of their own: a file that fills half a block leaves little for neighbours. */
export const sharedBlockKib = 512;

const patterns = readInOrder.map(pattern => {
  const source = pattern.split('*').map(text => text.replace(/[.+]/g, '\\$&'));
  return new RegExp(`^${source.join('[^/]*')}${pattern.endsWith('/') ? '' : '$'}`);
});

/** Place in the order of a path below the root; what a start does not read comes last. */
export function readRank(path: string): number {
  const at = patterns.findIndex(pattern => pattern.test(path));
  return at === -1 ? patterns.length : at;
}
