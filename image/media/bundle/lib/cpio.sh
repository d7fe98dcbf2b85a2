# An archive for the initramfs, without cpio(1): format newc, Documentation/driver-api/early-userspace/buffer-format.rst
# of the kernel.

cpio_line_break='
'

# cpio_directory DIRECTORY NAME: packs everything below DIRECTORY as NAME/…, each directory before its content.
cpio_directory() {
  cpio_member 040700 "$2"
  cpio_content "$1" "$2/"
}

# cpio_content DIRECTORY PREFIX: packs everything below DIRECTORY, its regular files first.
cpio_content() {
  # ls sorts what it is given: each pattern comes sorted, all three together would not.
  cpio_files "$2" "$1"/*
  cpio_files "$2" "$1"/.[!.]*
  cpio_files "$2" "$1"/..?*
  # Positional parameters belong to one call of a function; all other variables belong to all calls.
  for cpio_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    # Test for a link first: the other tests follow links.
    if [ -L "$cpio_path" ]; then
      cpio_link "$cpio_path" "$2${cpio_path##*/}"
    elif [ -d "$cpio_path" ]; then
      cpio_directory "$cpio_path" "$2${cpio_path##*/}"
    fi
  done
}

# cpio_files PREFIX PATH...: packs those of the sorted paths that are regular files.
cpio_files() {
  cpio_prefix=$1
  shift
  cpio_names='' cpio_count=0
  for cpio_path; do
    if [ -L "$cpio_path" ] || [ ! -f "$cpio_path" ]; then continue; fi
    case $cpio_path in
      *"$cpio_line_break"*)
        cpio_together
        cpio_file "$cpio_path" "$cpio_prefix${cpio_path##*/}" "$(ls -ldn "$cpio_path")"
        ;;
      *)
        cpio_names=$cpio_names$cpio_path$cpio_line_break
        cpio_count=$((cpio_count + 1))
        # More would take the shell longer, which copies its lists for each change, and a command line has an end (execve(2): 128 KiB).
        { [ "$cpio_count" -lt 100 ] && [ ${#cpio_names} -lt 50000 ]; } || cpio_together
        ;;
    esac
  done
  cpio_together
}

# Packs the files of $cpio_names, a line each. One ls asks for all of them: starting a program takes longer than all else that is done
# for a small file.
cpio_together() {
  set -f
  IFS=$cpio_line_break
  # shellcheck disable=SC2086 # Lines are what is wanted.
  set -- $cpio_names
  unset IFS
  set +f
  cpio_names='' cpio_count=0
  [ $# -gt 0 ] || return 0
  cpio_lines=$(ls -ldn "$@")
  for cpio_each; do
    cpio_file "$cpio_each" "$cpio_prefix${cpio_each##*/}" "${cpio_lines%%"$cpio_line_break"*}"
    cpio_lines=${cpio_lines#*"$cpio_line_break"}
  done
}

# cpio_file FILE NAME LINE: the line is that of `ls -ldn`, which begins with mode, links, user, group and size.
cpio_file() {
  set -f
  # shellcheck disable=SC2086 # Words are what is wanted.
  set -- "$1" "$2" $3
  set +f
  case $3:$1 in
    ???[xs]*) cpio_mode=0100700 ;;
    *.pub) cpio_mode=0100644 ;;
    *) cpio_mode=0100600 ;;
  esac
  cpio_header "$cpio_mode" "$2" "$7"
  [ "$7" -eq 0 ] || cat <"$1"
  cpio_pad "$7"
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
  cpio_content "$1" ''
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
