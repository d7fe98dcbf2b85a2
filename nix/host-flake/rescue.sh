# shellcheck shell=sh disable=SC2154 # rescue.nix puts the variables in front of this text
# dabei-rescue write ESP...:  writes the archive of the rescue entry to each ESP, and for systemd-boot the entry
# dabei-rescue room TOPLEVEL ESP...:  before a boot loader is installed: where its ESP has no room, the rescue system gives way
# dabei-rescue remove ESP...:  takes entry and files away
# New files lie beside older ones until they are whole; FAT writes names before contents, hence sync.
set -u
umask 077

say() {
  echo "nix-dabei: $*" >&2
}

# put FILE TARGET: does not write what is there already
put() {
  [ ! -f "$2" ] || [ "$(sha256sum <"$1")" != "$(sha256sum <"$2")" ] || return 0
  if cp "$1" "$2.new" && sync -f "$2.new" && mv -f "$2.new" "$2"; then
    sync -f "$2"
    return 0
  fi
  rm -f "$2.new"
  return 1
}

# The private keys lie in RAM meanwhile: /run is never on a disk.
pack() {
  work=$(mktemp -d /run/dabei-rescue.XXXXXX) || return 1
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/root/dabei/capture" "$work/root/ssh" &&
    cp "$machine" "$work/root/dabei/machine.json" &&
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
  {
    echo 'title nix-dabei rescue'
    echo 'sort-key zz-nix-dabei'
    echo 'linux /dabei/bzImage'
    echo 'initrd /dabei/initrd'
    echo 'initrd /dabei/rescue.cpio'
    echo "options $options"
  } >"$work/entry"
}

write_to() {
  mkdir -p "$1/dabei"
  for file in ${package:+bzImage initrd}; do
    put "$package/$file" "$1/dabei/$file" && continue
    say "warning: no room on $1 for the rescue system; the system's own generations come first"
    remove_from "$1"
    return 0
  done
  if [ ! -f "$1/dabei/bzImage" ] || [ ! -f "$1/dabei/initrd" ]; then
    say "warning: no rescue system on $1: set dabei.rescue.package, or dabei.rescue.enable to false"
    remove_from "$1"
    return 0
  fi
  put "$work/archive" "$1/dabei/rescue.cpio" || return 1
  [ -n "$systemd_boot" ] || return 0
  mkdir -p "$1/loader/entries" && put "$work/entry" "$1/loader/entries/nix-dabei.conf"
}

# The entry first: one without its files would be a dead end.
remove_from() {
  rm -f "$1/loader/entries/nix-dabei.conf" "$1/dabei/rescue.cpio"
  sync -f "$1"
  rm -f "$1/dabei/bzImage" "$1/dabei/initrd" "$1/dabei/"*.new
  sync -f "$1"
}

is_default() {
  [ -f "$1/loader/loader.conf" ] || return 1
  while read -r word value _; do
    [ "$word $value" != 'default nix-dabei.conf' ] || return 0
  done <"$1/loader/loader.conf"
  return 1
}

# Kernel and initrd of the new system, before older generations are removed. The name of a kernel on the ESP begins with the hash of its
# store path; an initrd with secrets is written anew each time.
make_room() {
  [ -f "$2/dabei/initrd" ] || return 0
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
[ "$action" != write ] || pack || { say 'the archive of the rescue entry cannot be made' && exit 1; }
for esp; do
  if ! mountpoint -q "$esp"; then
    say "$esp is not mounted: its rescue entry stays as it is"
    continue
  fi
  case $action in
    write) write_to "$esp" || failed=1 ;;
    room) make_room "$toplevel" "$esp" ;;
    remove) remove_from "$esp" ;;
  esac
done
exit "$failed"
