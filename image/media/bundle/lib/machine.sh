# The first checks of this system, the file system in RAM, and the questions to the user.

say() {
  printf '%s\n' "$*"
}

# problem CODE TEXT NEXT: in the form of dabei's own errors.
problem() {
  printf 'error %s: %s\n  next: %s\n' "$1" "$2" "$3" >&2
}

require_machine() {
  if [ "$(id -u)" -ne 0 ]; then
    problem USAGE "only root can load another kernel" "run it as root, for example with sudo"
    exit 1
  fi
  require_architecture
  container=$(name_container | head -n 1)
  if [ -n "$container" ]; then
    refuse PREFLIGHT_CONTAINER "this is a container ($container): the kernel belongs to its host" \
      "run it on the host, or use a virtual machine"
  fi
  stop_if_refused
}

refusals=0

refuse() {
  problem "$@"
  refusals=$((refusals + 1))
}

stop_if_refused() {
  [ "$refusals" -eq 0 ] || refused
}

refused() {
  say "refused; nothing was changed"
  exit 10
}

# Prints the kind of container, and nothing on a machine. The marks alone prove nothing: disk images made from container images
# also have them. https://systemd.io/CONTAINER_INTERFACE
name_container() {
  pid_namespace=$(readlink /proc/self/ns/pid 2>/dev/null) || pid_namespace=''
  # The inode of the initial PID namespace is fixed: PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h.
  [ "$pid_namespace" != 'pid:[4026531836]' ] || return 0
  container_mark
  [ -z "$pid_namespace" ] || echo 'of an unknown kind'
}

container_mark() {
  if [ -r /run/systemd/container ]; then
    cat /run/systemd/container
  elif [ -e /.dockerenv ]; then
    echo docker
  elif [ -e /run/.containerenv ]; then
    echo podman
  elif [ -e /proc/vz ] && [ ! -e /proc/bc ]; then
    echo openvz
  else
    tr '\0' '\n' 2>/dev/null </proc/1/environ | while IFS= read -r variable; do
      case $variable in
        container=?*) printf '%s\n' "${variable#container=}" ;;
      esac
    done
  fi
}

# Each architecture has a name of its own for it.
kernel_name() {
  first_line "$here/kernel"
}

# The process that reads them.
checking=''

# Finds an incomplete download. The other files, among them the programs that the capture starts, are right when this returns.
hash_bundle() {
  # Nothing before the preflight uses these files. Reading them takes as long as the capture: they run at the same time.
  large="$(kernel_name) initrd tools"
  list_sums large >"$memory/large.sums" 2>/dev/null || :
  list_sums small >"$memory/small.sums" 2>/dev/null || :
  (cd "$here" && exec sha256sum -c "$memory/large.sums") >"$memory/large.checked" 2>&1 &
  checking=$!
  (cd "$here" && sha256sum -c "$memory/small.sums") >"$memory/small.checked" 2>&1 || :
  if [ ! -s "$here/SHA256SUMS" ] || [ -n "$(list_damaged small)" ]; then verify_bundle; fi
}

# The background process ignores SIGINT (POSIX, 2.11), so that Ctrl-C does not end it.
stop_hashing() {
  [ -z "$checking" ] || {
    kill "$checking"
    wait "$checking"
  } 2>/dev/null || :
  checking=''
}

# Waits for all hashes, before the preflight mounts the image and starts a program of it.
verify_bundle() {
  wait "$checking" || :
  checking=''
  damaged=$(list_damaged small && list_damaged large) || damaged='SHA256SUMS '
  lists_all || damaged='SHA256SUMS '
  if [ -n "$damaged" ]; then
    refuse PREFLIGHT_IMAGE_HASH "the bundle is damaged or incomplete: ${damaged% }" \
      "unpack it again; fetch it again if that does not help"
  fi
  stop_if_refused
}

# A list that was cut off at the end of a line names only files that are right.
lists_all() {
  sums=$(cat "$here/SHA256SUMS" 2>/dev/null)
  for name in $large image.json ip kernel kexec machine offset run; do
    case "$sums
" in
      *[\ *]"$name
"*) ;;
      *) [ ! -e "$here/$name" ] || return 1 ;;
    esac
  done
}

# list_sums large|small: their lines of SHA256SUMS.
list_sums() {
  while IFS= read -r line; do
    name_in "$line"
    case " $large " in
      *" $name "*) size=large ;;
      *) size=small ;;
    esac
    [ "$size" != "$1" ] || printf '%s\n' "$line"
  done <"$here/SHA256SUMS"
}

# name_in LINE: sets $name. A line of SHA256SUMS: the hash, a blank, a blank or an asterisk, the name.
name_in() {
  name=${1#* }
  name=${name#[ *]}
}

# list_damaged large|small. Every name needs its "NAME: OK": the sha256sum of early versions of uutils prints FAILED and exits
# with 0.
list_damaged() {
  checked=$(cat "$memory/$1.checked") || return 1
  while IFS= read -r line; do
    name_in "$line"
    # Match whole lines: one name may be the end of another.
    case "
$checked
" in
      *"
$name: OK
"*) ;;
      *) printf '%s ' "$name" ;;
    esac
  done <"$memory/$1.sums"
}

# Every kernel has ramfs. It is never swapped out; tmpfs may be (tmpfs(5)).
mount_memory() {
  mkdir -p "$memory" 2>/dev/null || {
    problem FILE "cannot create a directory in $here" "unpack the bundle in a writable directory"
    exit 1
  }
  # Left behind by an earlier run that had no mount namespace of its own.
  umount "$memory" 2>/dev/null || :
  mount -t ramfs -o mode=0700 ramfs "$memory" 2>/dev/null || {
    rmdir "$memory" 2>/dev/null || :
    refuse PREFLIGHT_CONTAINER "mounting is not permitted here (container?)" \
      "run it on the host, or use a virtual machine"
    refused
  }
}

umount_memory() {
  umount "$memory" 2>/dev/null || umount -l "$memory" 2>/dev/null || :
  rmdir "$memory" 2>/dev/null || :
}

# In RAM, they also run if this directory is mounted noexec, and after its file system has become read-only.
copy_tools() {
  cp "$here/ip" "$here/kexec" "$memory/"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# first_line FILE: prints nothing if the file cannot be read.
first_line() {
  if [ -r "$1" ]; then
    IFS= read -r first <"$1" || :
    printf '%s' "${first-}"
  fi
}

tty_settings=''

stty_restore() {
  [ -z "$tty_settings" ] || stty "$tty_settings" </dev/tty 2>/dev/null || :
  tty_settings=''
}

has_tty() {
  [ -t 0 ] && : 2>/dev/null </dev/tty
}

# Asks twice: a typing error would lock the owner out of the disks.
read_passphrase() {
  if [ -n "$disk_key_file" ]; then
    # A command substitution silently drops NUL bytes.
    [ "$(tr -d '\000' <"$disk_key_file" | wc -c)" -eq "$(wc -c <"$disk_key_file")" ] || {
      problem CONFIG_SCHEMA "the passphrase in $disk_key_file contains a NUL byte (UTF-16 text?)" "save it as UTF-8"
      exit 1
    }
    passphrase=$(cat <"$disk_key_file" && printf x)
    passphrase=${passphrase%x}
    clean_passphrase
  else
    has_tty || {
      problem USAGE "there is no terminal to ask for the passphrase of the disks" "pass it with --disk-key-file"
      exit 1
    }
    tty_settings=$(stty -g </dev/tty)
    stty -echo </dev/tty
    while :; do
      ask 'Passphrase of the disks: '
      passphrase=$answer
      if ! usable_passphrase; then
        printf 'The passphrase must have %s to %s bytes.\n' "$least_passphrase" "$most_passphrase" >/dev/tty
        continue
      fi
      ask 'Repeat it: '
      [ "$passphrase" != "$answer" ] || break
      printf 'The two passphrases differ.\n' >/dev/tty
    done
    answer=''
    stty_restore
  fi
  usable_passphrase || {
    problem CONFIG_SCHEMA "the passphrase must be one line of $least_passphrase to $most_passphrase bytes (zfs-change-key(8))" "choose another passphrase"
    exit 1
  }
}

# The same rule as for passphrases from other sources (agent/config/secrets.ts).
clean_passphrase() {
  byte_order_mark=$(printf '\357\273\277')
  carriage_return=$(printf '\r')
  as_it_was=$passphrase
  while [ "$passphrase" != "${passphrase#"$byte_order_mark"}" ]; do
    passphrase=${passphrase#"$byte_order_mark"}
  done
  [ "$passphrase" = "$as_it_was" ] || say "a byte order mark was removed from the start of the passphrase"
  as_it_was=$passphrase
  while :; do
    case $passphrase in
      *"$carriage_return") passphrase=${passphrase%"$carriage_return"} ;;
      *'
') passphrase=${passphrase%?} ;;
      *) break ;;
    esac
  done
  [ "$passphrase" = "$as_it_was" ] || say "the line break at the end of the passphrase was removed"
  case $passphrase in
    ' '* | *' ') say "the passphrase begins or ends with a blank; dabei keeps the blank" ;;
  esac
}

ask() {
  printf '%s' "$1" >/dev/tty
  IFS= read -r answer </dev/tty || exit 1
  printf '\n' >/dev/tty
}

usable_passphrase() {
  case $passphrase in
    *'
'*) return 1 ;;
  esac
  [ ${#passphrase} -ge "$least_passphrase" ] && [ ${#passphrase} -le "$most_passphrase" ]
}

# Asks only if data would be lost; after the rescue system, a restart brings everything back.
confirm() {
  [ "$erases" = yes ] && [ "$yes" = no ] || return 0
  has_tty || {
    problem USAGE "there is no terminal to ask for confirmation" "pass --yes if the disks shown above may be erased"
    exit 11
  }
  printf 'All data on the disks listed as erased will be lost. Type "yes" to continue: ' >/dev/tty
  IFS= read -r answer </dev/tty || answer=''
  [ "$answer" = yes ] || {
    say "nothing was changed"
    exit 11
  }
}
