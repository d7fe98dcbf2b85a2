# Links, addresses, routes, rules and name servers, as the kernel and the programs that set them report them.

# capture_network DIRECTORY [ROOT]: a test passes another root.
capture_network() {
  ip_json "$1/link.json" -details link
  ip_json "$1/addr.json" -details address
  for family in 4 6; do
    ip_json "$1/route-$family.json" -details "-$family" route show table all
    ip_json "$1/rule-$family.json" "-$family" rule show
  done
  # `ip` prints names of routing tables instead of their numbers.
  cat "${2-}"/usr/share/iproute2/rt_tables "${2-}"/etc/iproute2/rt_tables "${2-}"/etc/iproute2/rt_tables.d/*.conf \
    >"$1/rt_tables" 2>/dev/null || :
  permanent_addresses >"$1/permaddr"
  capture_dns "$1" "${2-}"
  capture_leases "$1/leases" "${2-}"
  capture_preferences "$1" "${2-}"
}

# ip_json FILE ARGUMENTS: writes an empty list if the kernel lacks the feature, for example IPv6.
ip_json() {
  output=$1
  shift
  "$memory/ip" -json "$@" >"$output" 2>/dev/null || :
  [ -s "$output" ] || echo '[]' >"$output"
}

# Prints "eth0 52:54:00:12:34:56", name and permanent address, for each interface with a device.
permanent_addresses() {
  for link in /sys/class/net/*; do
    [ -e "$link/device" ] || continue
    name=${link##*/}
    mac=$(permanent_address "$name")
    [ -z "$mac" ] || printf '%s %s\n' "$name" "$mac"
  done
}

permanent_address() {
  # Linux 5.6 and later print permaddr if it differs from the current address.
  # shellcheck disable=SC2046 # Words are what is wanted.
  set -- "$1" $("$memory/ip" -details link show dev "$1" 2>/dev/null)
  link_name=$1
  while [ $# -gt 1 ]; do
    if [ "$1" = permaddr ]; then
      printf '%s' "$2"
      return
    fi
    shift
  done
  sys=/sys/class/net/$link_name
  # 0: the current address is the permanent one (Documentation/ABI/testing/sysfs-class-net).
  if [ "$(first_line "$sys/addr_assign_type")" = 0 ]; then
    first_line "$sys/address"
  elif [ -r "$sys/bonding_slave/perm_hwaddr" ]; then
    first_line "$sys/bonding_slave/perm_hwaddr"
  elif has ethtool; then
    told=$(ethtool -P "$link_name" 2>/dev/null) || told=''
    case $told in
      *00:00:00:00:00:00* | '') ;;
      *'Permanent address: '*) printf '%s' "${told##*address: }" ;;
    esac
  fi
}

# Finds the servers behind a local resolver: the new system has no such resolver.
capture_dns() {
  for file in "$2"/etc/resolv.conf "$2"/run/systemd/resolve/resolv.conf "$2"/run/NetworkManager/no-stub-resolv.conf; do
    [ -r "$file" ] || continue
    [ -e "$1/resolv.conf" ] || cat "$file" >"$1/resolv.conf"
    if names_servers "$file"; then
      cat "$file" >"$1/resolv.conf"
      break
    fi
  done
  for file in "$2"/etc/systemd/resolved.conf "$2"/etc/systemd/resolved.conf.d/*.conf "$2"/run/systemd/resolved.conf.d/*.conf; do
    [ -f "$file" ] || continue
    mkdir -p "$1/resolved"
    cat "$file" >"$1/resolved/${file##*/}"
  done
  # Keyfiles hold passwords: copy nothing but these two keys.
  for file in "$2"/etc/NetworkManager/system-connections/* "$2"/run/NetworkManager/system-connections/*; do
    [ -f "$file" ] || continue
    while IFS= read -r entry; do
      case $entry in
        dns=* | dns-search=*) printf '%s\n' "$entry" ;;
      esac
    done <"$file" >>"$1/nm-dns"
  done
}

# names_servers FILE: true if it names a server other than this machine.
names_servers() {
  while read -r keyword value _; do
    case $keyword:$value in
      nameserver:127.* | nameserver:::1) ;;
      nameserver:?*) return 0 ;;
    esac
  done <"$1"
  return 1
}

# What identifies this machine to DHCP servers: leases, client identifiers, DUIDs.
capture_leases() {
  copy_leases "$1/networkd" "$2"/run/systemd/netif/leases/*
  copy_leases "$1/dhclient" "$2"/var/lib/dhcp/*.leases "$2"/var/lib/dhclient/*.lease*
  copy_leases "$1/NetworkManager" "$2"/var/lib/NetworkManager/*.lease
  udhcpc_leases "$1/udhcpc" "$2/proc"
  copy_leases "$1/dhcpcd" "$2"/var/lib/dhcpcd/duid "$2"/var/lib/dhcpcd/*.lease "$2"/var/lib/dhcpcd/*.lease6 "$2"/etc/dhcpcd.duid
}

copy_leases() {
  target=$1
  shift
  for file; do
    # dhclient never shortens its files, so they can be very large.
    if [ -f "$file" ] && [ "$(wc -c <"$file")" -lt 262144 ]; then
      mkdir -p "$target"
      cat "$file" >"$target/${file##*/}"
    fi
  done
}

# udhcpc_leases DIRECTORY PROC: busybox's client writes no file, and the addresses it sets have no lifetime. Only its process
# shows that an interface has a lease.
udhcpc_leases() {
  for process in "$2"/[0-9]*; do
    { IFS= read -r command <"$process/comm"; } 2>/dev/null || continue
    [ "$command" = udhcpc ] || continue
    # Skip processes of containers.
    [ "$(readlink "$process/ns/net")" = "$(readlink "$2/self/ns/net")" ] || continue
    leased_link=$(tr '\0' '\n' 2>/dev/null <"$process/cmdline" | udhcpc_link)
    case $leased_link in
      '' | .* | */*) continue ;;
    esac
    mkdir -p "$1"
    printf '%s\n' "$leased_link" >"$1/$leased_link"
  done
}

# Reads the arguments of udhcpc, one a line, and prints the interface; eth0 is udhcpc's default.
udhcpc_link() {
  found=eth0
  before=''
  while IFS= read -r argument; do
    case $before in
      -i | --interface) found=$argument ;;
    esac
    case $argument in
      --interface=?*) found=${argument#*=} ;;
      -i?*) found=${argument#-i} ;;
    esac
    before=$argument
  done
  printf '%s' "$found"
}

# Which parts of leases and router advertisements each interface uses, as far as routes do not show it: lines "eth0 accept_ra 1"
# from the kernel, settings of systemd-networkd (networkd/IFINDEX) and of NetworkManager (nm/IFINDEX).
capture_preferences() {
  for link in "$2"/proc/sys/net/ipv6/conf/*; do
    for setting in accept_ra accept_ra_defrtr accept_ra_mtu; do
      setting_value=$(first_line "$link/$setting" 2>/dev/null) || continue
      [ -z "$setting_value" ] || printf '%s %s %s\n' "${link##*/}" "$setting" "$setting_value"
    done
  done >"$1/sysctl"
  for state in "$2"/run/systemd/netif/links/*; do
    [ -f "$state" ] || continue
    mkdir -p "$1/networkd"
    networkd_settings "$state" "$2" >"$1/networkd/${state##*/}"
  done
  for state in "$2"/run/NetworkManager/devices/*; do
    uuid=$(value_of connection-uuid "$state")
    [ -n "$uuid" ] || continue
    for file in "$2"/etc/NetworkManager/system-connections/* "$2"/run/NetworkManager/system-connections/*; do
      [ "$(value_of uuid "$file")" = "$uuid" ] || continue
      mkdir -p "$1/nm"
      settings_of <"$file" >"$1/nm/${state##*/}"
    done
  done
}

# networkd_settings STATE ROOT: from the interface's .network file and its drop-ins (systemd.network(5)).
networkd_settings() {
  required=$(value_of REQUIRED_FOR_ONLINE "$1")
  [ -z "$required" ] || printf '[Link]\nRequiredForOnline=%s\n' "$required"
  unit=$(value_of NETWORK_FILE "$1")
  [ -n "$unit" ] || return 0
  for file in "$2$unit" "$2"/usr/lib/systemd/network/"${unit##*/}".d/*.conf \
    "$2"/run/systemd/network/"${unit##*/}".d/*.conf "$2"/etc/systemd/network/"${unit##*/}".d/*.conf; do
    [ ! -f "$file" ] || settings_of <"$file"
  done
}

# value_of KEY FILE: prints VALUE of the first line "KEY=VALUE".
value_of() {
  [ -f "$2" ] || return 0
  while IFS= read -r entry || [ -n "$entry" ]; do
    case $entry in
      "$1"=*)
        printf '%s' "${entry#*=}"
        return
        ;;
    esac
  done <"$2"
}

# Copies section headers and the settings that dabei uses; nothing else, because keyfiles hold passwords.
settings_of() {
  while IFS= read -r entry || [ -n "$entry" ]; do
    case $entry in
      '['*']' | Use*=* | never-default=* | ignore-auto-dns=* | ignore-auto-routes=*) printf '%s\n' "$entry" ;;
    esac
  done
}
