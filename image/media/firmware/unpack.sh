#!/bin/sh
# /usr/lib/dabei/firmware NAME: unpacks the firmware of one maker's wireless cards, before a module asks the kernel for it
# (modprobe.d(5), "install"). Packed, it takes no memory on machines without such a card.
set -eu
state=/run/dabei/firmware
mkdir -p "$state"
# The first one unpacks; others wait for it, since two cards may need the same archive.
if mkdir "$state/$1" 2>/dev/null; then
  archive="/usr/share/dabei/firmware/$1.tar.xz"
  busybox tar -x -J -f "$archive" -C /usr/lib/firmware || {
    # Half of a file would be worse than none, and the memory may suffice at another attempt. No other archive has these files.
    busybox tar -t -J -f "$archive" 2>/dev/null | while read -r file; do
      [ -d "/usr/lib/firmware/$file" ] || busybox rm -f "/usr/lib/firmware/$file"
    done
    busybox rmdir "$state/$1"
    echo "<3>nix-dabei: the firmware $1 could not be unpacked: is there too little memory?" >/dev/kmsg
    exit 1
  }
  : >"$state/$1/done"
fi
tries=0
until [ -e "$state/$1/done" ]; do
  tries=$((tries + 1))
  if [ ! -d "$state/$1" ] || [ "$tries" -gt 300 ]; then exit 1; fi
  sleep 0.1
done
