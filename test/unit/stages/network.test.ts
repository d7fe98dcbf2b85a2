import { test } from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import { clientIdArguments } from '../../../agent/stages/dynamic.ts';
import { networkSchema } from '../../../agent/config/schema.ts';
import { DabeiError } from '../../../agent/errors.ts';
import { batchFailures } from '../../../agent/stages/apply-network.ts';
import { orAskEverywhere } from '../../../agent/stages/network.ts';

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

const configured = networkSchema.parse({
  interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }],
  dns: { servers: ['192.0.2.53'] },
});
const result = { via: 'dhcp', warnings: [] };
const unreachable = new DabeiError('NETWORK_UNREACHABLE', { doing: 'x', problem: 'y', cause: result });

test('whatever ends the configured network half way, every interface is asked on', async t => {
  const worlds: [name: string, thrown: unknown, second: () => object, code: string, cause: unknown, times: number][] = [
    ['a bug', new TypeError('Invalid address'), () => result, 'INTERNAL', result, 2],
    ['ip does not end', new DabeiError('COMMAND_TIMEOUT', { doing: 'x', problem: 'y' }), () => result, 'COMMAND_TIMEOUT', result, 2],
    ['that helps nothing', new TypeError('Invalid address'), () => { throw unreachable; }, 'INTERNAL', result, 2],
    ['that fails, too', new TypeError('Invalid address'), () => { throw new TypeError('again'); }, 'INTERNAL', /again/, 2],
    ['everything was asked already', unreachable, () => result, 'NETWORK_UNREACHABLE', result, 1],
  ]; // prettier-ignore
  for (const [name, thrown, second, code, cause, times] of worlds) {
    const given: unknown[] = [];
    const bringUp = async (config: typeof configured) => {
      given.push(config);
      if (given.length === 1) throw thrown;
      return second();
    };
    await t.rejects(
      orAskEverywhere({ ...realDoors, log: () => {} }, configured, bringUp),
      { code, cause },
      name,
    );
    t.equal(given.length, times, name);
    if (times > 1) t.match(given[1], { interfaces: { length: 0 }, dns: { servers: ['192.0.2.53'] } }, name);
  }
  t.equal(await orAskEverywhere({ ...realDoors, log: () => {} }, configured, async () => result), result);
});
