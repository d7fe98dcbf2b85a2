# shellcheck shell=sh disable=SC2154 # copies.nix puts `keys` in front of this text
# First start of a copy of a disk, in stage 1, before its pool is imported and sshd starts. A power cut may come anywhere, so every step
# can be repeated: first, what the copy will be goes into the initrd on its ESP, beside what the image was; then GUIDs and the end of the
# last partition change with one write of the table, its own copy first; the file "copy" in the initrd, the mark, goes last, when the
# system has done its part (copies-system.sh).
# "own" and "copy" have lines "GUID NUMBER NAME" of the disk (0) and its partitions: of this copy, and of the image.
# For bash and busybox; stage 1 has no programs but coreutils, systemd's and those that copies.nix adds.
set -eu
export LC_ALL=C
umask 077

root=${COPY_ROOT-} # tests have another
etc=$root/etc
sys=$root/sys
hand=$root/run/dabei-copy
work=$root/run/dabei-copy-work

say() {
  echo "nix-dabei copy: $*" >&2
  { echo "nix-dabei copy: $*" >"$root/dev/console"; } 2>/dev/null || true
}

fail() {
  told=yes
  say "FAILED: $*"
  exit 1
}

# What ends without a word of its own, such as a write to a full ESP, has the words of its program before this.
told=
finish() {
  status=$?
  umount "$work/esp" 2>/dev/null || true
  [ "$status" = 0 ] || [ -n "$told" ] || say "FAILED: exit code $status"
}
trap finish EXIT

# --- the disk --------------------------------------------------------------------------------------------------------------

# guid_of FILE NUMBER
guid_of() {
  while read -r guid number _; do
    [ "$number" != "$2" ] || echo "$guid"
  done <"$1"
}

# disks_with GUID: names of the disks whose partition table has it; the table's copy counts as well
disks_with() {
  for block in "$sys"/class/block/*; do
    name=${block##*/}
    case $name in
      loop* | ram* | zram* | zd* | sr* | fd* | dm-* | md* | nbd*) continue ;;
    esac
    if [ -e "$block/partition" ] || [ ! -e "$root/dev/$name" ]; then continue; fi
    if [ "$(blkid -p -s PTUUID -o value "$root/dev/$name" 2>/dev/null)" = "$1" ]; then
      printf '%s ' "$name"
    fi
  done
}

# Sets `disk`. A disk that has the new GUID was being changed when the power failed.
find_disk() {
  rounds=${COPY_ROUNDS-60}
  while :; do
    found=$(disks_with "$(guid_of "$etc/dabei/own" 0)")
    [ -n "$found" ] || found=$(disks_with "$(guid_of "$etc/dabei/copy" 0)")
    if [ -n "$found" ] || [ "$rounds" -le 0 ]; then break; fi
    rounds=$((rounds - 1))
    sleep 1
  done
  # shellcheck disable=SC2086 # a list
  set -- $found
  case $# in
    1) disk=$1 ;;
    0)
      for block in "$sys"/class/block/*; do
        [ "$(cat "$block/queue/logical_block_size" 2>/dev/null)" != 4096 ] ||
          say "${block##*/} has sectors of 4096 bytes; the image is made for sectors of 512, and a copy on such a disk does not work"
      done
      fail "no disk has the partition table of this copy"
      ;;
    *)
      fail "these disks are copies of one image, and none was started before: $*. Nobody can tell which one this is:" \
        "detach all but one of them, start it, and attach the others later"
      ;;
  esac
}

# node_of NUMBER: the device of a partition of `disk`
node_of() {
  for block in "$sys/class/block/$disk"/*/partition; do
    [ -e "$block" ] || continue
    read -r number <"$block"
    block=${block%/partition}
    [ "$number" != "$1" ] || echo "$root/dev/${block##*/}"
  done
}

# sector_of NUMBER First|Last: of a partition, as sgdisk sees it
sector_of() {
  sgdisk -i "$1" "$root/dev/$disk" | while read -r which _ number _; do
    [ "$which" != "$2" ] || echo "$number"
  done
}

# --- what the copy will be -------------------------------------------------------------------------------------------------

choose() {
  while read -r _ number name; do
    read -r guid <"$root/proc/sys/kernel/random/uuid"
    echo "$guid $number $name"
  done <"$etc/dabei/copy" >"$work/own"
  # ZFS takes 0 for none (zgenhostid(8)).
  until head -c 4 /dev/urandom >"$work/hostid" && [ "$(od -An -tx4 "$work/hostid" | tr -d ' ')" != 00000000 ]; do :; done
  for key in $keys; do
    ssh-keygen -q -t ed25519 -N '' -C 'stage 1 of a copy' -f "$work/${key##*/}"
  done
}

# pack: makes work/archive of what is below work/root; the kernel unpacks it over what comes before
pack() {
  (cd "$work/root" && find . -mindepth 1 | cpio -o -H newc -R 0:0 2>/dev/null) >"$work/archive"
  rm -rf "$work/root"
}

# append FILE: adds work/archive to it. The kernel looks for an archive at offsets that 4 divides, and skips zeros before it.
append() {
  cp "$1" "$1.new" || { rm -f "$1.new" && fail "the ESP has no room for ${1##*/}"; }
  size=$(stat -c %s "$1.new")
  head -c $(((4 - size % 4) % 4)) /dev/zero >>"$1.new"
  cat "$work/archive" >>"$1.new"
  sync -f "$1.new"
  mv -f "$1.new" "$1"
  sync -f "$1"
}

# initrds ESP: what a boot entry loads last. GRUB of NixOS has secrets in a file of their own.
initrds() {
  for file in "$1"/kernels/*-secrets; do
    if [ -f "$file" ]; then
      printf '%s\n' "$1"/kernels/*-secrets
      return 0
    fi
  done
  for file in "$1"/EFI/nixos/*initrd* "$1"/kernels/*initrd*; do
    case $file in
      *.new | *.tmp* | *'*'*) ;;
      *) printf '%s\n' "$file" ;;
    esac
  done
}

# What the copy will be goes into each initrd on the ESP, and the host key of stage 1 into the rescue system, before anybody sees them.
keep_on_esp() {
  esp=$work/esp
  mkdir -p "$esp"
  node=$(node_of "$(number_of esp)")
  [ -n "$node" ] || fail "$disk has no ESP"
  mount -t vfat -o umask=0077 "$node" "$esp" || fail "the ESP of $disk cannot be mounted"
  # Where secrets lie until stage 1 copies them (nixos/modules/system/boot/systemd/initrd-secrets.nix of nixpkgs).
  inside=$work/root/.initrd-secrets/etc
  mkdir -p "$inside/dabei" "$inside/ssh"
  cp "$work/own" "$work/hostid" "$etc/dabei/copy" "$inside/dabei/"
  cp "$work/hostid" "$inside/hostid"
  for key in $keys; do
    cp "$work/${key##*/}" "$inside/ssh/"
  done
  pack
  initrds "$esp" >"$work/initrds"
  [ -s "$work/initrds" ] || fail "the ESP of $disk has no initrd"
  while read -r file; do
    append "$file"
  done <"$work/initrds"
  if [ -n "$keys" ] && [ -f "$esp/dabei/rescue.cpio" ]; then
    mkdir -p "$work/root/ssh"
    cp "$work/${keys##*/}" "$work/root/ssh/ssh_host_1_key"
    pack
    append "$esp/dabei/rescue.cpio"
  fi
  umount "$esp"
}

# number_of NAME
number_of() {
  while read -r _ number name; do
    [ "$name" != "$1" ] || echo "$number"
  done <"$etc/dabei/copy"
}

# --- the partition table ---------------------------------------------------------------------------------------------------

# kernel_sees SECTORS: as the size of the last partition
kernel_sees() {
  node=$(node_of "$zfs")
  [ -n "$node" ] && read -r now <"$sys/class/block/${node##*/}/size" && [ "$now" = "$1" ]
}

# Sets `zfs`, the number of the last partition, its sector `first`, and the sector `end` up to which it grows. The last MiB of the disk is
# for the table's copy.
measure() {
  zfs=$(number_of zfs)
  read -r size <"$sys/class/block/$disk/size"
  first=$(sector_of "$zfs" First)
  last=$(sector_of "$zfs" Last)
  if [ -z "$first" ] || [ -z "$last" ]; then fail "the partition table of $disk cannot be read"; fi
  [ $((last + 34)) -le "$size" ] || fail "$disk is smaller than the image: the copy is cut off"
  end=$(((size / 2048 - 1) * 2048 - 1))
  [ "$end" -gt "$last" ] || end=$last
}

change_table() {
  set --
  while read -r guid number name; do
    case $name in
      disk) set -- "$@" -U "$guid" ;;
      zfs) set -- "$@" -d "$number" -n "$number:$first:$end" -t "$number:BF01" -c "$number:zfs" -u "$number:$guid" ;;
      *) set -- "$@" -u "$number:$guid" ;;
    esac
  done <"$work/own"
  sgdisk -e "$@" "$root/dev/$disk" >"$work/said" 2>&1 || { cat "$work/said" >&2 && fail "the partition table of $disk cannot be written"; }
  rounds=20
  until kernel_sees $((end - first + 1)); do
    rounds=$((rounds - 1))
    [ "$rounds" -gt 0 ] || fail "the kernel does not see the new partition table of $disk"
    sleep 1
    blockdev --rereadpt "$root/dev/$disk" 2>/dev/null || true
  done
}

# --- in order --------------------------------------------------------------------------------------------------------------

rm -rf "$work"
mkdir -p "$work"
udevadm settle 2>/dev/null || true
find_disk
say "first start of the copy on $disk"
measure
if [ "$(guid_of "$etc/dabei/own" 0)" = "$(guid_of "$etc/dabei/copy" 0)" ]; then
  choose
  keep_on_esp
else
  # An earlier start chose it, and ended before the mark was removed.
  cp "$etc/dabei/own" "$etc/dabei/hostid" "$work/"
  for key in $keys; do
    cp "$etc/ssh/${key##*/}" "$work/"
    ssh-keygen -y -f "$work/${key##*/}" >"$work/${key##*/}.pub"
  done
fi
change_table
say "GUIDs, host id and host key of this copy are chosen; it fills $disk"

# For the rest of this start; /run stays when the system starts.
cp "$work/own" "$work/hostid" "$etc/dabei/"
rm -f "$etc/hostid"
cp "$work/hostid" "$etc/hostid"
mkdir -p "$hand" "$etc/ssh"
for key in $keys; do
  cp "$work/${key##*/}" "$etc/ssh/"
  cp "$work/${key##*/}" "$work/${key##*/}.pub" "$hand/"
done
cp "$work/hostid" "$etc/dabei/copy" "$hand/"
cp "$work/own" "$hand/own"
# ZFS asks for this first, as long as the machine is up: the system has the host id of the image until copies-system.sh has run.
modprobe spl 2>/dev/null || true
hostid=$sys/module/spl/parameters/spl_hostid
if [ -e "$hostid" ]; then
  echo "0x$(od -An -tx4 "$work/hostid" | tr -d ' ')" >"$hostid"
fi
udevadm trigger --subsystem-match=block 2>/dev/null || true
udevadm settle 2>/dev/null || true
rm -rf "$work"
