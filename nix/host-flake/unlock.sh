#!/bin/sh
# Asks for the passphrases of this machine until they fit, then continues the boot. Stage 1 has it in its PATH:
#
#   ssh -t -p 2222 root@ADDRESS unlock
#
# Stage 1 itself asks three times. Then zfs-import-POOL.service fails, and with it the mounts that require it; systemd starts
# emergency.target, and sshd stays (nixpkgs, nixos/modules/tasks/filesystems/zfs.nix; systemd, units/initrd-root-fs.target).
#
# For dash, bash and busybox ash. Stage 1 has no programs but coreutils, systemd's, and ZFS's where it has pools.
# INVARIANT: a passphrase is only in the memory of one shell and in a pipe to zfs.
set -u
export LC_ALL=C

root=${UNLOCK_ROOT-} # tests have another
# One line a pool: its name, the directory with its devices, and what `zfs list` takes for the datasets that stage 1 asks for.
pools=$root/etc/unlock.conf
run=$root/run/unlock.$$
tab=$(printf '\t')

prompt_limit=3600 disks_limit=60 boot_limit=90
# Seconds to leave stage 1 alone before systemd starts it again: somebody else who unlocked it does that sooner.
grace=10

terminal='' asking='' continuing=''

say() { printf '%s\n' "$*"; }

# bash tells of a child that was ended, unless it is waited for.
stop_asking() {
  [ -z "$asking" ] || { kill "$asking" && wait "$asking"; } 2>/dev/null
  asking=
}

# What was typed after the last answer may be part of a passphrase: the shell that started this must not get it, nor show it.
clean_up() {
  stop_asking
  [ -z "$terminal" ] || { stty -icanon min 0 time 0 && dd bs=4096 count=1 <&5 >/dev/null; stty "$terminal"; } 2>/dev/null
  rm -rf "$run"
}

# Before systemd enters the new root, it ends every process of stage 1.
terminated() {
  [ -n "$continuing" ] || exit 1
  say 'This machine boots.'
  exit 0
}

state() { systemctl is-active "$1" 2>/dev/null; }
# is_active UNIT...: whether one of them is.
is_active() { systemctl is-active "$@" >/dev/null 2>&1; }

# for_each_pool FUNCTION: calls it with the fields of every pool.
for_each_pool() {
  while read -r pool directory datasets <&3; do
    "$1" "$pool" "$directory" "$datasets" || return
  done 3<"$pools"
}

# --- LUKS: systemd asks, and any number of agents answer -----------------------------------------------------------------

closed_volumes() {
  systemctl list-units --all --plain --no-legend 'systemd-cryptsetup@*.service' 2>/dev/null |
    while read -r unit _ active _; do
      [ "$active" = active ] || say "$unit"
    done
}

open_volumes() {
  rounds=0
  while units=$(closed_volumes) && [ -n "$units" ] && [ "$rounds" -lt "$boot_limit" ]; do
    # systemd-cryptsetup, too, fails after three wrong answers, and asks again when it is started again.
    # shellcheck disable=SC2086 # a list
    [ $((rounds % 5)) -ne 0 ] || systemctl --no-block start $units
    # Ends at once where there is no question. In the foreground, because only there a program may read the terminal.
    timeout --foreground "$prompt_limit" systemd-tty-ask-password-agent --query
    sleep 1
    rounds=$((rounds + 1))
  done
  [ -z "$units" ] || say "Still closed (are their disks there? journalctl -b -u UNIT):" "$units"
}

# --- ZFS: the pool -------------------------------------------------------------------------------------------------------

imported() { zpool list -H -o name "$1" >/dev/null 2>&1; }

# condition POOL DIRECTORY: ONLINE, DEGRADED, UNAVAIL, FAULTED; nothing where no disk has the pool.
condition() {
  zpool import -d "$2" 2>/dev/null | while read -r word value _; do
    case $word in
      pool:) found=$value ;;
      state:) [ "$found" != "$1" ] || say "$value" ;;
    esac
  done
}

# The lines of a report of zpool that name what cannot be used.
unusable() {
  while read -r part condition rest; do
    case $part=$condition in
      state:=*) ;;
      *=UNAVAIL | *=FAULTED | *=REMOVED | *=OFFLINE) say "  $part $condition${rest:+ $rest}" ;;
    esac
  done
}

# Without -f, so the host id counts. Stage 1 or another person may be faster.
import() { error=$(zpool import -d "$2" -N "$1" 2>&1) || imported "$1"; }

explain_pool() {
  case $error in
    *'previously in use from another system'*)
      say "$error
This machine's host id is $(hostid). If no other machine uses these disks, take over the pool, once:
  zpool import -f -N -d $2 $1 && unlock"
      return ;;
  esac
  if [ -n "$seen" ]; then
    say "$1 is $seen. $error
What cannot be used:"
    zpool import -d "$2" 2>/dev/null | unusable
  else
    say "No disk has the pool $1. What the kernel sees, in KiB:"
    cat "$root/proc/partitions"
  fi
  say 'Attach what is missing, and run "unlock" again. Stage 1 has the drivers of boot.initrd.availableKernelModules.'
}

# Slow disks get as long as stage 1 itself gives them, because without them the pool would be imported degraded.
import_pool() {
  error='' before=none waited=0
  while ! imported "$1" && [ "$waited" -lt "$disks_limit" ]; do
    [ "$waited" -lt 5 ] || [ "$(state "zfs-import-$1.service")" != failed ] || break
    seen=$(condition "$1" "$2")
    if [ "$seen" = ONLINE ]; then
      import "$1" "$2" || break
    elif [ "$seen" != "$before" ]; then
      say "Waiting for the disks of $1${seen:+, which is $seen}."
    fi
    before=$seen
    sleep 1
    waited=$((waited + 1))
  done
  if ! imported "$1" && { [ -z "$seen" ] || ! import "$1" "$2"; }; then
    explain_pool "$1" "$2"
    return 1
  fi
  health=$(zpool list -H -o health "$1")
  [ "$health" = ONLINE ] || say "$1 is $health. What cannot be used:
$(zpool status "$1" | unusable)"
  # Whatever reads or writes a suspended pool waits in the kernel, where no signal ends it (zpoolprops(7), failmode).
  if [ "$health" = SUSPENDED ]; then
    say "Attach it, and run: zpool clear $1 && unlock"
    return 1
  fi
}

# --- ZFS: its keys -------------------------------------------------------------------------------------------------------

loaded() { [ "$(zfs get -H -o value keystatus "$1")" = available ]; }

# next_locked DATASETS: an encryption root without its key, after its keylocation and a tab.
next_locked() {
  # shellcheck disable=SC2086 # a list
  [ -z "$1" ] || zfs list -Ho name,encryptionroot,keystatus,keylocation -t filesystem,volume $1 |
    while IFS=$tab read -r name encryptionroot status location; do
      [ "$status $name" != "unavailable $encryptionroot" ] || say "$location$tab$name"
    done | head -n 1
}

# answer DATASET: takes a line of standard input as the passphrase. $run/result says what came of it.
answer() {
  result=none passphrase=''
  # The last line of a file may end without a newline.
  if IFS= read -r passphrase || [ -n "$passphrase" ]; then
    result=fits
    printf '%s\n' "$passphrase" | zfs load-key -L prompt "$1" >/dev/null 2>"$run/error" || result=fails
  fi
  echo
  echo $result >"$run/result"
}

# Waits until the key is loaded, here or elsewhere, or an answer did not fit; `result` is empty where it was not from here.
await_answer() {
  result='' waited=0
  while [ ! -s "$run/result" ]; do
    [ "$waited" -lt "$prompt_limit" ] || echo none >"$run/result"
    # A key that is loaded may be that of the answer from here, a moment ago.
    ! loaded "$1" || { sleep 1 && [ -s "$run/result" ]; } || return 0
    sleep 1
    waited=$((waited + 1))
  done
  read -r result <"$run/result"
}

# ask DATASET: until its key is loaded.
ask() {
  while ! loaded "$1"; do
    rm -f "$run/result"
    printf 'Passphrase for %s: ' "$1"
    # Another shell reads, so that this one notices that the key was loaded elsewhere.
    answer "$1" <&5 &
    asking=$!
    await_answer "$1"
    stop_asking
    [ -n "$result" ] || echo
    if [ "$result" = fits ]; then
      say "$1 is unlocked."
      grace=2
    elif loaded "$1"; then
      say "$1 was unlocked in the meantime."
    elif [ "$result" = none ]; then
      say 'No passphrase was given; "unlock" asks again.'
      return 1
    else
      say "This is not the passphrase of $1: $(head -n 1 "$run/error")"
    fi
  done
}

open_pool() {
  import_pool "$1" "$2" || return
  while next=$(next_locked "$3") && [ -n "$next" ]; do
    dataset=${next#*"$tab"}
    case ${next%%"$tab"*} in
      prompt) ;;
      *) # in a file, or at an address, which may not answer
        ! error=$(timeout "$disks_limit" zfs load-key "$dataset" 2>&1 </dev/null) || continue
        say "${error:-No answer from ${next%%"$tab"*}.}"
        ;;
    esac
    ask "$dataset" || return
  done
}

# --- the boot ------------------------------------------------------------------------------------------------------------

# A service that waits at its own prompt does not see that the key is there. Restarted, it does, and its prompt ends; the mounts
# keep waiting for it (systemd, src/core/job.c, job_install).
relieve() {
  case $(state "zfs-import-$1.service") in
    activating) ! systemctl --no-block restart "zfs-import-$1.service" || again=yes ;;
    active) ;;
    *) stopped=yes ;;
  esac
}

# What the emergency shell does when it is left (systemd, src/sulogin-shell). It is refused while emergency.target is starting.
# Once everything is mounted, only a stage 1 that gave up needs it.
start_again() {
  again='' stopped=''
  is_active initrd-fs.target || for_each_pool relieve
  if [ -n "$stopped" ] || is_active emergency.service; then
    systemctl --no-block isolate initrd.target 2>/dev/null && again=yes
  fi
  [ -n "$again" ]
}

# Whether stage 1 ends well, for a second. After the mounts, it looks for the system that the boot entry names (nixpkgs,
# initrd-find-nixos-closure.service). systemd stops initrd.target at once; initrd-switch-root.target stays during the activation.
passes() {
  for _ in 1 2 3 4 5; do
    ! is_active initrd.target initrd-switch-root.target || is_active emergency.service || return 0
    sleep 0.2
  done
  return 1
}

continue_boot() {
  continuing=yes waited=0 started=''
  until passes; do
    if [ "$waited" -ge "$boot_limit" ] || { [ "${started:-$waited}" -le $((waited - 10)) ] && is_active emergency.service; }; then
      what='does not mount the file systems'
      ! is_active initrd-fs.target || what='has mounted the file systems, but does not come to its end'
      say "Stage 1 $what; \"unlock\" tries again. What failed (journalctl -b -u UNIT):"
      systemctl list-units --failed --no-pager --plain --no-legend
      return 1
    fi
    [ -n "$started" ] || [ "$waited" -lt "$grace" ] || ! start_again || started=$waited
    waited=$((waited + 1))
  done
  say 'This machine boots.'
}

main() {
  mkdir -p "$run"
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 1' HUP
  trap terminated TERM
  # No echo until the end: people type before a prompt, and go on when somebody else was faster.
  { terminal=$(stty -g 2>/dev/null) && stty -echo; } ||
    say 'Without a terminal ("ssh -t"), a passphrase is shown while it is typed.' >&2
  open_volumes
  for_each_pool open_pool && continue_boot
}

# A process in the background reads from /dev/null unless it is given something else.
exec 5<&0
main
