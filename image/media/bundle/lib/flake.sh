# The flake that is taken along, as Nix itself takes a directory (path:): files with their x bit, links as links, whatever they
# lead to; and nothing else. It is without its history: the new system begins one of its own.

flake_bytes=0

# measure_flake DIRECTORY: adds what it takes in an archive to $flake_bytes.
measure_flake() {
  for flake_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -L "$flake_path" ]; then
      flake_bytes=$((flake_bytes + 512))
    elif [ -d "$flake_path" ]; then
      [ "${flake_path##*/}" = .git ] || measure_flake "$flake_path"
    elif [ -f "$flake_path" ]; then
      [ -r "$flake_path" ] || wrong_usage "--flake: $flake_path cannot be read"
      # Not by wc: that of busybox reads all of it.
      # shellcheck disable=SC2012 # the size is the fifth word, before the name
      flake_bytes=$((flake_bytes + 512 + $(ls -dn "$flake_path" | { read -r _ _ _ _ size _ && echo "$size"; })))
    elif [ -e "$flake_path" ]; then
      wrong_usage "--flake: $flake_path is a device, a socket or a pipe, which no archive of files holds"
    fi
  done
}

# Refused before it is copied: a file system in RAM that grows without end takes the machine down.
check_flake() {
  measure_flake "$sent_flake"
  read_memory
  # This copy, and then what loading takes.
  flake_needed=$((flake_bytes / 1024 + $(loading_kib)))
  [ "$kib_available" -lt "$flake_needed" ] || return 0
  refuse PREFLIGHT_MEMORY "--flake $sent_flake has $((flake_bytes / 1048576)) MiB: taking it along needs $((flake_needed / 1024)) MiB of RAM, and $((kib_available / 1024)) MiB are available" \
    "take what is large out of the directory, or give the flake's address"
  refused
}

# copy_flake FROM TO: a repository inside of another one, a submodule for example, is without its history, too.
copy_flake() {
  mkdir -p "$2"
  for flake_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ "${flake_path##*/}" = .git ]; then
      continue
    elif [ -d "$flake_path" ] && [ ! -L "$flake_path" ] && [ -n "$(find "$flake_path" -name .git)" ]; then
      copy_flake "$flake_path" "$2/${flake_path##*/}"
    # A pattern that matches nothing stands for itself.
    elif [ -e "$flake_path" ] || [ -L "$flake_path" ]; then
      cp -RP "$flake_path" "$2/"
    fi
  done
}

write_flake() {
  [ ! -d "$boot/dabei/flake" ] || return 0
  check_flake
  copy_flake "$sent_flake" "$boot/dabei/flake"
}
