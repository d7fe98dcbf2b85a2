# An archive for the initramfs, without cpio(1): format newc, Documentation/driver-api/early-userspace/buffer-format.rst
# of the kernel.

# cpio_directory DIRECTORY NAME: packs everything below DIRECTORY as NAME/…, each directory before its content.
cpio_directory() {
  cpio_member 040700 "$2"
  for cpio_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    cpio_entry "$cpio_path" "$2/${cpio_path##*/}"
  done
}

# Test for a link first: the other tests follow links.
cpio_entry() {
  if [ -L "$1" ]; then
    cpio_link "$1" "$2"
  elif [ -d "$1" ]; then
    cpio_directory "$1" "$2"
  elif [ -f "$1" ]; then
    case $(ls -ld "$1") in
      ???[xs]*) cpio_member 0100700 "$2" "$1" ;;
      *)
        case $1 in
          *.pub) cpio_member 0100644 "$2" "$1" ;;
          *) cpio_member 0100600 "$2" "$1" ;;
        esac
        ;;
    esac
  fi
}

# cpio_link LINK NAME: the target is the member's content. Command substitution drops final line breaks; the dot protects them.
cpio_link() {
  cpio_target=$(readlink "$1" && echo .)
  cpio_target=${cpio_target%??}
  cpio_header 0120777 "$2" ${#cpio_target}
  printf '%s' "$cpio_target"
  cpio_pad ${#cpio_target}
}

# cpio_member MODE NAME [FILE]
cpio_member() {
  cpio_size=0
  [ -z "${3-}" ] || cpio_size=$(($(wc -c <"$3")))
  cpio_header "$1" "$2" "$cpio_size"
  [ "$cpio_size" -eq 0 ] || cat <"$3"
  cpio_pad "$cpio_size"
}

# cpio_header MODE NAME BYTES
cpio_header() {
  cpio_name_bytes=$((${#2} + 1))
  # magic; inode, which matters only with several links; mode, uid, gid, links, mtime, size, device, device of the node,
  # length of the name, checksum
  printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
    0 "$1" 0 0 1 "$cpio_mtime" "$3" 0 0 0 0 "$cpio_name_bytes" 0
  printf '%s\0' "$2"
  cpio_pad $((110 + cpio_name_bytes))
}

# Zeros up to a multiple of 4.
cpio_pad() {
  case $(($1 % 4)) in
    1) printf '\0\0\0' ;;
    2) printf '\0\0' ;;
    3) printf '\0' ;;
  esac
}

# cpio_archive DIRECTORY: packs its content into the root of the initramfs.
cpio_archive() {
  cpio_mtime=$(date +%s)
  for cpio_top in "$1"/*; do
    cpio_entry "$cpio_top" "${cpio_top##*/}"
  done
  # For the machine's rescue entry: a running kernel cannot give its own file.
  if [ "$wants_kernel" = yes ]; then cpio_member 0100600 kernel "$here/$(kernel_name)"; fi
  cpio_member 0 'TRAILER!!!'
}

pad_initrd() {
  initrd_bytes=$(($(wc -c <"$memory/initrd")))
  cpio_pad "$initrd_bytes" >>"$memory/initrd"
}

# The hashes of all files in $boot, by which the new system's /init finds damage (docs/kexec.md, "Damage in memory"). Only a flake
# may have names with line breaks and backslashes, which sha256sum escapes, and not every busybox reads that.
write_sums() {
  rm -f "$boot/dabei/sums"
  (cd "$boot" && find . -type f ! -name '*[\\
]*' -exec sha256sum {} +) >"$memory/sums"
  if [ "$wants_kernel" = yes ]; then
    kernel_sum=$(sha256sum <"$here/$(kernel_name)")
    echo "${kernel_sum%% *}  ./kernel" >>"$memory/sums"
  fi
  mv "$memory/sums" "$boot/dabei/sums"
}

# Starts from the initrd of the bundle each time, so that nothing is appended twice. The kernel requires that an uncompressed
# archive begins at a multiple of 4, and skips zeros before it.
assemble_initrd() {
  # Sets the new system's clock; written as late as possible.
  date +%s >"$boot/dabei/capture/epoch"
  write_sums
  cp "$here/initrd" "$memory/initrd"
  pad_initrd
  if [ "$with_tools" = yes ]; then
    cat "$here/tools" >>"$memory/initrd"
    pad_initrd
  fi
  cpio_archive "$boot" >>"$memory/initrd"
}
