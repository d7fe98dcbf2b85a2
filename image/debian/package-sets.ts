import { isCrossed, target } from '../lib/target.ts';
import type { PackageSet } from './packages.ts';

/** The sets of Debian packages that everything is made from. */

/** Debian's cross compiler, where the image is for another architecture. */
const crossCompiler = isCrossed
  ? [`gcc-${target.triplet.replace('_', '-')}`, `libc6-dev-${target.debian}-cross`]
  : [];

/**
 * Compilers and image tools, run in a chroot so that every machine builds with the same versions. They are programs of this
 * machine; those of gcc and binutils that make files for the target have other names where that is another one (tool,
 * image/lib/crossing.ts).
 */
export const toolchainSet: PackageSet = {
  name: isCrossed ? 'cross-toolchain' : 'toolchain',
  variant: 'apt',
  packages: [
    ...['gcc', 'make', 'libc6-dev', 'binutils', 'patch', 'pkg-config', 'perl'],
    ...['flex', 'bison', 'bc', 'libelf-dev', 'libssl-dev', 'kmod', 'rsync', 'file'],
    ...['cpio', 'zstd', 'xz-utils', 'lz4', 'squashfs-tools', 'icu-devtools'],
    ...target.kernel.tools,
    ...crossCompiler,
  ],
};

/** For sets whose files end in the image. */
const ofTarget = isCrossed ? { architecture: target.debian } : {};

const libraryTools = ['gcc', 'make', 'libc6-dev', 'cmake', 'pkg-config', 'dpkg-dev'];
const libraryHeaders = [
  ...['libssl-dev', 'libnghttp2-dev', 'zlib1g-dev', 'libhttp-parser-dev', 'liblzma-dev', 'libzstd-dev'],
  ...['libbz2-dev', 'libmnl-dev'],
];

/**
 * For libraries and programs that the build recompiles with fewer features; separate from the toolchain, so that a
 * change here does not rebuild the kernel. For an image of another architecture, the headers are in a sysroot.
 */
export const librarySet: PackageSet = isCrossed
  ? { name: 'cross-library-tools', variant: 'apt', packages: [...libraryTools, ...crossCompiler] }
  : { name: 'library-tools', variant: 'apt', packages: [...libraryTools, ...libraryHeaders] };

/**
 * Headers and libraries of another architecture, to compile and link with; null where the library tools have them. base-files has
 * the link from /lib into /usr, which the linker follows.
 */
export const sysrootSet: PackageSet | null = isCrossed
  ? {
      name: 'sysroot',
      variant: 'extract',
      ...ofTarget,
      packages: ['base-files', 'libc6-dev', ...libraryHeaders],
    }
  : null;

/** The packages that the image's programs come from (manifest.ts selects the files). */
export const imageSet: PackageSet = {
  name: 'packages',
  variant: 'extract',
  ...ofTarget,
  packages: [
    ...['nodejs', 'node-acorn', 'node-cjs-module-lexer', 'node-undici', 'node-minimatch'],
    ...['nix-bin', 'bash-static', 'openssh-server', 'openssh-sftp-server', 'openssh-client'],
    ...['zfsutils-linux', 'gdisk', 'dosfstools', 'dmsetup', 'util-linux', 'mount', 'fdisk', 'udev', 'kmod'],
    ...['jq', 'cryptsetup-bin', 'mdadm', 'e2fsprogs', 'xfsprogs'],
    // In further initrds (manifest.ts).
    ...['lvm2', 'btrfs-progs', 'parted', 'tor', 'iwd', 'dbus-daemon', 'wireless-regdb'],
    ...[
      'iproute2',
      'rdnssd',
      'kexec-tools',
      'busybox-static',
      'bash',
      'tar',
      'cpio',
      'ca-certificates',
      'tzdata',
      'netbase',
    ],
  ],
};

/**
 * From Debian's installer: programs with fewer dependencies than those of the same name in the main archive. Package ->
 * the files that replace the others.
 */
export const installerPrograms: Readonly<Record<string, readonly string[]>> = {
  // Not linked to libsystemd-shared, which is three times as large as everything that udev needs of it.
  'udev-udeb': ['usr/bin/udevadm', 'usr/lib/udev/ata_id', 'usr/lib/udev/cdrom_id', 'usr/lib/udev/scsi_id'],
};

const loaderPackage = `grub-efi-${target.debian}-bin`;

/**
 * GRUB's modules of another architecture, which Debian has among the packages of that architecture only; null: they are among what
 * makes a medium.
 */
export const loaderModules: { package: string; architecture: string } | null = isCrossed
  ? { package: loaderPackage, architecture: target.debian }
  : null;

/**
 * What makes a medium: the boot loader's files, and the programs that put them onto it. base-files has the links from /lib64 and
 * the like into /usr, without which none of these programs starts.
 */
export const mediaSet: PackageSet = {
  name: 'media-tools',
  variant: 'extract',
  packages: [
    ...['base-files', 'xorriso', 'mtools', 'gdisk', 'grub-common'],
    ...(isCrossed ? [] : [loaderPackage]),
    ...(target.grubBiosTarget === null ? [] : ['grub-pc-bin']),
  ],
};

/** Boot loaders, which the installed system brings itself; only the test system takes them from here. */
export const bootLoaderSet: PackageSet = {
  name: 'boot-loaders',
  variant: 'extract',
  ...ofTarget,
  packages: [
    ...(target.grubBiosTarget === null ? [loaderPackage] : ['grub-pc-bin']),
    ...['grub2-common', 'grub-common', 'systemd-boot-efi'],
  ],
};

/** An access point of the test system, which has radios without hardware. */
export const radioSet: PackageSet = {
  name: 'radio-tools',
  variant: 'extract',
  packages: ['hostapd', 'iw'],
};
