#!/bin/sh
# Runs a program with another directory as its root, in mount and process namespaces of its own, so that all mounts vanish
# when it ends.
#
#   unshare --mount --pid --fork --kill-child chroot.sh ROOT [DIRECTORY=MOUNTPOINT]... -- PROGRAM [ARGUMENT]...
set -eu
root=$1
shift
mount --make-rprivate /
while [ "$1" != -- ]; do
  mkdir -p "$root${1#*=}"
  mount --bind "${1%%=*}" "$root${1#*=}"
  shift
done
shift
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" "$@"
