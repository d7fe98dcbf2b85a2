# shellcheck shell=sh disable=SC2154,SC2034 # after trial-state.sh
# What shows that somebody is there, or that the system can be reached.

# Seconds until a gateway is known.
gateway_limit=120

# Messages of root's processes with these names: the journal notes who sent one (systemd.journal-fields(7)). Text from a client never
# begins a line, and lines of the process that talks to clients before authentication end with [preauth] (OpenSSH, auth_log). What
# was noted in stage 1 is in the journal of the system, too. The login of NixOS is shadow's, which says nothing of users as root, and that
# of util-linux speaks the system's language: at consoles, PAM tells (pam_unix(8)), and with GNOME's, KDE's and Xfce's display managers.
logged_in() {
  [ ! -e "$run/login" ] || return 0
  journalctl --boot --quiet --output=cat --no-pager --cursor-file="$run/cursor-$action" \
    _UID=0 _COMM=sshd _COMM=sshd-session _COMM=login _COMM=gdm-session-wor _COMM=sddm-helper _COMM=lightdm \
    >"$run/lines" 2>/dev/null ||
    rm -f "$run/cursor-$action"
  while IFS= read -r line; do
    case $line in
      *'[preauth]') ;;
      # agetty logs in whoever it is told to, without anybody there.
      "pam_unix(login:session): session opened for user ${autologin:-/}("*) ;;
      'Accepted '*' for '*' from '* | 'pam_unix(login:session): session opened for user '*) : >"$run/login" ;;
      'pam_unix(gdm-password:session): session opened for user '*) : >"$run/login" ;;
      'pam_unix(sddm:session): session opened for user '*) : >"$run/login" ;;
      'pam_unix(lightdm:session): session opened for user '*) : >"$run/login" ;;
    esac
  done <"$run/lines"
  [ -e "$run/login" ]
}

# What a program reads from a terminal changes the access time of its device, in steps of 8 s (Linux, drivers/tty/tty_io.c,
# tty_update_time): a passphrase is being typed at a console.
note_typing() {
  times=$(stat -c %X "$root/dev/console" "$root"/dev/tty[0-9]* "$root"/dev/tty[A-Z]* "$root"/dev/hvc* 2>/dev/null)
  [ "$times" = "${times_before-$times}" ] || typed_at=$now
  times_before=$times
}

# An address that is not of this machine alone: a route of IPv4, or a global address of IPv6 (scope 00).
is_online() {
  while read -r name _; do
    [ "$name" = Iface ] || return 0
  done <"$root/proc/net/route"
  while read -r _ _ _ scope _; do
    [ "$scope" != 00 ] || return 0
  done <"$root/proc/net/if_inet6"
  return 1
} 2>/dev/null

# Left for root alone by dabei, where there is a receiver of reports: options of curl(1), with its token. Gone when the trial is over.
report=$root/var/lib/dabei/trial-report

# Without a person: the receiver of reports takes the event. Now and then, it is asked again; a redirection could lead the token to anybody.
is_reported() {
  uptime
  [ "$now" -ge "$ask_at" ] || return 1
  ask_at=$((now + 30))
  code=$({
    printf '{"timestamp":%s,' "$(date +%s)"
    tail -c +2 "$report.json"
  } | curl -q --config "$report" --globoff --proto =http,https --silent --max-time 20 --data-binary @- --output /dev/null \
    --write-out '%{http_code}')
  case $code in
    2??) return 0 ;;
    "$told") ;;
    000 | '') say 'the receiver of reports cannot be reached' ;;
    *) say "the receiver of reports answers $code" ;;
  esac
  told=$code
  return 1
}

# Without a person, and without a receiver: a gateway answers, be it by ARP alone, and sshd completes a key exchange, unless it is off.
is_reachable() {
  [ -z "$ssh_port" ] || [ -n "$(ssh-keyscan -T 5 -p "$ssh_port" "$ssh_address" 2>/dev/null)" ] || return 1
  gateways=$({ ip -4 route show default && ip -6 route show default; } | while read -r _ via line; do
    [ "$via" = via ] || continue
    line=${line#inet6 } gateway=${line%% *} link=${line#* dev }
    case $gateway in
      fe80:*) gateway=$gateway%${link%% *} ;;
    esac
    echo "$gateway"
  done)
  if [ -z "$gateways" ]; then
    # sshd is faster than a lease. A machine without any address, or without the gateway that it was given, is not reachable.
    [ -z "$routed" ] && [ "$now" -ge $((began + gateway_limit)) ] && is_online
    return
  fi
  for gateway in $gateways; do
    ping -c 1 -W 2 "$gateway" >/dev/null 2>&1 && return 0
    case $(ip neigh show "${gateway%%%*}") in
      *lladdr*REACHABLE*) return 0 ;;
    esac
  done
  return 1
}
