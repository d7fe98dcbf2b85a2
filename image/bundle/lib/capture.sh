# What this system is, written down as it is: the new one decides what to make of it.

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

# With efi=noruntime some kernels do not show that they were started by UEFI, except in their log.
name_firmware() {
  if [ -d /sys/firmware/efi ]; then
    echo uefi
    return
  fi
  log=$(dmesg 2>/dev/null) || log=''
  case $log in
    *'efi: EFI v'*) echo uefi ;;
    *)
      # A kernel that kexec started may have been told nothing of UEFI: 0xd in bits 4 and up
      # (Documentation/arch/x86/boot.rst, type_of_loader). agent/host/firmware.ts decides then.
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

# What is begun with panic=30 and oops=panic restarts into the old system where a process cannot do it any more.
write_command_line() {
  line='panic=30 oops=panic'
  while IFS= read -r console; do
    line="$line console=$console"
  done <"$boot/dabei/capture/consoles"
  printf '%s\n' "$line$append"
}

# capture_host_keys DIRECTORY: all types, with their public halves.
capture_host_keys() {
  for key in /etc/ssh/ssh_host_*_key; do
    copy_host_key "$key" "$1/${key##*/}"
  done
  if ! any "$1"/ssh_host_*_key && has sshd; then
    number=0
    sshd -T 2>/dev/null | while read -r option value; do
      [ "$option" = hostkey ] || continue
      number=$((number + 1))
      copy_host_key "$value" "$1/ssh_host_${number}_key"
    done
  fi
  if ! any "$1"/ssh_host_*_key && has dropbearconvert; then
    for key in /etc/dropbear/dropbear_*_host_key; do
      type=${key##*/dropbear_}
      [ ! -f "$key" ] ||
        dropbearconvert dropbear openssh "$key" "$1/ssh_host_${type%_host_key}_key" >/dev/null 2>&1 || :
    done
  fi
  any "$1"/ssh_host_*_key || say "no SSH host key was found: the new system will show one of its own"
}

copy_host_key() {
  [ -s "$1" ] || return 0
  cat "$1" >"$2"
  [ ! -s "$1.pub" ] || cat "$1.pub" >"$2.pub"
}

any() {
  [ -e "$1" ]
}

# Every key that lets somebody in as root: root's own, those of the user who became root, and those kept in /etc/ssh. The
# user's go first: cloud images put a copy of the same key into root's file with a command that only says so.
capture_authorized_keys() {
  user=${SUDO_USER:-${DOAS_USER-}}
  # "sudo su -" leaves no such variable, but the kernel knows who logged in (Documentation/ABI/stable/procfs-audit_loginuid).
  [ -n "$user" ] || user=$(name_of "$(first_line /proc/self/loginuid)")
  [ "$user" != root ] || user=''
  for name in $user root; do
    home=$(home_of "$name")
    [ -z "$home" ] || for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
      authorized_lines "$file"
    done
    authorized_lines "/etc/ssh/authorized_keys.d/$name"
  done
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

# authorized_lines FILE: its keys with their options. Comments stay out, above all keys that somebody has commented out
# (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
authorized_lines() {
  [ -r "$1" ] || return 0
  carriage_return=$(printf '\r')
  while IFS= read -r entry || [ -n "$entry" ]; do
    entry=${entry%"$carriage_return"}
    # White space at the beginning does not count.
    while :; do
      case $entry in
        [[:blank:]]*) entry=${entry#?} ;;
        *) break ;;
      esac
    done
    case $entry in
      '' | '#'*) ;;
      # cloud-init's, in root's file: it lets nobody in, and hides that nobody else is let in (cloudinit/ssh_util.py).
      *'Please login as the user'*) ;;
      *ssh-*' AAAA'* | *ecdsa-*' AAAA'* | *sk-*' AAAA'*) printf '%s\n' "$entry" ;;
    esac
  done <"$1"
}
