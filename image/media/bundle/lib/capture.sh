# Records the identity of this system unchanged; dabei interprets it.

# capture_identity DIRECTORY
capture_identity() {
  first_line /proc/sys/kernel/hostname >"$1/hostname"
  for file in /etc/machine-id /var/lib/dbus/machine-id; do
    if [ -s "$file" ]; then
      cat "$file" >"$1/machine-id"
      break
    fi
  done
  name_firmware >"$1/firmware"
  old_consoles >"$1/consoles"
}

# With efi=noruntime, only the kernel's log shows that UEFI started the machine.
name_firmware() {
  if [ -d /sys/firmware/efi ]; then
    echo uefi
    return
  fi
  log=$(dmesg 2>/dev/null) || log=''
  case $log in
    *'efi: EFI v'*) echo uefi ;;
    *)
      # A kernel that was started by kexec may lack the UEFI data: 0xd in bits 4 and up of the loader type
      # (Documentation/arch/x86/boot.rst, type_of_loader). Then agent/host/machine/firmware.ts decides.
      case $(cat /proc/sys/kernel/bootloader_type 2>/dev/null) in
        20[89] | 21? | 22[0-3]) echo unknown ;;
        *) echo bios ;;
      esac
      ;;
  esac
}

old_consoles() {
  # shellcheck disable=SC2046 # Words are what is wanted.
  set -f && set -- $(cat /proc/cmdline) && set +f
  for word; do
    case $word in
      console=null) ;;
      console=?*) printf '%s\n' "${word#console=}" ;;
    esac
  done
}

# With panic=30 and oops=panic, a machine whose new kernel crashes restarts into the old system.
write_command_line() {
  line='panic=30 oops=panic'
  while IFS= read -r console; do
    line="$line console=$console"
  done <"$boot/dabei/capture/consoles"
  printf '%s\n' "$line$append"
}

# All authorized keys of root and of the user who became root, from the files that sshd reads. The user's come first: cloud
# images copy the same key into root's file, with a command= that only prints a hint.
capture_authorized_keys() {
  user=${SUDO_USER:-${DOAS_USER-}}
  # "sudo su -" leaves no such variable, but the kernel knows who logged in (Documentation/ABI/stable/procfs-audit_loginuid).
  [ -n "$user" ] || user=$(name_of "$(first_line /proc/self/loginuid)")
  [ "$user" != root ] || user=''
  for name in $user root; do
    # Somebody who is in no list of users has no home, but perhaps keys.
    home=$(home_of "$name") || home=''
    user_key_files "$name" "${home:-/nonexistent}" | while IFS= read -r file; do
      authorized_lines "$file"
    done
  done
  authority_lines
  authorized_lines /etc/dropbear/authorized_keys
}

name_of() {
  case $1 in '' | 0 | 4294967295) return 0 ;; esac
  while IFS=: read -r name_field _ uid_field _; do
    [ "$uid_field" != "$1" ] || printf '%s' "$name_field"
  done </etc/passwd
}

home_of() {
  while IFS=: read -r name_field _ _ _ _ home_field _; do
    if [ "$name_field" = "$1" ]; then
      printf '%s' "$home_field"
      return
    fi
  done </etc/passwd
  ! has getent || getent passwd "$1" | {
    IFS=: read -r _ _ _ _ _ home_field _ && printf '%s' "$home_field"
  }
}

# authorized_lines FILE: prints the whole file after a line with its path. dabei judges each line (agent/keys/captured-keys.ts),
# or sshd itself if dabei does not start; a shell cannot parse quotes, tabs and base64.
authorized_lines() {
  [ -r "$1" ] && [ -f "$1" ] || return 0
  printf '#from %s\n' "$1"
  cat <"$1"
  # The last line may lack its line break.
  printf '\n'
}
