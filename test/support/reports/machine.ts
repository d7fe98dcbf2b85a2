import { join } from 'node:path';
import type { Test } from 'tap';
import { publicKeyOf } from '../../fixtures/public-keys.ts';
import { doorsTo, type TestDoors, type World } from '../doors.ts';

/** A machine that is a directory, with one card and an empty disk, for whole runs of dabei. */

const files = {
  '/proc/meminfo': 'MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n',
  '/proc/sys/kernel/hostname': '',
  '/sys/class/net/eth0/device/modalias': 'virtio:d1v1\n',
  '/sys/class/dmi/id/product_serial': 'S1\n',
  '/etc/shadow': 'root:*:1:0:99999:7:::\n',
};
const programs = {
  ip: `case "$*" in
  *link) echo '[{"ifname":"eth0","flags":["UP","LOWER_UP"],"mtu":1500,"link_type":"ether","address":"52:54:00:12:34:56"}]';;
  *address) echo '[{"ifname":"eth0","addr_info":[{"family":"inet","local":"192.0.2.7","prefixlen":24,"scope":"global"}]}]';;
  *neigh*) echo '[{"dst":"192.0.2.1","lladdr":"52:54:00:00:00:01","state":["REACHABLE"]}]';;
  *-batch*) cat > /dev/null;;
  *) echo '[]';;
esac`,
  lsblk: `echo '{"blockdevices":[]}'`,
  udevadm: 'exit 0',
  modprobe: 'exit 0',
  busybox: 'exit 0',
  '/usr/lib/dabei/resolvconf': 'exit 0',
  'ssh-keygen': `printf key > $ROOT/etc/ssh/ssh_host_ed25519_key; printf '%s' '${publicKeyOf('host')}' > $ROOT/etc/ssh/ssh_host_ed25519_key.pub`,
};

const network = {
  interfaces: [
    {
      name: 'eth0',
      addresses: ['192.0.2.7/24'],
      routes: [{ destination: 'default', gateway: '192.0.2.1' }],
    },
  ],
};

/** @param config the text of /dabei.json, as JSON */
export function reportingMachine(t: Test, config: object, world: World = {}): TestDoors {
  return doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    waiting: 10,
    ...world,
    files: { ...files, '/run/dabei/boot/dabei.json': JSON.stringify({ network, ...config }), ...world.files },
    programs: { ...programs, ...world.programs },
    network: { readBanner: async () => 'SSH-2.0-OpenSSH_10.0', ...world.network },
  });
}
