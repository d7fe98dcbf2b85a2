# The last part: loads the new kernel and, after the last output has reached its readers, starts it.

leaving=no

# Tries kexec_load first: kexec_file_load needs memory for one more copy of the initrd, and fails in the kernels of some
# hypervisors. Some kernels permit only kexec_file_load.
# With kexec_load, kexec adds a program (its purgatory) that compares the SHA-256 of all segments, and hangs if one differs. It is
# slow, and /init compares them again and restarts the machine instead (docs/kexec.md, "Damage in memory"): leave it out.
# kexec_file_load has a purgatory of the kernel's own, which cannot be told to skip this (arch/x86/purgatory/purgatory.c).
load() {
  line=$(cat "$memory/command-line")
  if ! try_load -c --no-checks 2>"$memory/errors" && ! try_load -s 2>>"$memory/errors"; then
    log=$(dmesg 2>/dev/null | tail -n 30) || log=''
    refuse_unsigned
    refuse_stuck
    problem KEXEC_LOAD "kexec failed to load the new kernel: $(tail -n 5 "$memory/errors")" \
      "read the kernel's last messages below; nothing was changed"
    printf '%s\n' "$log" >&2
    exit 12
  fi
  # The kernel has its own copies now.
  rm -f "$memory/initrd"
  rm -rf "$boot"
  passphrase=''
}

# Most kernels do not let anybody read their IMA policy (CONFIG_IMA_READ_POLICY). It shows only now, in the kernel's message about
# kexec_load (ima_load_data in security/integrity/ima/ima_main.c); Secure Boot may bring such a policy, too.
refuse_unsigned() {
  case $log in
    *'impossible to appraise a kernel image'*) ;;
    *) return 0 ;;
  esac
  if secure_boot; then
    refuse PREFLIGHT_SECURE_BOOT "Secure Boot is on, and the image is not signed" "switch Secure Boot off in the firmware"
  else
    refuse PREFLIGHT_IMA "the integrity policy (IMA) demands a signature of every kernel, and the image has none" \
      "remove ima_policy= from the kernel command line, or KEXEC_KERNEL_CHECK from /etc/ima/ima-policy, and restart"
  fi
  refused
}

# Both calls refuse it (machine_kexec_prepare and cpus_are_stuck_in_kernel of kernels that know such machines).
refuse_stuck() {
  case $log in
    *'CPUs are stuck in the kernel'*) ;;
    *) return 0 ;;
  esac
  problem KEXEC_LOAD "kexec must stop all processors but one, and this machine's firmware has no means for that (PSCI)" \
    "start nix-dabei from a medium or over the network; nothing was changed"
  exit 12
}

# try_load FLAG...: those of one of the two calls.
try_load() {
  kexec_flags=$*
  for flag in $extra_flags; do
    [ "$flag" = --no-checks ] || kexec_flags="$kexec_flags $flag"
  done
  # shellcheck disable=SC2086 # Words are what is wanted.
  "$memory/kexec" $kexec_flags --load "$here/$(kernel_name)" --initrd="$memory/initrd" --command-line="$line" || return 1
  [ "$(first_line /sys/kernel/kexec_loaded)" != 0 ]
}

jump() {
  if [ "$no_reboot" = yes ]; then
    say "the new system is loaded; \"$here/kexec -e\" starts it at once, \"$here/kexec -u\" unloads it"
    exit 0
  fi
  say "machine will boot into nixos"
  leaving=yes
  say "in $delay s; \"$here/kexec -u\" before then cancels it"
  # nixos-anywhere and sshd wait until every process has closed their output.
  exec </dev/null
  if [ -w /dev/kmsg ]; then exec >/dev/kmsg 2>&1; else exec >/dev/null 2>&1; fi
  (
    trap '' HUP INT TERM
    trap - EXIT
    # Exempt from the kernel's out-of-memory killer (proc_pid_oom_score_adj(5)).
    echo -1000 >/proc/self/oom_score_adj || :
    sleep "$delay"
    # "kexec -u" cancels.
    if [ "$(first_line /sys/kernel/kexec_loaded)" != 0 ]; then
      # From here on nobody else can go on: no failure may end this shell before kexec, nor before the restart if kexec fails.
      set +e
      leave
    fi
    umount_memory
  ) &
}

# Leaves the file systems clean, so that the old system need not replay journals if it starts again.
leave() {
  writable=$(writable_mounts)
  sync
  if [ -w /proc/sysrq-trigger ]; then
    # Remounts all file systems read-only, even with open files, in the background (Documentation/admin-guide/sysrq.rst).
    echo u >/proc/sysrq-trigger
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      [ -n "$(writable_mounts)" ] || break
      # POSIX knows whole seconds alone.
      sleep 0.1 2>/dev/null || {
        sleep 1
        break
      }
    done
  else
    for directory in $writable; do mount -o remount,ro "$directory"; done
  fi
  sync
  "$memory/kexec" -e
  # Reached only if kexec failed; it has shut the network down by then. A restart brings this system back.
  [ ! -w /proc/sysrq-trigger ] || echo b >/proc/sysrq-trigger
  echo "nix-dabei: kexec failed; this system keeps running"
  for directory in $writable; do mount -o remount,rw "$directory"; done
}

# Prints the mount points of writable devices, except those with white space in their names.
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
