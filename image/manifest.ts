/**
 * Everything in the image that comes from Debian, and what for. Libraries are found by following the programs (elf.ts);
 * what a program only opens while it runs is named here. Nothing is in the image that no line asks for.
 */

export interface Part {
  /** Who needs it and what for; shown by `npm run image -- --explain`. */
  why: string;
  /** Absolute paths inside the unpacked packages, or bare library names that are opened with dlopen(3). */
  files: readonly string[];
}

const nodeBuiltins = '/usr/share/nodejs';
const udevRules = '/usr/lib/udev/rules.d';

export const manifest: readonly Part[] = [
  {
    why: 'Node as a shared library: the runtime of dabei',
    files: ['libnode.so.115'],
  },
  {
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
    why: 'addresses and routes, in JSON and in batches; name servers from router advertisements',
    files: ['/usr/bin/ip', '/usr/sbin/ip', '/usr/sbin/rdnssd'],
  },
  {
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
    why: 'shells and archives: nixos-anywhere and disko run bash scripts and send tar; people use them too',
    files: ['/usr/bin/bash', '/usr/bin/tar', '/usr/bin/cpio'],
  },
  {
    why: 'from this system into another kernel without the firmware in between',
    files: ['/usr/sbin/kexec'],
  },
  {
    why: 'PID 1, DHCP, and every small tool that is not named above',
    files: ['/usr/bin/busybox'],
  },
  {
    why: 'name lookup: ports, protocols, and the module that Nix opens to look up host names before it forks',
    files: ['libnss_dns.so.2', '/etc/protocols', '/etc/services'],
  },
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
