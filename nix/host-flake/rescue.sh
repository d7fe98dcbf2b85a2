# shellcheck shell=sh disable=SC2154 # rescue.nix, or the installer (agent/plan/rescue/renew.ts), gives the variables
# dabei-rescue write ESP...:  writes the archive of the rescue entry to each ESP, and the entry
# dabei-rescue renew ESP...:  the entry is for another system, named by $system; its archive stays
# dabei-rescue room TOPLEVEL ESP...:  before a boot loader is installed: where its ESP has no room, the rescue system gives way
# dabei-rescue remove ESP...:  takes entry and files away
#
# An ESP has the archive dabei/rescue.cpio, one system dabei/ID/ (kernel, initrd, and "about", which comes last), and the entry:
# loader/entries/nix-dabei.conf, or dabei/grub.cfg, which GRUB's menu includes. New files lie beside older ones until they are whole; the
# entry is switched by one rename; then the older system goes. FAT writes names before contents, hence sync.
set -u
umask 077

say() {
  echo "nix-dabei: $*" >&2
}

# put FILE TARGET: does not write what is there already
put() {
  [ ! -f "$2" ] || [ "$(sha256sum <"$1")" != "$(sha256sum <"$2")" ] || return 0
  # The same time on every ESP: rsync compares it (dabei.nix).
  if cp "$1" "$2.new" && touch -r "$1" "$2.new" && sync -f "$2.new" && mv -f "$2.new" "$2"; then
    sync -f "$2"
    return 0
  fi
  rm -f "$2.new"
  return 1
}

# replace OLD NEW: everywhere in `text`
replace() {
  before=
  while [ "$text" != "${text#*"$1"}" ]; do
    before=$before${text%%"$1"*}$2
    text=${text#*"$1"}
  done
  text=$before$text
}

# Prints the machine that the rescue system belongs to. A copy of a disk has GUIDs and a host id of its own (copies.nix).
describe_machine() {
  text=$(cat "$machine") || return 1
  if [ -n "${replaced-}" ]; then
    { [ -r /etc/dabei/own ] && id=$(od -An -tx4 /etc/dabei/hostid); } || return 1
    for pair in $replaced; do
      while read -r guid _ name; do
        [ "$name" != "${pair%%=*}" ] || replace "${pair#*=}" "$guid"
      done </etc/dabei/own
    done
    replace "\"hostId\":\"$replaced_host_id\"" "\"hostId\":\"${id# }\""
  fi
  printf '%s' "$text"
}

# The private keys lie in RAM meanwhile: /run is never on a disk.
pack() {
  mkdir -p "$work/root/dabei/capture" "$work/root/ssh" &&
    describe_machine >"$work/root/dabei/machine.json" &&
    cp "$keys" "$work/root/ssh/authorized_keys" &&
    echo 2222 >"$work/root/dabei/capture/ssh-port" || return 1
  number=0
  for key in $host_keys; do
    if [ ! -f "$key" ]; then
      say "warning: there is no $key, so the rescue system will have a host key that nobody knows"
      continue
    fi
    number=$((number + 1))
    cp "$key" "$work/root/ssh/ssh_host_${number}_key" || return 1
  done
  chmod -R u=rwX,go= "$work/root"
  # The same archive again has the same bytes: no times, inodes or device numbers of this moment.
  (
    cd "$work/root" && touch -d @1 dabei/capture/* dabei/* ssh/* dabei ssh &&
      printf '%s\n' dabei dabei/capture dabei/capture/ssh-port dabei/machine.json ssh ssh/* |
      cpio -o -H newc -R 0:0 --ignore-devno --renumber-inodes >"$work/archive" 2>"$work/said"
  ) || { cat "$work/said" >&2 && return 1; }
}

# kernel_in DIRECTORY: its name there; each architecture has its own
kernel_in() {
  for candidate in bzImage vmlinuz.efi; do
    [ ! -f "$1/$candidate" ] || { echo "$candidate" && return 0; }
  done
  return 1
}

is_whole() {
  [ -f "$1/about" ] && [ -f "$1/initrd" ] && kernel_in "$1" >/dev/null
}

# entry_of ESP: sets `named`, the system of its entry, and `given`, the kernel parameters
entry_of() {
  named='' given=''
  for file in "$1/loader/entries/nix-dabei.conf" "$1/dabei/grub.cfg"; do
    [ -f "$file" ] || continue
    while read -r word path rest; do
      case $word in
        linux) named=${path#/dabei/} named=${named%%/*} given=$rest ;;
        options) given=$path${rest:+ $rest} ;;
      esac
    done <"$file"
  done
}

# system_on ESP: the system of its entry; without one, a system that is whole
system_on() {
  entry_of "$1"
  [ -z "$named" ] || ! is_whole "$1/dabei/$named" || { echo "$named" && return 0; }
  for directory in "$1"/dabei/*/; do
    ! is_whole "$directory" || { basename "$directory" && return 0; }
  done
  return 1
}

# wanted_on ESP: $system, if it is there; by default, what system_on says
wanted_on() {
  if [ -n "${system-}" ] && is_whole "$1/dabei/$system"; then echo "$system"; else system_on "$1"; fi
}

# copy_system ESP ID: from the package
copy_system() {
  ! is_whole "$1/dabei/$2" || return 0
  rm -rf "$1/dabei/${2:?}"
  if mkdir -p "$1/dabei/$2" && cp "$package/$(kernel_in "$package")" "$package/initrd" "$1/dabei/$2/" && sync -f "$1"; then
    if [ -f "$package/about" ]; then cat "$package/about"; fi >"$1/dabei/$2/about" && sync -f "$1" && return 0
  fi
  rm -rf "$1/dabei/${2:?}"
  return 1
}

# make_entry ESP ID OPTIONS
make_entry() {
  kernel=$(kernel_in "$1/dabei/$2") || return 1
  printf '%s\n' 'title nix-dabei rescue' 'sort-key zz-nix-dabei' "linux /dabei/$2/$kernel" "initrd /dabei/$2/initrd" \
    'initrd /dabei/rescue.cpio' "options $3" >"$work/systemd-boot"
  # GRUB's root is the ESP that its menu is on. Where GRUB has a password, it would wait for it at the console, also when a trial has failed.
  printf '%s\n' 'menuentry "nix-dabei rescue" --id nix-dabei --unrestricted {' "linux /dabei/$2/$kernel $3" \
    "initrd /dabei/$2/initrd /dabei/rescue.cpio" '}' >"$work/grub"
}

# has_systemd_boot ESP: "yes" and "" hold for all; "auto": the ESP itself tells
has_systemd_boot() {
  case $systemd_boot in
    auto) [ -d "$1/loader/entries" ] ;;
    *) [ -n "$systemd_boot" ] ;;
  esac
}

# put_entry ESP ID OPTIONS: then the ESP's other systems go
put_entry() {
  make_entry "$1" "$2" "$3" || return 1
  if has_systemd_boot "$1"; then
    mkdir -p "$1/loader/entries" && put "$work/systemd-boot" "$1/loader/entries/nix-dabei.conf" || return 1
  else
    put "$work/grub" "$1/dabei/grub.cfg" || return 1
  fi
  remove_others "$1" "$2"
}

# remove_others ESP ID: every other system, and what a power cut left
remove_others() {
  for directory in "$1"/dabei/*/; do
    [ "$(basename "$directory")" = "$2" ] || remove_system "${directory%/}"
  done
  rm -f "$1/dabei/"*.new
}

# A directory without "about" counts as nothing, also if the rest of it is still there after a power cut.
remove_system() {
  if [ -f "$1/initrd" ] || kernel_in "$1" >/dev/null; then
    rm -f "$1/about" && sync -f "$1" && rm -rf "$1" && sync -f "${1%/*}"
  fi
}

write_to() {
  mkdir -p "$1/dabei"
  id=
  if [ -n "$package" ]; then
    sum=$(cat "$package/$(kernel_in "$package")" "$package/initrd" | sha256sum)
    id=$(printf %.12s "$sum")
    if ! copy_system "$1" "$id"; then
      say "warning: no room on $1 for another rescue system; what is there stays, and the system's own generations come first"
      id=
    fi
  fi
  [ -n "$id" ] || id=$(wanted_on "$1") || {
    say "warning: no rescue system on $1: set dabei.rescue.package, or dabei.rescue.enable to false"
    remove_from "$1"
    return 0
  }
  entry_of "$1"
  put "$work/archive" "$1/dabei/rescue.cpio" && put_entry "$1" "$id" "${options:-$given}" || return 1
  tell_features "$1/dabei/$id/about"
}

# An ESP without the archive, or without an entry, is left alone: one without its files would be a dead end.
renew_on() {
  entry_of "$1"
  if [ -z "$named" ] || [ ! -f "$1/dabei/rescue.cpio" ] || ! is_whole "$1/dabei/$system"; then
    say "$1 has no rescue entry"
    return 0
  fi
  put_entry "$1" "$system" "$given"
}

# tell_features ABOUT: features of the pool that are in use, and that the ZFS of the rescue system does not have
tell_features() {
  [ -n "${pool-}" ] && [ -z "${told_features-}" ] || return 0
  told_features=yes
  known=
  while read -r word rest; do
    [ "$word" != zfs-features ] || known=$rest
  done <"$1"
  timeout 60 zpool get -H -o property,value all "$pool" >"$work/features" 2>/dev/null || return 0
  if [ -z "$known" ]; then
    say "warning: nothing is known of the ZFS of the rescue system: its package has no file \"about\" with a line \"zfs-features\", so" \
      "nobody can tell whether it can open the pool $pool; take a package that has it, such as netboot of nix-dabei: dabei.rescue.package"
    return 0
  fi
  missing=
  while read -r property value; do
    case $property/$value in feature@*/active) ;; *) continue ;; esac
    case " $known " in
      *" ${property#feature@} "*) ;;
      *) missing="$missing${missing:+, }${property#feature@}" ;;
    esac
  done <"$work/features"
  [ -z "$missing" ] ||
    say "warning: the pool $pool uses features that the rescue system does not have, so it can only read the pool, or not even that:" \
      "$missing; renew the rescue system (docs/rescue.md): dabei.rescue.package"
}

# The entry first: one without its files would be a dead end.
remove_from() {
  rm -f "$1/loader/entries/nix-dabei.conf" "$1/dabei/grub.cfg" "$1/dabei/rescue.cpio"
  sync -f "$1"
  remove_others "$1" none
  sync -f "$1"
}

# Of systemd-boot, or of GRUB, while a first boot is on trial (trial-state.sh).
is_default() {
  for file in "$1/loader/loader.conf" "$1/grub/grubenv"; do
    [ -f "$file" ] || continue
    while read -r line || [ -n "$line" ]; do
      case $line in
        'default nix-dabei.conf' | dabei_trial=*) return 0 ;;
      esac
    done <"$file"
  done
  return 1
}

# Kernel and initrd of the new system, before older generations are removed. The name of a kernel on the ESP begins with the hash of its
# store path; an initrd with secrets is written anew each time.
make_room() {
  id=$(system_on "$2") || id=none
  remove_others "$2" "$id"
  [ "$id" != none ] || return 0
  kernel=$(readlink -f "$1/kernel")
  name=${kernel#/nix/store/}
  needed=$(($(stat -Lc %s "$1/initrd") + 1048576))
  found=
  for file in "$2"/EFI/nixos/"${name%%-*}"-* "$2"/kernels/"${name%%-*}"-*; do
    [ ! -e "$file" ] || found=yes
  done
  [ -n "$found" ] || needed=$((needed + $(stat -c %s "$kernel")))
  free=$(($(stat -f -c '%a * %S' "$2")))
  [ "$free" -lt "$needed" ] || return 0
  if is_default "$2"; then
    say "warning: $2 has $((free / 1048576)) MiB free and the new generation needs $((needed / 1048576)), but the rescue system is the default"
    return 0
  fi
  say "warning: $2 has $((free / 1048576)) MiB free and the new generation needs $((needed / 1048576)): the rescue system gives way"
  remove_from "$2"
}

action=$1
shift
if [ "$action" = room ]; then
  toplevel=$1
  shift
fi
failed=0
work=$(mktemp -d /run/dabei-rescue.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
[ "$action" != write ] || pack || { say 'the archive of the rescue entry cannot be made' && exit 1; }
for esp; do
  if ! mountpoint -q "$esp"; then
    say "$esp is not mounted: its rescue entry stays as it is"
    continue
  fi
  case $action in
    write) write_to "$esp" || failed=1 ;;
    renew) renew_on "$esp" || failed=1 ;;
    room) make_room "$toplevel" "$esp" ;;
    remove) remove_from "$esp" ;;
  esac
done
exit "$failed"
