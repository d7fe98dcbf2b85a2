import { publicKeyOf } from '../../fixtures/public-keys.ts';

/** A machine of one card, eth0, whose gateway answers: what `dabei boot` needs until SSH is up. Nothing of it changes the host. */

export const onlineFiles: Readonly<Record<string, string>> = {
  '/proc/meminfo': 'MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n',
  '/proc/sys/kernel/hostname': '',
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  '/sys/class/dmi/id/product_serial': 'S1\n',
  '/etc/shadow': 'root:*:1:0:99999:7:::\n',
};

/** On the kernel's command line. */
export const onlineAddress = 'ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:off';

const link = {
  ...{ ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether' },
  address: '52:54:00:12:34:56',
};
const neighbours = ['192.0.2.1', 'fe80::1'].map(dst => ({
  ...{ dst, lladdr: '52:54:00:00:00:01', state: ['REACHABLE'] },
}));

/** @param dynamic the address came by DHCP or a router advertisement */
export function onlinePrograms({ dynamic = false } = {}) {
  const address = {
    ...{ family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global' },
    ...(dynamic ? { dynamic } : {}),
  };
  const says = (value: unknown) => `echo '${JSON.stringify(value)}'`;
  return {
    ip: `case "$*" in
  *link) ${says([link])};;
  *address) ${says([{ ifname: 'eth0', addr_info: [address] }])};;
  *neigh*) ${says(neighbours)};;
  *-batch*) cat >> $ROOT/batches;;
  *) echo '[]';;
esac`,
    lsblk: says({ blockdevices: [] }),
    udevadm: 'exit 0',
    modprobe: 'exit 0',
    busybox: 'exit 0',
    '/usr/lib/dabei/resolvconf': 'exit 0',
    // Signatures are the real program's.
    'ssh-keygen': `case "$*" in
  -Y*) for word; do shift; case $word in /run/*) word=$ROOT$word;; esac; set -- "$@" "$word"; done; exec /usr/bin/ssh-keygen "$@";;
  *) for last; do :; done; case $last in $ROOT*) ;; *) last=$ROOT$last ;; esac; printf key > $last; printf '%s' '${publicKeyOf('host')}' > $last.pub;;
esac`,
  };
}
