import { test } from 'tap';
import { clientIdArguments } from '../../../agent/stages/dynamic.ts';
import { batchFailures } from '../../../agent/stages/network.ts';

const batch = [
  'link set dev eth0 up',
  'address replace 192.0.2.7/24 dev eth0',
  'route replace default via 10.0.0.1 dev eth0',
];

/** Standard error of `ip -force -batch -`, iproute2 6.15. */
const rows: [string, string, string[]][] = [
  [
    'the kernel refuses',
    'Error: Nexthop has invalid gateway.\nCommand failed -:3\n',
    ['ip route replace default via 10.0.0.1 dev eth0: Error: Nexthop has invalid gateway.'],
  ],
  [
    'two lines, one reason each',
    'Cannot find device "eth0"\nCommand failed -:1\nCannot find device "eth0"\nCommand failed -:2\n',
    [
      'ip link set dev eth0 up: Cannot find device "eth0"',
      'ip address replace 192.0.2.7/24 dev eth0: Cannot find device "eth0"',
    ],
  ],
  ['no reason', 'Command failed -:1\n', ['ip link set dev eth0 up: refused']],
  ['something else', 'ip: out of memory\n', ['ip -batch: ip: out of memory']],
];

for (const [name, stderr, failures] of rows) {
  test(name, async t => t.strictSame(batchFailures(batch, stderr), failures));
}

test('how udhcpc is told to name itself', async t => {
  t.strictSame(clientIdArguments('mac'), []);
  t.strictSame(clientIdArguments('none'), ['-C']);
  t.strictSame(clientIdArguments('ff00000001'), ['-x', '0x3d:ff00000001']);
});
