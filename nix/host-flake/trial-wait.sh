# shellcheck shell=sh disable=SC2154,SC2034 # after trial-state.sh and trial-proof.sh
# Waits for a login, or restarts into the rescue system.
#   action=stage1  in stage 1, from the trial's entry
#   action=system  in the system
#   action=generation1, action=generation  the same, for the first boot of any generation: systemd-boot counts it, and the end of this
#                  program lets systemd-bless-boot take the counter away (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/)

# Seconds since the kernel's start, until a stage that gave up is left, and until nobody types any more.
network_limit=300 emergency_limit=60 typing_limit=120
efivars=$root/sys/firmware/efi/efivars

# The default is the rescue system, which finds "started" and stays; or the generation before, as this one has no try left.
restart() {
  case $action in
    generation*) say "$1: restarting into the generation before" ;;
    *) say "$1: restarting into the rescue system" ;;
  esac
  sync
  systemctl --no-block reboot
  sleep 90
  systemctl --force --force reboot
  sleep 10
  echo 1 >"$root/proc/sys/kernel/sysrq"
  echo b >"$root/proc/sysrq-trigger"
  exit 1
}

uptime() {
  read -r now _ <"$root/proc/uptime"
  now=${now%%.*}
}

is_active() { systemctl is-active "$@" >/dev/null 2>&1; }

# From the trial's entry: there are limits.
on_trial() {
  read -r line <"$root/proc/cmdline"
  case " $line " in
    *" dabei.trial=$1 "*) ;;
    *) return 1 ;;
  esac
}

# is_late SECONDS: nobody has come since the kernel's start. Whoever types gets the limit once more, a line with noise no more than that.
is_late() {
  [ "$now" -ge "$1" ] || return 1
  [ "$now" -ge $((typed_at + typing_limit)) ] || [ "$now" -ge $(($1 + minutes * 60)) ]
}

# proved WHY: nothing more is to be waited for, unless no ESP can be written.
proved() {
  case $action in
    generation*) say "confirmed: $1" ;;
    *) confirm "$1" ;;
  esac && over
}

over() {
  [ "$action" != system ] || rm -f "$report" "$report.json" "$report.pem"
  # The trial's entry asked for a panic after an oops; a machine that was confirmed may live with one.
  { ! on_trial loader && ! on_trial rescue; } || { echo 0 >"$root/proc/sys/kernel/panic_on_oops"; } 2>/dev/null
  exit 0
}

begin() {
  put_state started "$1"
  no_more "$1"
}

# no_more ESP: the boot loader does not start it on trial again.
no_more() {
  if [ -n "$systemd_boot" ]; then forget_entry "$1"; else put_variable started "$1"; fi
}

wait_for_login() {
  gave_up='' ask_at=0 told=none since=0 typed_at=-$typing_limit
  uptime
  began=$now
  # Whoever unlocked it may have taken his time.
  [ "$action" != generation ] || since=$now
  say 'the installed system has started, and waits for a login'
  while :; do
    if logged_in; then
      proved 'somebody has logged in'
      [ -z "$limited" ] || say 'somebody has logged in, but no ESP can be written: the rescue system stays the default'
      limited=
    fi
    case $action.$confirm in
      system.report | generation.report)
        if [ -f "$report" ]; then
          ! is_reported || proved 'the receiver of reports has answered'
        else
          ! is_reachable || proved 'sshd answers, and so does the gateway'
        fi
        ;;
    esac
    uptime
    note_typing
    if [ -n "$limited" ]; then
      if is_active emergency.service; then
        gave_up=${gave_up:-$now}
        # The third wrong passphrase leads there as well.
        ! is_late $((gave_up + emergency_limit)) || restart 'the boot failed'
      else
        gave_up=
      fi
      if [ "${action%1}" != "$action" ]; then
        # Whoever has unlocked the disks is there. Without a person, the passphrase may wait. Where none is asked for, nobody is there.
        if [ -z "$asks" ] || ! is_active initrd-fs.target; then
          ! is_late "$network_limit" || is_online || restart 'stage 1 has no network'
          { [ "$confirm" = report ] && [ -n "$asks" ]; } || ! is_late $((minutes * 60)) ||
            restart "nobody has logged in within $minutes minutes"
        fi
      elif [ -z "$asks" ] || [ "$action" = generation ]; then
        ! is_late $((since + minutes * 60)) || restart "nobody has logged in within $minutes minutes"
      fi
    fi
    sleep 5
  done
}

# The state that this start has made says nothing.
note_new() {
  case " $known " in
    *" $device "*) return 0 ;;
  esac
  known="$known $device"
  note_state "$1"
}

stage1() {
  limited=yes known='' tries=0
  # shellcheck disable=SC2086 # a list
  set -- $devices
  # Disks may be slow, and each of a mirror's has to know, for the firmware may start from it the next time. A dead one never comes.
  while :; do
    states=
    each_esp note_new
    [ -z "$states" ] || heard
    { [ "$reached" -lt $# ] && [ "$tries" -lt 30 ]; } || break
    sleep 1
    tries=$((tries + 1))
  done
  [ -n "$known" ] || is_noted || exit 0
  wait_for_login
}

# Without any ESP: that this start was the last one is noted elsewhere. GRUB writes it before it starts the system, so does the rescue
# system, and systemd-boot removes the variable that made it start this entry (https://systemd.io/BOOT_LOADER_INTERFACE/).
is_noted() {
  say 'no ESP can be read'
  [ -z "$systemd_boot" ] || on_trial rescue ||
    { [ -d "$efivars" ] && [ ! -e "$efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" ]; }
}

heard() {
  furthest
  case $state in
    none | confirmed) over ;;
    pending | damaged) each_esp begin ;;
    *)
      # GRUB of another disk did not know that it was started, or the firmware keeps the variable of systemd-boot. Where the boot loader
      # cannot be told, a restart would lead here again, and again.
      if on_trial loader; then
        each_esp no_more
        [ "$reached" -eq 0 ] || restart 'the installed system was started before'
        say 'the installed system was started before, but no ESP can be written: no restart'
        limited=
      fi
      ;;
  esac
}

# An ESP that came too late for stage 1.
begin_late() {
  state_of "$1"
  [ "$state" != pending ] || begin "$1"
}

system() {
  limited=
  # Where stage 1 ended in the middle of it.
  umount "$run/esp" 2>/dev/null
  ! on_trial loader && ! on_trial rescue || limited=yes
  read_states
  case $state in
    # Without an ESP, nothing is known.
    none) [ "$reached" -eq 0 ] || over ;;
    confirmed) ! confirm 'after a power cut' || over ;;
    pending | started) [ -z "$limited" ] || each_esp begin_late ;;
  esac
  wait_for_login
}

generation() {
  limited=yes
  wait_for_login
}

case $action in
  stage1) stage1 ;;
  system) system ;;
  generation*) generation ;;
esac
