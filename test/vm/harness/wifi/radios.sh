#!/bin/sh
# Three radios without hardware (mac80211_hwsim). An access point has one of them, in a network namespace of its own, where it also gives
# addresses and answers by HTTP: no packet reaches it but through the air. Another one listens there. The machine has the third.
exec >/var/log/radios.log 2>&1
set -x
test=/usr/lib/test
run() {
  program=$1
  shift
  "$test/lib/ld.so" --library-path "$test/lib" "$test/bin/$program" "$@"
}

modprobe mac80211
insmod "$test/mac80211_hwsim.ko" radios=3

unshare --net sleep 100000 &
ap=$!
echo "$ap" >/run/ap.pid
inside() { nsenter --net="/proc/$ap/ns/net" "$@"; }
tries=0
until [ "$(readlink "/proc/$ap/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 100 ] || exit 1
  sleep 0.1
done
run iw phy phy1 set netns "$ap"
run iw phy phy2 set netns "$ap"
inside ip link set lo up
# Only a daemon leaves no process that init would wait for.
inside "$test/lib/ld.so" --library-path "$test/lib" "$test/bin/hostapd" -B -P /run/hostapd.pid -f /var/log/hostapd.log "$test/hostapd.conf"
inside ip address add 10.77.0.1/24 dev wlan1
# It counts every frame on the channel. The counter of hwsim0 stays at 0.
inside ip link set wlan2 down
inside "$test/lib/ld.so" --library-path "$test/lib" "$test/bin/iw" dev wlan2 set type monitor
inside ip link set wlan2 up
inside "$test/lib/ld.so" --library-path "$test/lib" "$test/bin/iw" dev wlan2 set channel 1
mkdir -p /var/lib/misc
[ ! -e "$test/udhcpd.conf" ] || inside busybox udhcpd "$test/udhcpd.conf"
inside busybox httpd -p 10.77.0.1:80 -h "$test/www"
