/**
 * Scripts in the shape of disko's NoDeps scripts: the same programs with the same options in the same order (wipe, create, mount), in our own
 * words. Each ends at the first failure, the wipe included.
 */

export interface DiskoScript {
  about: string;
  /** How many disks it takes: /dev/vda, /dev/vdb. */
  disks: number;
  text: string;
  /** Of the programs that it starts, those whose lack has to fail it; without blkid, every device counts as empty. */
  programs: readonly string[];
  /** Lines of `findmnt -n -r -o TARGET,FSTYPE -R /mnt`. */
  mounted: readonly string[];
}

/** What lies on a disk, undone from the top: a shell script made by jq from lsblk's JSON. */
const undo = `
def quoted: "'" + gsub("'"; "'\\\\''") + "'";
def undo:
  ((.children // [])[] | undo),
  (.mountpoints[] | select(. != null) | if . == "[SWAP]" then empty else "umount -R \\(quoted)" end),
  (if .fstype == "swap" then "swapoff \\(.path | quoted) || :"
   elif .fstype == "zfs_member" then "zpool destroy -f \\(.label | quoted) || :"
   elif .fstype == "LVM2_member" then
     "vg=$(pvs \\(.path | quoted) --noheadings --options vg_name | tr -d ' ')",
     "if [ -n \\"$vg\\" ]; then vgchange -a n \\"$vg\\"; vgremove -f \\"$vg\\"; fi"
   else empty end),
  (if .type == "crypt" then "cryptsetup luksClose \\(.path | quoted)"
   elif (.type | test("^raid")) then "mdadm --stop \\(.path | quoted)"
   elif .type == "part" or .type == "disk" then "wipefs --all -f \\(.path | quoted)"
   else empty end);
# lsblk shows a device below each of its parents.
reduce ([.blockdevices[] | select("/dev/\\(.name)" == $disk) | undo][]) as $line ([]; if index($line) then . else . + [$line] end)
| join("\\n")`;

const head = (disks: readonly string[]) => `#!/usr/bin/env bash
set -efuo pipefail
umount -Rv /mnt || :
cat >/tmp/undo.jq <<'END'
${undo}
END
# shellcheck disable=SC2043 # One disk is a list, too.
for disk in ${disks.join(' ')}; do
  lsblk --output-all --json | jq -r --arg disk "$disk" -f /tmp/undo.jq | bash -efux -o pipefail
  dd if=/dev/zero of="$disk" bs=440 count=1 status=none
done
set -x
devices=$(mktemp -d)
trap 'rm -rf "$devices"' EXIT
`;

/** A new table with these partitions: "number:size:type:label". */
const table = (disk: string, partitions: readonly string[]) =>
  [
    `if ! blkid ${disk} >&2; then sgdisk --clear ${disk}; fi`,
    ...partitions.map(partition => {
      const [number, size, type, label] = partition.split(':');
      return `sgdisk --align-end --new=${number}:0:${size} --partition-guid=${number}:R --change-name=${number}:${label} \\
  --typecode=${number}:${type} --attributes=${number}:=:0 ${disk}
# Links such as /dev/disk/by-path/...-partN have to be there from here on.
partprobe ${disk} || :
udevadm trigger --subsystem-match=block
udevadm settle --timeout 120`;
    }),
  ].join('\n');

const label = (name: string) => `/dev/disk/by-partlabel/${name}`;

const make = (device: string, program: string) => `if ! (blkid "${device}" | grep -q 'TYPE='); then
  ${program} "${device}"
fi`;

const mount = (device: string, at: string, type: string, options = '') => `if ! findmnt "${device}" "/mnt${at}" >/dev/null 2>&1; then
  mount "${device}" "/mnt${at}" -t ${type} ${options} -o X-mount.mkdir
fi`; // prettier-ignore

const esp = [make(label('disk-main-ESP'), 'mkfs.vfat -F 32'), mount(label('disk-main-ESP'), '/boot', 'vfat', '-o umask=0077')] as const; // prettier-ignore

export const diskoScripts: Readonly<Record<string, DiskoScript>> = {
  luks: {
    about: 'LUKS with ext4, swap beside it',
    disks: 1,
    programs: ['jq', 'lsblk', 'sgdisk', 'mkfs.vfat', 'cryptsetup', 'mkfs.ext4', 'mkswap', 'swapon', 'udevadm'],
    mounted: ['/mnt ext4', '/mnt/boot vfat'],
    text: `${head(['/dev/vda'])}
${table('/dev/vda', ['1:+64M:EF00:disk-main-ESP', '2:+64M:8200:disk-main-swap', '3:-0:8300:disk-main-luks'])}
${esp[0]}
if ! (blkid "${label('disk-main-swap')}" -o export | grep -q '^TYPE='); then mkswap "${label('disk-main-swap')}"; fi
if ! blkid "${label('disk-main-luks')}" >/dev/null || ! cryptsetup isLuks "${label('disk-main-luks')}"; then
  cryptsetup -q luksFormat "${label('disk-main-luks')}" --key-file <(set +x; echo -n "$(cat /tmp/disk.key)"; set -x)
fi
if ! cryptsetup status crypted >/dev/null; then
  cryptsetup open "${label('disk-main-luks')}" crypted --allow-discards --key-file <(set +x; echo -n "$(cat /tmp/disk.key)"; set -x) --persistent
fi
${make('/dev/mapper/crypted', 'mkfs.ext4')}
${mount('/dev/mapper/crypted', '', 'ext4', '-o noatime')}
${esp[1]}
if ! swapon --show | grep -q "^$(readlink -f "${label('disk-main-swap')}") "; then
  swapon --discard=once --priority=5 --options=defaults "${label('disk-main-swap')}"
fi
`,
  },
  btrfs: {
    about: 'btrfs with subvolumes, and a swap file in one of them',
    disks: 1,
    programs: ['jq', 'sgdisk', 'mkfs.btrfs', 'btrfs', 'mkfs.vfat'],
    mounted: ['/mnt btrfs', '/mnt/home btrfs', '/mnt/boot vfat'],
    text: `${head(['/dev/vda'])}
${table('/dev/vda', ['1:+64M:EF00:disk-main-ESP', '2:-0:8300:disk-main-root'])}
${esp[0]}
if ! (blkid "${label('disk-main-root')}" -o export | grep -q '^TYPE='); then mkfs.btrfs "${label('disk-main-root')}" -f; fi
for volume in root home; do
  (
    at=$(mktemp -d)
    mount "${label('disk-main-root')}" "$at" -o subvol=/
    trap 'umount "$at"; rm -rf "$at"' EXIT
    if ! btrfs subvolume show "$at/$volume" >/dev/null 2>&1; then btrfs subvolume create "$at/$volume"; fi
    if [ "$volume" = root ] && ! test -e "$at/root/swapfile"; then btrfs filesystem mkswapfile --size 64M "$at/root/swapfile"; fi
  )
done
${mount(label('disk-main-root'), '', 'btrfs', '-o compress=zstd -o subvol=root')}
${mount(label('disk-main-root'), '/home', 'btrfs', '-o subvol=home')}
${esp[1]}
`,
  },
  lvm: {
    about: 'LVM on a RAID of two disks, ext4 and XFS',
    disks: 2,
    programs: ['jq', 'sgdisk', 'mdadm', 'pvcreate', 'vgcreate', 'lvcreate', 'vgchange', 'mkfs.ext4', 'mkfs.xfs'],
    mounted: ['/mnt ext4', '/mnt/home xfs', '/mnt/boot vfat'],
    text: `${head(['/dev/vda', '/dev/vdb'])}
${table('/dev/vda', ['1:+64M:EF00:disk-main-ESP', '2:-0:FD00:disk-main-raid'])}
${table('/dev/vdb', ['1:+64M:8300:disk-second-free', '2:-0:FD00:disk-second-raid'])}
${esp[0]}
echo "${label('disk-main-raid')}" >>"$devices/raid_mirror"
echo "${label('disk-second-raid')}" >>"$devices/raid_mirror"
if ! test -e /dev/md/mirror; then
  readarray -t members < <(cat "$devices/raid_mirror")
  echo y | mdadm --create /dev/md/mirror --level=1 --raid-devices="$(wc -l "$devices/raid_mirror" | cut -f 1 -d ' ')" \\
    --metadata=default --force --homehost=any "\${members[@]}"
  partprobe /dev/md/mirror
  udevadm trigger --subsystem-match=block
  udevadm settle --timeout=120
  sgdisk --zap-all /dev/md/mirror
fi
if ! (blkid /dev/md/mirror | grep -q 'TYPE='); then pvcreate /dev/md/mirror; fi
echo /dev/md/mirror >>"$devices/lvm_pool"
modprobe dm-snapshot
readarray -t members < <(cat "$devices/lvm_pool")
if ! vgdisplay pool >/dev/null; then vgcreate pool "\${members[@]}"; fi
if ! lvdisplay pool/root; then lvcreate --yes -L 400M -n root pool; fi
if ! lvdisplay pool/home; then lvcreate --yes -l 100%FREE -n home pool; fi
${make('/dev/pool/root', 'mkfs.ext4')}
${make('/dev/pool/home', 'mkfs.xfs')}
vgchange -a y
${mount('/dev/pool/root', '', 'ext4')}
${mount('/dev/pool/home', '/home', 'xfs')}
${esp[1]}
`,
  },
  zfs: {
    about: 'ZFS with an encrypted dataset and a volume',
    disks: 1,
    programs: ['jq', 'sgdisk', 'zpool', 'zfs', 'zvol_wait', 'mkfs.ext4', 'mkfs.vfat'],
    mounted: ['/mnt zfs', '/mnt/data ext4', '/mnt/boot vfat'],
    text: `${head(['/dev/vda'])}
${table('/dev/vda', ['1:+64M:EF00:disk-main-ESP', '2:-0:BF01:disk-main-zfs'])}
${esp[0]}
echo "${label('disk-main-zfs')}" >>"$devices/zfs_tank"
readarray -t members < <(cat "$devices/zfs_tank")
if ! { zpool import -N -f tank || zpool list tank; }; then
  zpool create -f tank -R /mnt -m none -o ashift=12 -O canmount=off -O compression=zstd "\${members[@]}"
  if [[ $(zfs get -H mounted tank | cut -f3) == yes ]]; then zfs unmount tank; fi
fi
if ! zfs get type tank/root >/dev/null 2>&1; then
  zfs create -up tank/root -o mountpoint=legacy -o encryption=aes-256-gcm -o keyformat=passphrase -o keylocation=file:///tmp/disk.key
fi
if ! zfs get type tank/data >/dev/null 2>&1; then
  zfs create tank/data -V 128M
  zvol_wait
  partprobe /dev/zvol/tank/data
  udevadm trigger --subsystem-match=block
  udevadm settle --timeout=120
fi
${make('/dev/zvol/tank/data', 'mkfs.ext4')}
if [ "$(zfs get keystatus tank/root -H -o value)" == unavailable ]; then zfs load-key tank/root; fi
if ! findmnt tank/root /mnt >/dev/null 2>&1; then mount tank/root /mnt -o X-mount.mkdir -t zfs; fi
${mount('/dev/zvol/tank/data', '/data', 'ext4')}
${esp[1]}
`,
  },
}; // prettier-ignore
