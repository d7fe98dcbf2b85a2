/**
 * Programs that disko's NoDeps scripts start by name: those that `nixos-anywhere --no-disko-deps` sends, without the store paths of
 * the programs. By type, as in lib/types of disko; read at its revision 878ec37.
 */
export const diskoPrograms: Readonly<Record<string, readonly string[]>> = {
  'every script': ['bash', 'env', 'mktemp', 'mkdir', 'rm', 'umount', 'cat', 'dirname', 'readlink'],
  // disk-deactivate: lsblk's JSON becomes a shell script by jq.
  wipe: [
    ...['realpath', 'dirname', 'lsblk', 'jq', 'bash', 'umount', 'wipefs', 'dd', 'swapoff', 'zpool', 'mdadm'],
    ...['cryptsetup', 'grep', 'awk', 'sed', 'pvs', 'vgchange', 'vgremove', 'lvremove'],
  ],
  gpt: ['blkid', 'sgdisk', 'partprobe', 'udevadm', 'sfdisk'],
  table: ['blkid', 'parted', 'partprobe', 'udevadm'],
  filesystem: [
    ...['blkid', 'grep', 'findmnt', 'mount', 'umount', 'mkfs.vfat', 'mkfs.ext2', 'mkfs.ext3', 'mkfs.ext4'],
    ...['mkfs.xfs', 'mkfs.btrfs', 'mkfs.f2fs', 'mkfs.bcachefs'],
  ],
  luks: ['blkid', 'cryptsetup', 'cat'],
  lvm_pv: ['blkid', 'grep', 'pvcreate'],
  lvm_vg: ['modprobe', 'vgdisplay', 'vgcreate', 'lvdisplay', 'lvcreate', 'vgchange', 'cat'],
  mdadm: ['mdadm', 'wc', 'cut', 'partprobe', 'udevadm', 'sgdisk', 'cat'],
  zpool: ['zpool', 'zfs', 'blkid', 'grep', 'cut', 'tr', 'sort', 'diff', 'cat'],
  zfs_fs: ['zfs', 'findmnt', 'mount', 'umount'],
  zfs_volume: ['zfs', 'zvol_wait', 'partprobe', 'udevadm'],
  btrfs: ['blkid', 'grep', 'mkfs.btrfs', 'btrfs', 'mount', 'umount', 'findmnt'],
  bcachefs_filesystem: ['blkid', 'grep', 'bcachefs', 'mount', 'umount', 'findmnt'],
  swap: ['blkid', 'grep', 'mkswap', 'swapon', 'swapoff', 'readlink'],
  nodev: ['findmnt', 'mount', 'umount'],
};
