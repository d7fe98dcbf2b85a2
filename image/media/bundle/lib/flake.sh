# Bundles the directory of --flake as Nix itself copies a path: flake: regular files with their x bit, and links as links, also
# those that lead outside. The git history stays behind; the installed system begins a new one.

flake_bytes=0

# measure_flake DIRECTORY: adds its size in a cpio archive to $flake_bytes.
measure_flake() {
  for flake_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -L "$flake_path" ]; then
      flake_bytes=$((flake_bytes + 512))
    elif [ -d "$flake_path" ]; then
      [ "${flake_path##*/}" = .git ] || measure_flake "$flake_path"
    elif [ -f "$flake_path" ]; then
      [ -r "$flake_path" ] || wrong_usage "--flake: cannot read $flake_path"
      # busybox's wc would read the whole file.
      # shellcheck disable=SC2012 # the size is the fifth word, before the name
      flake_bytes=$((flake_bytes + 512 + $(ls -dn "$flake_path" | { read -r _ _ _ _ size _ && echo "$size"; })))
    elif [ -e "$flake_path" ]; then
      wrong_usage "--flake: $flake_path is a device, a socket or a pipe, which cannot be bundled"
    fi
  done
}

# Refuses before copying: a ramfs has no size limit, and filling all RAM would crash the machine.
check_flake() {
  measure_flake "$sent_flake"
  read_memory
  # This copy, and then the memory that loading needs.
  flake_needed=$((flake_bytes / 1024 + $(loading_kib)))
  [ "$kib_available" -lt "$flake_needed" ] || return 0
  refuse PREFLIGHT_MEMORY "--flake $sent_flake has $((flake_bytes / 1048576)) MiB: bundling it needs $((flake_needed / 1024)) MiB of RAM, and $((kib_available / 1024)) MiB are available" \
    "remove large files from the directory, or give the address of the flake"
  refused
}

# copy_flake FROM TO: leaves out every .git, also those of submodules.
copy_flake() {
  mkdir -p "$2"
  for flake_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ "${flake_path##*/}" = .git ]; then
      continue
    elif [ -d "$flake_path" ] && [ ! -L "$flake_path" ] && [ -n "$(find "$flake_path" -name .git)" ]; then
      copy_flake "$flake_path" "$2/${flake_path##*/}"
    # A pattern without a match expands to itself.
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
