# shellcheck shell=sh disable=SC2154 # copies.nix puts `keys` and `pool` in front of this text
# First start of a copy of a disk, in the system, before sshd starts: what stage 1 chose (copies-stage1.sh) is kept in the pool, the pool
# gets a GUID of its own and grows, and the boot loader is installed anew, which takes the mark away. Each step can be repeated: until the
# last one is done, the next start begins again in stage 1, and hands over the same.
set -eu
export LC_ALL=C
umask 077

root=${COPY_ROOT-} # tests have another
hand=$root/run/dabei-copy
etc=$root/etc

say() {
  echo "nix-dabei copy: $*" >&2
  { echo "nix-dabei copy: $*" >"$root/dev/console"; } 2>/dev/null || true
}

fail() {
  say "FAILED: $*; the next start tries again"
  exit 1
}

# keep FILE TARGET [MODE]
keep() {
  cp "$1" "$2.new"
  chmod "${3-0644}" "$2.new"
  mv -f "$2.new" "$2"
}

mkdir -p "$etc/dabei" "$etc/ssh"
chmod 0755 "$etc/dabei" "$etc/ssh"
for name in own hostid; do
  keep "$hand/$name" "$etc/dabei/$name"
done
for key in $keys; do
  keep "$hand/${key##*/}" "$root$key" 0600
  keep "$hand/${key##*/}.pub" "$root$key.pub"
done

zpool reguid "$pool" || fail "the pool $pool keeps the GUID of the image"
zpool online -e "$pool" /dev/dabei/zfs || fail "the pool $pool does not grow"

# Whoever finds the file empty is no copy any more; the initrds on the ESP have the older one until they are written.
: >"$etc/dabei/copy"
sync
"$root/run/current-system/bin/switch-to-configuration" boot >&2 || fail 'the boot loader cannot be installed'
# With a private key in it.
rm -rf "$hand"
say "this copy is its own now: host id $(od -An -tx4 "$etc/dabei/hostid" | tr -d ' '), pool $(zpool get -H -o value guid,size "$pool" | tr '\n' ' ')"
