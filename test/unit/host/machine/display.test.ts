import { networkInterfaces } from 'node:os';
import t from 'tap';
import { presentAddresses } from '../../../../agent/host/machine/addresses.ts';
import { hasDisplay, terminalSize } from '../../../../agent/host/machine/display.ts';
import { doorsTo } from '../../../support/doors.ts';

/** Files of sysfs, as Linux 6.12 has them. */
const vtcon = (number: number, name: string, bind: string) => ({
  [`/sys/class/vtconsole/vtcon${number}/name`]: `${name}\n`,
  [`/sys/class/vtconsole/vtcon${number}/bind`]: `${bind}\n`,
});

const displays: [about: string, files: Record<string, string>, has: boolean][] = [
  ['none', vtcon(0, '(S) dummy device', '1'), false],
  ['VGA', { ...vtcon(0, '(S) VGA+', '1') }, true],
  [
    'a frame buffer',
    { ...vtcon(0, '(S) dummy device', '0'), ...vtcon(1, '(M) frame buffer device', '1') },
    true,
  ],
  [
    'not in use',
    { ...vtcon(0, '(S) dummy device', '1'), ...vtcon(1, '(M) frame buffer device', '0') },
    false,
  ],
  ['no virtual terminals', {}, false],
];
for (const [about, files, has] of displays)
  t.test(`display: ${about}`, async t => t.equal(hasDisplay(doorsTo(t.testdir(), { files })), has));

t.test('the size of a terminal', async t => {
  const doors = doorsTo(t.testdir(), { files: { '/dev/vcsa1': '\x19\x50\x00\x00', '/dev/vcsa2': '' } });
  t.same(terminalSize(doors, 'tty1'), { rows: 25, columns: 80 });
  t.equal(terminalSize(doors, 'tty2'), null);
  t.equal(terminalSize(doors, 'tty3'), null);
  t.equal(terminalSize(doors, 'ttyS0'), null);
  const broken = doorsTo(t.testdir(), { failing: [['readStart', /vcsa/, 'EIO']] });
  t.equal(terminalSize(broken, 'tty1'), null);
});

type Info = NonNullable<ReturnType<typeof networkInterfaces>[string]>[number];
const info = (address: string, internal = false): Info =>
  ({
    address,
    internal,
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    netmask: '',
    mac: '',
    cidr: null,
  }) as Info;

t.test('addresses of this moment', async t => {
  const doors = doorsTo(t.testdir(), {
    files: {
      '/sys/class/net/eth1/device/modalias': 'a',
      '/sys/class/net/eth0/device/modalias': 'b',
      '/sys/class/net/lo/mtu': '65536',
    },
  });
  const up = {
    lo: [info('127.0.0.1', true)],
    eth1: [info('192.0.2.7'), info('fe80::1'), info('2001:db8::7'), info('169.254.3.4')],
    bond0: [info('198.51.100.7')],
    br0: [info('fe80::2')],
  };
  t.same(
    presentAddresses(doors, () => up),
    [
      { name: 'eth0', addresses: [] },
      { name: 'eth1', addresses: ['192.0.2.7', '2001:db8::7'] },
      { name: 'bond0', addresses: ['198.51.100.7'] },
    ],
  );
  // Nothing but the shape of it is known of this machine.
  for (const { name, addresses } of presentAddresses(doors)) t.ok(name !== 'lo' && Array.isArray(addresses));
});
