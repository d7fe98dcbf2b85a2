import { generateKeyPairSync } from 'node:crypto';
import type { Test } from 'tap';
import type { TestDoors, World } from '../doors.ts';
import { device, lsblkSays, machineWithDisks, part } from '../virtio-disks.ts';

/** A machine for `dabei setup`: an empty disk and a used one, one card with an address, and no program that writes to a disk. */

const used = { ...device('vdb', 'second'), ...part('vdb1', '/mnt') };
const links = JSON.stringify([
  { ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether', address: '52:54:00:00:00:00' },
]);
const addresses = JSON.stringify([
  { ifname: 'eth0', addr_info: [{ family: 'inet', local: '192.0.2.7', prefixlen: 24, scope: 'global' }] },
]);
const ip = `case "$*" in *" link") echo '${links}';; *" address") cat $ROOT/addresses;; *) echo '[]';; esac`;

export function guidedMachine(t: Test, world: World = {}): TestDoors {
  return machineWithDisks(t, {
    ...world,
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', ...world.network },
    files: {
      '/lsblk': lsblkSays(device('vda', 'target'), { ...used, children: used.children.map(unmounted) }),
      '/addresses': addresses,
      '/etc/ssh/ssh_host_ed25519_key': hostKey(),
      '/etc/ssh/ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAA',
      '/etc/shadow': 'root:*:1:0:99999:7:::\n',
      ...world.files,
    },
    programs: {
      ip,
      modprobe: 'exit 0',
      busybox: 'exit 0',
      '/usr/lib/dabei/stay': 'exit 0',
      ...world.programs,
    },
  });
}

const hostKey = () =>
  String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));

const unmounted = (part: object) => ({ ...part, mountpoints: [null] });
