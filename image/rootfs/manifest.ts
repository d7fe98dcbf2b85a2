/**
 * Everything in the image, and what for. Libraries are found by following the programs (elf.ts); what a program only opens
 * while it runs is named here. A library belongs to the first part that needs it. Nothing is in the image that no line asks
 * for: the build fails (parts.ts).
 */

export interface Part {
  /** As in image/report/budgets.json. */
  name: string;
  /** Who needs it and what for; shown by `npm run image -- --explain`. */
  why: string;
  /** Absolute paths inside the unpacked packages, or bare library names that are opened with dlopen(3). */
  files: readonly string[];
}

const nodeBuiltins = '/usr/share/nodejs';
const udevRules = '/usr/lib/udev/rules.d';

export const manifest: readonly Part[] = [
  {
    name: 'C and C++ libraries',
    why: 'every program that is not static; the C++ library for Node and Nix',
    files: ['libc.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libstdc++.so.6'],
  },
  {
    name: 'OpenSSL',
    why: 'TLS of Nix and Node, keys of OpenSSH: one library for all',
    files: ['libcrypto.so.3', 'libssl.so.3'],
  },
  {
    name: 'ICU',
    why: "Node's Intl and host names beyond ASCII; its data is cut to English (icu.ts)",
    files: ['libicudata.so.76', 'libicuuc.so.76', 'libicui18n.so.76'],
  },
  {
    name: 'Node',
    why: 'Node as a shared library: the runtime of dabei',
    files: ['libnode.so.115'],
  },
  {
    name: "Node's files",
    why: "Node's built-in modules that Debian keeps as files; libnode reads them at every start",
    files: [
      `${nodeBuiltins}/acorn/dist/acorn.js`,
      `${nodeBuiltins}/acorn-walk/dist/walk.js`,
      `${nodeBuiltins}/cjs-module-lexer/lexer.js`,
      `${nodeBuiltins}/cjs-module-lexer/dist/lexer.js`,
      `${nodeBuiltins}/minimatch/dist/cjs/index.bundle.js`,
      `${nodeBuiltins}/undici/undici-fetch.js`,
    ],
  },
  {
    name: 'Nix',
    why: 'Nix: evaluates, fetches and builds the system; serves its store to nixos-anywhere',
    files: [
      '/usr/bin/nix',
      '/usr/bin/nix-build',
      '/usr/bin/nix-channel',
      '/usr/bin/nix-collect-garbage',
      '/usr/bin/nix-copy-closure',
      '/usr/bin/nix-daemon',
      '/usr/bin/nix-env',
      '/usr/bin/nix-hash',
      '/usr/bin/nix-instantiate',
      '/usr/bin/nix-prefetch-url',
      '/usr/bin/nix-shell',
      '/usr/bin/nix-store',
    ],
  },
  {
    name: 'OpenSSH',
    why: 'OpenSSH: every host key type of the old machine works unconverted; sftp and scp work',
    files: [
      '/usr/sbin/sshd',
      '/usr/lib/openssh/sshd-session',
      '/usr/lib/openssh/sshd-auth',
      '/usr/lib/openssh/sftp-server',
      '/usr/bin/ssh-keygen',
    ],
  },
  {
    name: 'ZFS tools',
    why: 'ZFS: pools and datasets; which features a pool may have',
    files: [
      '/usr/sbin/zfs',
      '/usr/sbin/zpool',
      '/usr/sbin/zgenhostid',
      '/usr/sbin/mount.zfs',
      '/usr/share/zfs/compatibility.d',
    ],
  },
  {
    name: 'disk tools',
    why: 'partition tables, the ESP, swap, and what a disk held before',
    files: [
      '/usr/sbin/sgdisk',
      '/usr/sbin/mkfs.fat',
      '/usr/sbin/mkfs.vfat',
      '/usr/sbin/mkswap',
      '/usr/sbin/swapon',
      '/usr/sbin/swapoff',
      '/usr/sbin/dmsetup',
      '/usr/sbin/losetup',
      '/usr/sbin/blkdiscard',
      '/usr/sbin/blockdev',
      '/usr/bin/partx',
      '/usr/sbin/blkid',
      '/usr/sbin/wipefs',
      '/usr/bin/lsblk',
      '/usr/bin/findmnt',
    ],
  },
  {
    name: 'mounts',
    why: 'mounts and namespaces: nixos-enter; nixos-anywhere asks for setsid --wait and umount -R',
    files: [
      '/usr/bin/mount',
      '/usr/bin/umount',
      '/usr/bin/unshare',
      '/usr/bin/setsid',
      '/usr/bin/mountpoint',
    ],
  },
  {
    name: 'network tools',
    why: 'addresses and routes, in JSON and in batches; name servers from router advertisements',
    files: ['/usr/bin/ip', '/usr/sbin/ip', '/usr/sbin/rdnssd'],
  },
  {
    name: 'devices',
    why: 'devices: modules by modalias, links by id and partition UUID',
    files: [
      '/usr/bin/udevadm',
      '/usr/bin/kmod',
      '/usr/sbin/modprobe',
      '/usr/sbin/modinfo',
      '/usr/sbin/rmmod',
      '/usr/sbin/depmod',
      '/usr/bin/lsmod',
      'libkmod.so.2',
      '/usr/lib/udev/ata_id',
      '/usr/lib/udev/scsi_id',
      '/usr/lib/udev/cdrom_id',
      `${udevRules}/50-udev-default.rules`,
      `${udevRules}/50-firmware.rules`,
      `${udevRules}/55-dm.rules`,
      `${udevRules}/60-block.rules`,
      `${udevRules}/60-cdrom_id.rules`,
      `${udevRules}/60-persistent-storage.rules`,
      `${udevRules}/60-persistent-storage-dm.rules`,
      `${udevRules}/64-btrfs.rules`,
      `${udevRules}/80-drivers.rules`,
      `${udevRules}/95-dm-notify.rules`,
    ],
  },
  {
    name: 'shell and archives',
    why: 'shells and archives: nixos-anywhere and disko run bash scripts and send tar; people use them too',
    files: ['/usr/bin/bash', '/usr/bin/tar', '/usr/bin/cpio'],
  },
  {
    name: 'kexec',
    why: 'from this system into another kernel without the firmware in between',
    files: ['/usr/sbin/kexec'],
  },
  {
    name: 'busybox',
    why: 'PID 1, DHCP, and every small tool that is not named above; an empty file, the program lies in the first archive',
    files: ['/usr/bin/busybox'],
  },
  {
    name: 'name lookup',
    why: 'name lookup: ports, protocols, and the module that Nix opens to look up host names before it forks',
    files: ['libnss_dns.so.2', '/etc/protocols', '/etc/services'],
  },
];

/** The parts that are not Debian's, or not taken from it file by file. The first pattern that fits a path counts. */
export const ownParts: readonly (Omit<Part, 'files'> & { files: RegExp })[] = [
  {
    name: 'dabei',
    why: 'the agent itself, with the code cache of V8',
    files: /^usr\/bin\/dabei$/,
  },
  {
    name: 'certificates',
    why: 'HTTPS to substituters, flakes and configurations',
    files: /^etc\/ssl\/certs\//,
  },
  {
    name: 'ZFS modules',
    why: 'the pool that everything is installed on',
    files: /^usr\/lib\/modules\/[^/]+\/extra\//,
  },
  {
    name: 'modules: network',
    why: 'network cards by vendor, of machines and of hypervisors; bonds, VLANs, bridges (kernel-config/)',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/(net|drivers\/net)\//,
  },
  {
    name: 'modules: disks',
    why: 'controllers of machines and hypervisors; md and device mapper, to tear down and to set up',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/(block|drivers\/(ata|block|cdrom|md|message|mmc|nvme|scsi))\//,
  },
  {
    name: 'modules: file systems',
    why: 'the ESP, media, and what people rescue or lay out with disko: ext4, XFS, btrfs',
    files: /^usr\/lib\/modules\/[^/]+\/kernel\/fs\//,
  },
  {
    name: 'modules: others',
    why: 'USB, keyboards, watchdogs, Hyper-V, ciphers, compression, and the index by which udev finds all modules',
    files: /^usr\/lib\/modules\//,
  },
  {
    name: 'scripts and settings',
    why: 'what the image does that is neither dabei nor Debian (image/rootfs/root)',
    files: /^(etc|usr\/lib\/dabei)\/|^usr\/s?bin\/(nixos-enter|nohup|partprobe)$/,
  },
];

/**
 * What every boot reads, in about this order. It lies together in the image, so that few blocks are unpacked: a small file
 * shares its block with others, and the kernel keeps only three such blocks (SQUASHFS_FRAGMENT_CACHE_SIZE).
 */
export const readAtBoot: readonly string[] = [
  'C and C++ libraries',
  'scripts and settings',
  'mounts',
  'devices',
  'network tools',
  'Node',
  "Node's files",
  'ICU',
  'OpenSSL',
  'dabei',
  'OpenSSH',
  'disk tools',
];

/** Applets of busybox that would stand in for a real program of the same name are left out; so are these. */
export const droppedApplets: readonly string[] = [
  'dpkg',
  'dpkg-deb',
  'rpm',
  'rpm2cpio',
  'httpd',
  'telnetd',
  'linuxrc',
  'partprobe',
];
