import { readFileSync } from 'node:fs';
import t from 'tap';
import { networkFromCapture } from '../../../../agent/capture/network.ts';
import { networkSchema, type InterfaceInput } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { planNetwork } from '../../../../agent/plan/network/network.ts';
import { runtimeNetwork } from '../../../../agent/plan/host-flake/runtime-network.ts';
import { advertisementSettings, leaseEnvironment } from '../../../../agent/stages/dynamic.ts';
import { longestSeconds, sshdGuardSeconds } from '../../../../agent/stages/network-limits.ts';

const links: Link[] = [1, 2, 3].map(number => ({
  ...{ name: `eth${number}`, mac: `52:54:00:da:be:0${number + 1}`, driver: 'virtio_net', modalias: null },
  ...{ carrier: true, mtu: 1500 },
}));

t.test('the metrics of leases: which default route wins here wins in the installed system', async t => {
  const rows: [string, InterfaceInput['dhcp'][], (number | undefined)[]][] = [
    ['one lease needs none', [true], [undefined]],
    ['given', [{ metric: 200 }, { metric: 100 }], [200, 100]],
    ['none given: in the order of the cards', [true, true, true], [1024, 1025, 1026]],
    ['given equally: the first card wins', [{ metric: 7 }, { metric: 7 }], [7, 8]],
    ['some given', [true, { metric: 1024 }, { metric: 0 }], [1025, 1024, 0]],
  ];
  for (const [name, wishes, expected] of rows) {
    const network = networkSchema.parse({
      // Written in another order than the cards have.
      interfaces: wishes.map((dhcp, index) => ({ name: `eth${index + 1}`, dhcp })).reverse(),
    });
    const { leases } = planNetwork(network, links);
    t.strictSame(
      wishes.map((_, index) => leases[`eth${index + 1}`]?.metric),
      expected,
      name,
    );
    const { interfaces } = runtimeNetwork(network, links);
    t.strictSame(
      wishes.map((_, index) => interfaces.find(each => each.name === `eth${index + 1}`)?.lease?.metric),
      expected,
      `${name}, installed`,
    );
  }
});

t.test('two leased cards, the old default route by the second: so it is here and there', async t => {
  const fixtures = JSON.parse(
    readFileSync(new URL('../../../fixtures/network-worlds.json', import.meta.url), 'utf8'),
  ) as Record<string, Record<string, unknown>>;
  const files = Object.fromEntries(
    Object.entries(fixtures['two leases, the default route by the second card']!).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const network = networkSchema.parse(networkFromCapture(files).network);
  const { leases } = planNetwork(network, links);
  t.strictSame(leases, {
    eth1: { address: '192.0.2.7', metric: 200 },
    eth2: { address: '198.51.100.7', metric: 100 },
  });
  t.strictSame(
    runtimeNetwork(network, links).interfaces.map(({ name, lease }) => [name, lease]),
    [
      ['eth1', { metric: 200 }],
      ['eth2', { metric: 100 }],
    ],
  );
});

t.test('what the script of the DHCP client and the kernel are told', async t => {
  t.strictSame(leaseEnvironment({}), {});
  t.strictSame(leaseEnvironment({ metric: 0, useDns: true, useGateway: true }), { DABEI_METRIC: '0' });
  t.strictSame(
    leaseEnvironment({ metric: 7, useGateway: false, useRoutes: false, useDns: false, useMtu: false }),
    {
      ...{ DABEI_METRIC: '7', DABEI_NO_GATEWAY: '1', DABEI_NO_ROUTES: '1', DABEI_NO_DNS: '1' },
      DABEI_FIXED_MTU: '1',
    },
  );
  t.strictSame(advertisementSettings({}), []);
  t.strictSame(advertisementSettings({ metric: 0, useGateway: false, useMtu: false }), [
    ['ra_defrtr_metric', '1'],
    ['accept_ra_defrtr', '0'],
    ['accept_ra_mtu', '0'],
  ]);
});

t.test('sshd waits for the agent as long as the network stage may take, and the start before it', async t => {
  const script = readFileSync(
    new URL('../../../../image/rootfs/root/usr/lib/dabei/sshd', import.meta.url),
    'utf8',
  );
  const [, guard] = /uptime%%\.\*\}" -lt (\d+) \]/.exec(script) ?? [];
  t.equal(Number(guard), sshdGuardSeconds);
  t.ok(sshdGuardSeconds > longestSeconds);
});
