# Links, addresses, routes, rules and name servers, as the kernel and the programs that set them tell it.

# capture_network DIRECTORY
capture_network() {
  ip_json "$1/link.json" -details link
  ip_json "$1/addr.json" -details address
  for family in 4 6; do
    ip_json "$1/route-$family.json" -details "-$family" route show table all
    ip_json "$1/rule-$family.json" "-$family" rule show
  done
  # Names of tables, which `ip` shows instead of their numbers.
  cat /usr/share/iproute2/rt_tables /etc/iproute2/rt_tables /etc/iproute2/rt_tables.d/*.conf >"$1/rt_tables" 2>/dev/null || :
  permanent_addresses >"$1/permaddr"
  capture_dns "$1"
  capture_leases "$1/leases"
}

# ip_json FILE ARGUMENTS: an empty list where the kernel has nothing of the kind, such as IPv6.
ip_json() {
  output=$1
  shift
  "$memory/ip" -json "$@" >"$output" 2>/dev/null || :
  [ -s "$output" ] || echo '[]' >"$output"
}

# "eth0 52:54:00:12:34:56" for each interface with a device, whatever address it has now.
permanent_addresses() {
  for link in /sys/class/net/*; do
    [ -e "$link/device" ] || continue
    name=${link##*/}
    mac=$(permanent_address "$name")
    [ -z "$mac" ] || printf '%s %s\n' "$name" "$mac"
  done
}

permanent_address() {
  # From Linux 5.6 on, where it differs from the present one.
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
  # 0: the address is the one that the device came with (Documentation/ABI/testing/sysfs-class-net).
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

# The servers that are really asked: a local resolver is not there in the new system.
capture_dns() {
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf /run/NetworkManager/no-stub-resolv.conf; do
    [ -r "$file" ] || continue
    [ -e "$1/resolv.conf" ] || cat "$file" >"$1/resolv.conf"
    if names_servers "$file"; then
      cat "$file" >"$1/resolv.conf"
      break
    fi
  done
  for file in /etc/systemd/resolved.conf /etc/systemd/resolved.conf.d/*.conf /run/systemd/resolved.conf.d/*.conf; do
    [ -f "$file" ] || continue
    mkdir -p "$1/resolved"
    cat "$file" >"$1/resolved/${file##*/}"
  done
  # Keyfiles hold passwords, so nothing else of them is taken.
  for file in /etc/NetworkManager/system-connections/* /run/NetworkManager/system-connections/*; do
    [ -f "$file" ] || continue
    while IFS= read -r entry; do
      case $entry in
        dns=* | dns-search=*) printf '%s\n' "$entry" ;;
      esac
    done <"$file" >>"$1/nm-dns"
  done
}

# Whether a server in it is another machine.
names_servers() {
  while read -r keyword value _; do
    case $keyword:$value in
      nameserver:127.* | nameserver:::1) ;;
      nameserver:?*) return 0 ;;
    esac
  done <"$1"
  return 1
}

# By what a DHCP server knows this machine: leases, client identifiers, DUIDs.
capture_leases() {
  copy_leases "$1/networkd" /run/systemd/netif/leases/*
  copy_leases "$1/dhclient" /var/lib/dhcp/*.leases /var/lib/dhclient/*.lease*
  copy_leases "$1/NetworkManager" /var/lib/NetworkManager/*.lease
  udhcpc_leases "$1/udhcpc" /proc
  copy_leases "$1/dhcpcd" /var/lib/dhcpcd/duid /var/lib/dhcpcd/*.lease /var/lib/dhcpcd/*.lease6 /etc/dhcpcd.duid
}

copy_leases() {
  target=$1
  shift
  for file; do
    # dhclient only ever appends to its files.
    if [ -f "$file" ] && [ "$(wc -c <"$file")" -lt 262144 ]; then
      mkdir -p "$target"
      cat "$file" >"$target/${file##*/}"
    fi
  done
}

# udhcpc_leases DIRECTORY PROC: busybox's client keeps no file, and what it sets has no lifetime. That it runs for an interface
# is all that tells of a lease.
udhcpc_leases() {
  for process in "$2"/[0-9]*; do
    { IFS= read -r command <"$process/comm"; } 2>/dev/null || continue
    [ "$command" = udhcpc ] || continue
    # Not a container's.
    [ "$(readlink "$process/ns/net")" = "$(readlink "$2/self/ns/net")" ] || continue
    leased_link=$(tr '\0' '\n' 2>/dev/null <"$process/cmdline" | udhcpc_link)
    case $leased_link in
      '' | .* | */*) continue ;;
    esac
    mkdir -p "$1"
    printf '%s\n' "$leased_link" >"$1/$leased_link"
  done
}

# From its arguments, one a line.
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
