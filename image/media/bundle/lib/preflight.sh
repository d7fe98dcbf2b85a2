# Decides whether to start the new system. The program that will install also checks: `dabei preflight`, run from the image inside
# the initrd. If this kernel cannot mount the image, only basic checks in shell are possible.

# Results of `dabei preflight`: whether it would erase anything, whether run has to ask for a passphrase, and whether the new system needs
# its kernel once more.
erases=no ask_passphrase=no wants_kernel=no

preflight() {
  if mount_image; then
    : >"$memory/result"
    code=0

    read_ahead
    second_initrd=''
    [ "$with_tools" = no ] || second_initrd='--second-initrd /mnt/bundle/tools'
    # The image's busybox, and env with it, comes from the initramfs: here, the image lacks it.
    # shellcheck disable=SC2086 # Words are what is wanted.
    timeout 180 env -i "PATH=/usr/sbin:/usr/bin:$PATH" HOME=/ "TERM=${TERM-dumb}" \
      chroot "$image" /usr/bin/dabei preflight --capture /mnt/boot/dabei/capture --image /mnt/bundle \
      --command-line /mnt/command-line $second_initrd --result /mnt/result || code=$?
    umount_image
    case $code in
      0)
        read_result
        return
        ;;
      10) refused ;;
      # Never started, or killed by a signal, for example because memory ran out.
      12[4-9] | 1[3-9]?) say "dabei cannot run on this system (exit code $code)" ;;
      *) exit 1 ;;
    esac
  fi
  say "only basic checks are possible here; disks and drivers are checked after the switch to the new system"
  # A shell cannot parse the file, so assume that it erases disks.
  [ "$install" = no ] && [ -z "$config_file" ] || erases=yes
  [ "$install" = no ] || [ -n "$passphrase$config_file" ] || [ "$layout" = disko ] || ask_passphrase=yes
  shell_checks
  stop_if_refused
}

read_result() {
  while IFS='=' read -r name value; do
    case $name:$value in
      erases:yes) erases=yes ;;
      passphrase:missing) ask_passphrase=yes ;;
      kernel:wanted) wants_kernel=yes ;;
      # The disks that dabei has shown, by stable names: the new kernel finds the same ones.
      devices:?*) disk_selectors=${value#?} disk_selectors=${disk_selectors%?} ;;
    esac
  done <"$memory/result"
}

image=$memory/root
image_loop=''

# The squashfs is inside the initrd file, uncompressed, at a multiple of the page size.
mount_image() {
  [ -e /sys/module/loop ] || modprobe loop 2>/dev/null || :
  modprobe squashfs 2>/dev/null || :
  mkdir -p "$image" "$memory/bundle"
  offset=$(first_line "$here/offset")
  if ! why=$(mount -t squashfs -o "ro,loop,offset=$offset" "$here/initrd" "$image" 2>&1) && ! mount_by_losetup; then
    say "this kernel cannot mount the image: $why"
    umount_image
    return 1
  fi
  if ! bind_old_system; then
    umount_image
    return 1
  fi
}

# The process that unpacks libraries.
reading=''

# As in the image's /init. Node begins with its own library, so the other processor begins with the others.
read_ahead() {
  [ -d /sys/devices/system/cpu/cpu1 ] || return 0
  read_memory
  [ "$kib_available" -ge "$read_ahead_kib" ] || return 0
  cat "$image"/usr/lib/*/libcrypto.so.* "$image"/usr/lib/*/libicu*.so.* "$image"/usr/lib/*/libnode.so.* >/dev/null 2>&1 &
  reading=$!
}

# busybox's mount has no option offset=.
mount_by_losetup() {
  image_loop=$(losetup -f 2>/dev/null) || return 1
  losetup -r -o "$offset" "$image_loop" "$here/initrd" 2>/dev/null || return 1
  mount -t squashfs -o ro "$image_loop" "$image" 2>/dev/null
}

bind_old_system() {
  for directory in proc sys dev run; do
    mount --rbind "/$directory" "$image/$directory" || return 1
    # Otherwise unmounting would propagate to the old system (mount_namespaces(7)).
    mount --make-rslave "$image/$directory" || return 1
  done
  mount --bind "$memory" "$image/mnt" && mount --bind "$here" "$image/mnt/bundle"
}

umount_image() {
  [ -z "$reading" ] || {
    kill "$reading"
    wait "$reading"
  } 2>/dev/null || :
  reading=''
  umount -l "$image" 2>/dev/null || :
  if [ -n "$image_loop" ]; then
    losetup -d "$image_loop" 2>/dev/null || :
    image_loop=''
  fi
}

# The same reasons and codes as in agent/plan/preflight/preflight.ts, as far as a shell can check them.
shell_checks() {
  check_kexec
  check_memory
  [ "$nixos_anywhere$install" != yesno ] || warn_of_room
  if [ "$(wc -c <"$memory/command-line")" -gt $((longest_command_line + 1)) ]; then
    refuse PREFLIGHT_COMMAND_LINE "the command line for the new kernel is longer than $longest_command_line bytes" "pass less with --append"
  fi
  if [ -z "$("$memory/ip" -4 route show default 2>/dev/null)$("$memory/ip" -6 route show default 2>/dev/null)" ]; then
    refuse PREFLIGHT_NO_DEFAULT_ROUTE "there is no default route that the new system could take over" \
      "give network.interfaces in --config FILE"
  fi
}

check_kexec() {
  sys=/sys/kernel
  case $(first_line "$sys/security/lockdown") in
    '' | *'[none]'*) ;;
    *) refuse PREFLIGHT_LOCKDOWN "the running kernel is locked down" "switch Secure Boot off in the firmware, or boot without lockdown=" ;;
  esac
  if [ ! -r "$sys/security/lockdown" ] && secure_boot; then
    refuse PREFLIGHT_SECURE_BOOT "Secure Boot is on, and the image is not signed" "switch Secure Boot off in the firmware"
  fi
  if [ ! -e "$sys/kexec_loaded" ]; then
    refuse PREFLIGHT_KEXEC_UNSUPPORTED "the running kernel was built without kexec" "boot another kernel, or boot the image by PXE"
  elif [ "$(first_line /proc/sys/kernel/kexec_load_disabled)" = 1 ]; then
    refuse PREFLIGHT_KEXEC_DISABLED "kernel.kexec_load_disabled is 1, which only a restart resets" \
      "remove it from /etc/sysctl.d and restart"
  fi
}

# The fifth byte of the variable is its value (UEFI 2.10, 3.3; the first four are attributes). od reads all five: efivarfs cannot
# seek, and busybox's od does not skip by reading.
secure_boot() {
  for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
    [ -r "$variable" ] || continue
    # shellcheck disable=SC2046 # Words are what is wanted.
    set -- $(od -An -tu1 -N5 "$variable")
    [ "${5-0}" -ne 1 ] || return 0
  done
  return 1
}

read_memory() {
  kib_total=0 kib_available=0
  while read -r name value _; do
    case $name in
      MemTotal:) kib_total=$value ;;
      MemAvailable:) kib_available=$value ;;
    esac
  done </proc/meminfo
}

# Size of what run appends to the initrd: the second initrd, the flake and the configuration; everything else is a few KiB.
appended_kib() {
  config_bytes=0 tools_bytes=0
  [ -z "$config_file" ] || config_bytes=$(wc -c <"$config_file")
  [ "$with_tools" = no ] || tools_bytes=$(wc -c <"$here/tools")
  echo $(((flake_bytes + config_bytes + tools_bytes) / 1024))
}

# Memory for loading: one copy of the initrd in the ramfs, one in the kernel, the kernel itself, and kexec's own use.
loading_kib() {
  echo $((2 * ($(wc -c <"$here/initrd") / 1024 + $(appended_kib)) + $(kernel_kib) + loading_slack_kib))
}

# The second line of the file, in bytes: of a kernel that kexec unpacks. Without it, the kernel's size.
kernel_kib() {
  kernel_bytes=''
  { IFS= read -r kernel_line && IFS= read -r kernel_bytes; } <"$here/kernel" || kernel_bytes=$(wc -c <"$here/$kernel_line")
  echo $((kernel_bytes / 1024))
}

check_memory() {
  read_memory
  needed=$(loading_kib)
  if [ "$kib_available" -lt "$needed" ]; then
    refuse PREFLIGHT_MEMORY "$((kib_available / 1024)) MiB of RAM are available, loading takes $((needed / 1024)) MiB" \
      "stop services that use memory"
  fi
  least=$least_rescue_kib
  [ "$install" = no ] || least=$least_install_kib
  least=$((least + copies_of_appended * $(appended_kib)))
  if [ "$kib_total" -lt "$least" ]; then
    refuse PREFLIGHT_MEMORY "the machine has $((kib_total / 1024)) MiB of RAM, the new system needs $((least / 1024)) MiB" \
      "use a machine with more memory"
  fi
}

# What fits into /nix of the rescue system, before compression (agent/plan/nix/store-in-ram.ts).
room_kib() {
  if [ "$kib_total" -ge "$store_below_kib" ]; then
    echo $((kib_total / 2))
  elif [ "$kib_total" -lt "$least_install_kib" ]; then
    echo 0
  else
    room=$((kib_total - store_beside_kib))
    [ "$room" -ge "$store_least_kib" ] || room=$store_least_kib
    # Whole mebibytes.
    echo $((room / 1024 * 1024 * store_percent / 100))
  fi
}

# The size of the closure is known to nixos-anywhere alone, and only later.
warn_of_room() {
  room=$(room_kib)
  if [ "$room" -ge "$store_enough_kib" ]; then
    return 0
  elif [ "$room" -eq 0 ]; then
    say "warning: the memory has no room for disko's programs, which nixos-anywhere copies into RAM: use its option --no-disko-deps"
  else
    say "warning: about $((room / 1024)) MiB of disko's programs fit into RAM, where nixos-anywhere copies them before a disk is touched:" \
      'larger ones end with "No space left on device", and its option --no-disko-deps copies none'
  fi
}

# The first line of the file is the architecture of this bundle; those of the others for which there is a bundle follow.
require_architecture() {
  own=$(uname -m)
  for_this=$(first_line "$here/machine")
  [ "$own" != "$for_this" ] || return 0
  while IFS= read -r other; do
    if [ "$own" = "$other" ]; then
      refuse PREFLIGHT_ARCHITECTURE "this machine is $own, this bundle is for $for_this" \
        "take nix-dabei-kexec-$own-linux.tar.gz"
      return 0
    fi
  done <"$here/machine"
  refuse PREFLIGHT_ARCHITECTURE "this machine is $own, this bundle is for $for_this" \
    "there is no bundle for $own; if the processor is $for_this, start a kernel of that architecture first"
}
