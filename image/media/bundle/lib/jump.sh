# The last part: the kernel takes the new one, and starts it when everybody has been told.

leaving=no

# kexec_load first: kexec_file_load holds the initrd once more while it loads, and is what some hypervisors' kernels
# fail in. Where only that one is allowed, it is taken.
load() {
  line=$(cat "$memory/command-line")
  if ! try_load -c 2>"$memory/errors" && ! try_load -s 2>>"$memory/errors"; then
    log=$(dmesg 2>/dev/null | tail -n 30) || log=''
    refuse_unsigned
    problem KEXEC_LOAD "the running kernel does not take the new one: $(tail -n 5 "$memory/errors")" \
      "see the kernel's last messages below; nothing was changed"
    printf '%s\n' "$log" >&2
    exit 12
  fi
  # Both are in the kernel now.
  rm -f "$memory/initrd"
  rm -rf "$boot"
  passphrase=''
}

# A policy that most kernels let nobody read (CONFIG_IMA_READ_POLICY) shows only now, in what the kernel says to kexec_load
# (ima_load_data in security/integrity/ima/ima_main.c): its own, or the one that comes with Secure Boot.
refuse_unsigned() {
  case $log in
    *'impossible to appraise a kernel image'*) ;;
    *) return 0 ;;
  esac
  if secure_boot; then
    refuse PREFLIGHT_SECURE_BOOT "Secure Boot is on, and the image is not signed" "switch Secure Boot off in the firmware"
  else
    refuse PREFLIGHT_IMA "the integrity policy (IMA) demands a signature of every kernel, and the image has none" \
      "take ima_policy= off the command line, or KEXEC_KERNEL_CHECK out of /etc/ima/ima-policy, and restart"
  fi
  refused
}

try_load() {
  kexec_flags=''
  for flag in $extra_flags; do
    # The kernel's own check of what it took is what stands between a bad copy and a dead machine.
    [ "$flag" = --no-checks ] || kexec_flags="$kexec_flags $flag"
  done
  # shellcheck disable=SC2086 # Words are what is wanted.
  "$memory/kexec" "$1" $kexec_flags --load "$here/bzImage" --initrd="$memory/initrd" --command-line="$line" || return 1
  [ "$(first_line /sys/kernel/kexec_loaded)" != 0 ]
}

jump() {
  if [ "$no_reboot" = yes ]; then
    say "the new system is loaded; \"$here/kexec -e\" starts it at once, \"$here/kexec -u\" forgets it"
    exit 0
  fi
  say "machine will boot into nixos"
  leaving=yes
  say "in $delay s; \"$here/kexec -u\" before then cancels it"
  # nixos-anywhere and SSH wait until nobody holds their output any more.
  exec </dev/null
  if [ -w /dev/kmsg ]; then exec >/dev/kmsg 2>&1; else exec >/dev/null 2>&1; fi
  (
    trap '' HUP INT TERM
    trap - EXIT
    # The last process to be killed for memory.
    echo -1000 >/proc/self/oom_score_adj || :
    sleep "$delay"
    # Perhaps somebody has cancelled it.
    [ "$(first_line /sys/kernel/kexec_loaded)" = 0 ] || leave
    umount_memory
  ) &
}

# Journals are replayed at the next start of the old system, but nobody should have to rely on it.
leave() {
  writable=$(writable_mounts)
  sync
  if [ -w /proc/sysrq-trigger ]; then
    # All at once, whoever has files open: Documentation/admin-guide/sysrq.rst. It is done in the background.
    echo u >/proc/sysrq-trigger
    sleep 1
  else
    for directory in $writable; do mount -o remount,ro "$directory"; done
  fi
  sync
  "$memory/kexec" -e
  # Still here: the kernel did not jump, but kexec has taken the network down. A restart brings this system back.
  [ ! -w /proc/sysrq-trigger ] || echo b >/proc/sysrq-trigger
  echo "nix-dabei: the jump failed; this system runs on"
  for directory in $writable; do mount -o remount,rw "$directory"; done
}

# Mount points of devices that can be written to; one with white space in its name is left out.
writable_mounts() {
  while read -r device directory _ options _; do
    case $device:$options in
      /dev/*:rw | /dev/*:rw,*)
        case $directory in
          *\\*) ;;
          *) printf '%s ' "$directory" ;;
        esac
        ;;
    esac
  done </proc/mounts
}
