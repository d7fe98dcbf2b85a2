#!/bin/sh
# /usr/lib/dabei/firmware NAME: unpacks the firmware of one maker's wireless cards, before a module asks the kernel for it
# (modprobe.d(5), "install"). Packed, it takes no memory on machines without such a card.
set -eu
state=/run/dabei/firmware
mkdir -p "$state"
# The first one unpacks; others wait for it, since two cards may need the same archive.
if mkdir "$state/$1" 2>/dev/null; then
  busybox tar -x -J -f "/usr/share/dabei/firmware/$1.tar.xz" -C /usr/lib/firmware || {
    echo "<3>nix-dabei: the firmware $1 could not be unpacked: is there too little memory?" >/dev/kmsg
    exit 1
  }
  : >"$state/$1/done"
fi
tries=0
until [ -e "$state/$1/done" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 300 ] || exit 1
  sleep 0.1
done
