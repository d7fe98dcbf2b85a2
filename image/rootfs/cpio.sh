#!/bin/sh
# Packs a directory as a reproducible newc archive: it depends only on names, modes and contents.
#   cpio.sh DIRECTORY ARCHIVE SECONDS_SINCE_1970
set -eu
cd "$1"
find . -mindepth 1 -exec touch --no-dereference --date="@$3" {} +
find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
  cpio --null --create --format=newc --reproducible --owner=0:0 --quiet >"$2"
