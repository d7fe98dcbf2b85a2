/**
 * Lists everything in the image, with the reason. The build finds the libraries that programs are linked with (elf.ts); this
 * list names the files that programs open only while they run. A library belongs to the first part that needs it. The build
 * fails if the image contains a file that no line requests (parts.ts).
 */

export interface Part {
  /** The key in image/report/budgets/. */
  name: string;
  /** Who needs the part and what for; `npm run image -- --explain` prints it. */
  why: string;
  /** Absolute paths inside the unpacked packages, or bare names of libraries that programs open with dlopen(3). */
  files: readonly string[];
  /** It lies in a further initrd (further-initrds.ts), which not every medium has. */
  initrd?: 'second' | 'tor' | 'wifi';
}

const nodeBuiltins = '/usr/share/nodejs';
const udevRules = '/usr/lib/udev/rules.d';
const sbin = (name: string) => `/usr/sbin/${name}`;

export const manifest: readonly Part[] = [
  {
    name: 'C and C++ libraries',
    why: 'every dynamically linked program needs them; Node and Nix need the C++ library',
    files: ['libc.so.6', 'libm.so.6', 'libgcc_s.so.1', 'libstdc++.so.6'],
  },
  {
    name: 'OpenSSL',
    why: "TLS for Nix and Node, and OpenSSH's keys, with one shared library",
    files: ['libcrypto.so.3', 'libssl.so.3'],
  },
  {
    name: 'ICU',
    why: "Node's Intl and host names beyond ASCII; the build reduces its data to English (icu.ts)",
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
    why: 'write partition tables, the ESP and swap; detect and wipe what a disk contains',
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
    why: 'mounts and namespaces for nixos-enter; nixos-anywhere runs setsid --wait and umount -R',
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
    why: 'ip reads addresses and routes as JSON and sets them in batches; rdnssd takes name servers from router advertisements',
    files: ['/usr/bin/ip', '/usr/sbin/ip', '/usr/sbin/rdnssd'],
  },
  {
    name: 'devices',
    why: 'udev loads modules by modalias and makes the links by id and partition UUID',
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
    name: 'EFI variables',
    why: 'Linux makes those of the firmware immutable: an older default of systemd-boot, and what it is to start next',
    files: ['/usr/bin/chattr'],
  },
  {
    name: 'shell and archives',
    why: 'nixos-anywhere and disko run bash scripts and send tar archives; people use both, too',
    files: ['/usr/bin/bash', '/usr/bin/tar', '/usr/bin/cpio'],
  },
  {
    name: "disko's tools",
    why: "what disko's scripts start by name (agent/plan/disko/programs.ts): wiping, LUKS, RAID, ext4, XFS; links of arrays and zvols",
    files: [
      '/usr/bin/jq',
      '/usr/sbin/cryptsetup',
      '/usr/sbin/mdadm',
      '/usr/sbin/mke2fs',
      '/usr/sbin/mkfs.ext2',
      '/usr/sbin/mkfs.ext3',
      '/usr/sbin/mkfs.ext4',
      '/usr/sbin/mkfs.xfs',
      '/usr/lib/udev/zvol_id',
      `${udevRules}/60-zvol.rules`,
      // Nothing starts arrays by itself (64-md-raid-assembly.rules is left out): they may be on a disk that is not ours.
      `${udevRules}/63-md-raid-arrays.rules`,
    ],
  },
  {
    name: "disko's other tools",
    why: 'LVM, btrfs, and partition tables other than GPT: for nixos-anywhere without the programs of its script',
    initrd: 'second',
    files: [
      ...['lvm', 'pvs', 'pvcreate', 'pvremove', 'pvscan', 'vgs', 'vgcreate', 'vgchange', 'vgdisplay'].map(
        sbin,
      ),
      ...['vgremove', 'vgscan', 'lvs', 'lvcreate', 'lvchange', 'lvdisplay', 'lvremove'].map(sbin),
      '/usr/sbin/mkfs.btrfs',
      '/usr/bin/btrfs',
      '/usr/sbin/parted',
      '/usr/sbin/sfdisk',
      // Nothing activates volume groups by itself (69-lvm.rules is left out), for the same reason.
      `${udevRules}/56-lvm.rules`,
    ],
  },
  {
    name: 'Tor',
    why: 'an onion service for SSH: a machine behind a router that forwards nothing is reached by its onion address',
    initrd: 'tor',
    files: ['/usr/bin/tor'],
  },
  {
    name: 'Wi-Fi',
    why: 'iwd joins wireless networks, and is spoken to over a message bus; which channels a country permits, signed by its keepers',
    initrd: 'wifi',
    files: [
      '/usr/libexec/iwd',
      '/usr/bin/dbus-daemon',
      '/usr/lib/firmware/regulatory.db-upstream',
      '/usr/lib/firmware/regulatory.db.p7s-upstream',
    ],
  },
  {
    name: 'kexec',
    why: 'starts another kernel from this system without going through the firmware',
    files: ['/usr/sbin/kexec'],
  },
  {
    name: 'busybox',
    why: 'PID 1, DHCP, and every small tool not named above; the file is empty, because the first archive contains the program',
    files: ['/usr/bin/busybox'],
  },
  {
    name: 'name lookup',
    why: 'names of ports and protocols, and the module that Nix opens before it forks, to look up host names',
    files: ['libnss_dns.so.2', '/etc/protocols', '/etc/services'],
  },
];

/** Applets of busybox for which the image has no link. Applets with the name of a real program have no link either. */
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
