# shellcheck shell=sh disable=SC2154,SC2034 # trial.nix puts the variables in front of this text, and a program behind it
# The first boot on trial: until somebody has logged in to the installed system, the rescue system is the default of the boot menu, and
# the installed one is started once. dabei/trial on each ESP has the state: pending, started, failed, confirmed; no file: it is over.
# This file reads and changes it. For bash, dash and busybox ash. Stage 1 has no programs but coreutils, systemd's and mount.
# New files lie beside older ones until they are whole; FAT writes names before contents, hence sync.
set +e
set -u
export LC_ALL=C
umask 077

root=${TRIAL_ROOT-} # tests have another
run=$root/run/dabei-trial
newline='
'
mkdir -p "$run"

say() {
  echo "nix-dabei trial: $*" >&2
  [ "$action" = menu ] || { echo "nix-dabei trial: $*" >"$root/dev/console"; } 2>/dev/null
}

# each_esp FUNCTION [ARGUMENT]: calls it with each ESP; `reached` counts those where it did its work.
each_esp() {
  reached=0
  if [ "$action" = stage1 ]; then
    mkdir -p "$run/esp"
    for device in $devices; do
      { [ -e "$root$device" ] && mount -t vfat -o umask=0077 "$root$device" "$run/esp"; } 2>/dev/null || continue
      "$@" "$run/esp" && reached=$((reached + 1))
      umount "$run/esp"
    done
  else
    for esp in $esps; do
      mountpoint -q "$esp" || continue
      "$@" "$esp" && reached=$((reached + 1))
    done
  fi
}

# --- the state -------------------------------------------------------------------------------------------------------------

# state_of ESP: sets `state`, as parseTrial does (agent/plan/rescue/trial.ts).
state_of() {
  state=none
  for file in "$1/dabei/trial" "$1/dabei/trial.new"; do
    [ -e "$file" ] || continue
    state=damaged
    # A line that was cut off has no end.
    read -r word <"$file" || continue
    case $word in
      pending | started | failed | confirmed)
        state=$word
        return 0
        ;;
    esac
  done
}

note_state() {
  state_of "$1"
  states="$states $state"
}

has() {
  case "$states " in
    *" $1 "*) ;;
    *) return 1 ;;
  esac
}

read_states() {
  states=
  each_esp note_state
  furthest
}

# Sets `state` to the one that is furthest, of all that were noted. An ESP without the file is one where the trial is over.
furthest() {
  state=none
  { has pending || has started || has failed || has damaged || has confirmed; } || return 0
  for state in confirmed none failed started pending damaged; do
    ! has "$state" || break
  done
  [ "$state" != none ] || state=confirmed
}

# put TARGET: standard input, whole or not at all
put() {
  if cat >"$1.new" && sync -f "$1.new" && mv -f "$1.new" "$1"; then
    sync -f "$1"
    return 0
  fi
  rm -f "$1.new"
  return 1
}

# A full ESP has no room for a file beside it; no word is shorter than those before it, so that it can be written in place.
put_state() {
  state_of "$2"
  [ "$state" = none ] || [ "$state" = "$1" ] || echo "$1" | put "$2/dabei/trial" ||
    { echo "$1" 1<>"$2/dabei/trial" && sync -f "$2/dabei/trial"; }
}

# Nothing starts the installed system on trial once more, even if the firmware keeps the variable that systemd-boot removes.
forget_entry() {
  rm -f "$1/loader/entries/nix-dabei-trial.conf" && sync -f "$1"
}

# --- the boot loaders ------------------------------------------------------------------------------------------------------

# put_variable VALUE ESP: GRUB writes where the blocks of grubenv are, so they stay (GRUB's manual, "Environment block").
put_variable() {
  env=$2/grub/grubenv
  text="# GRUB Environment Block$newline"
  if [ -f "$env" ]; then
    while IFS= read -r line; do
      case $line in
        dabei_trial=* | '#'*) ;;
        *=*) text="$text$line$newline" ;;
      esac
    done <"$env"
  fi
  [ -z "$1" ] || text="${text}dabei_trial=$1$newline"
  rest=$((1024 - ${#text}))
  [ "$rest" -ge 0 ] || return 1
  mkdir -p "$2/grub"
  {
    printf '%s' "$text"
    printf "%${rest}s" '' | tr ' ' '#'
  } >"$run/grubenv" && cat "$run/grubenv" 1<>"$env" && sync -f "$env"
}

# loader_conf rescue|nixos ESP: the default of NixOS stays as a comment. A rebuild writes the file anew.
loader_conf() {
  conf=$2/loader/loader.conf
  [ -f "$conf" ] || return 0
  {
    [ "$1" = nixos ] || echo 'default nix-dabei.conf'
    while IFS= read -r line || [ -n "$line" ]; do
      case $1:$line in
        *:'default nix-dabei.conf') ;;
        rescue:default* | rescue:preferred*) printf '%s\n' "#dabei $line" ;;
        nixos:'#dabei '*) printf '%s\n' "${line#\#dabei }" ;;
        *) printf '%s\n' "$line" ;;
      esac
    done <"$conf"
  } | put "$conf"
}

# --- the end ---------------------------------------------------------------------------------------------------------------

# finish ESP: the installed system is the default. The state goes last: until then, whoever finds it does this again.
finish() {
  if [ -n "$systemd_boot" ]; then
    # It leaves room for the other file, should the ESP be full.
    forget_entry "$1"
    loader_conf nixos "$1" || return 1
  elif [ -f "$1/grub/grubenv" ]; then
    put_variable '' "$1" || return 1
  fi
  sync -f "$1"
  rm -f "$1/dabei/trial.new"
  rm -f "$1/dabei/trial" && sync -f "$1"
}

confirm() {
  each_esp put_state confirmed
  [ "$reached" -gt 0 ] || return 1
  each_esp finish
  say "confirmed: $1"
}
