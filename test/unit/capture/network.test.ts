import { readFileSync } from 'node:fs';
import t from 'tap';
import { networkSchema } from '../../../agent/config/schema.ts';
import type { Link } from '../../../agent/facts.ts';
import { networkFromCapture } from '../../../agent/capture/network.ts';
import type { CapturedFiles } from '../../../agent/capture/types.ts';
import { planNetwork } from '../../../agent/plan/network/network.ts';
import { faults } from '../../vm/network-worlds/compare.ts';
import { networkWorldList } from '../../vm/network-worlds/index.ts';
import { mac } from '../../vm/network-worlds/world.ts';

/** What `ip` of iproute2 6.15 printed in each of the networks of test/vm/network-worlds. */
const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/network-worlds.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, unknown>>;

function filesOf(name: string): CapturedFiles {
  return Object.fromEntries(
    Object.entries(fixtures[name] ?? {}).map(([file, content]) => [
      file,
      typeof content === 'string' ? content : JSON.stringify(content),
    ]),
  );
}

const cards: Link[] = [1, 2, 3, 4, 5, 6].map(number => ({
  ...{ name: `eth${number}`, mac: mac(number), driver: 'virtio_net', modalias: null },
  ...{ carrier: true, mtu: 1500 },
}));

for (const world of networkWorldList) {
  t.test(`captured: ${world.name}`, async t => {
    t.ok(fixtures[world.name], 'there is a fixture; DABEI_WRITE_FIXTURES=1 makes it (test/vm/worlds)');
    const captured = networkFromCapture(filesOf(world.name));
    t.same(faults(world, captured), []);
    const network = networkSchema.parse(captured.network);
    const plan = planNetwork(network, cards);
    t.same(
      plan.warnings.filter(
        text => !/^there is no default route|^no DNS server|: taking eth1 by its name$/.test(text),
      ),
      [],
      'everything has its place',
    );
    t.same(
      plan.dhcp.length > 0,
      network.interfaces.some(({ dhcp }) => dhcp !== false) || network.interfaces.length === 0,
    );
  });
}

t.test('at least 40 networks', async t => t.ok(networkWorldList.length >= 40));

t.test('nothing was captured', async t => {
  const nothing = { interfaces: [], dns: { servers: [], search: [] } };
  const captures: CapturedFiles[] = [{}, { 'link.json': '', 'addr.json': '[]', 'route-6.json': '\n' }];
  for (const files of captures) {
    t.same(networkFromCapture(files), { network: nothing, warnings: [], leftOut: [] });
  }
});

t.test('udhcpc sets addresses as anybody does: that it is at work says that there is a lease', async t => {
  const files = filesOf('static IPv4');
  const interfaceOf = (more: CapturedFiles) =>
    networkFromCapture({ ...files, ...more }).network.interfaces?.[0];
  t.strictSame(interfaceOf({ 'leases/udhcpc/eth1': 'eth1\n' }), {
    name: 'eth1',
    mac: mac(1),
    dhcp: { address: '192.0.2.7', metric: 0 },
  });
  t.match(interfaceOf({ 'leases/udhcpc/eth10': 'eth10\n' }), { addresses: ['192.0.2.7/24'] });
  const several = filesOf('secondary addresses, in order');
  const mark = { 'leases/udhcpc/eth1': 'eth1\n' };
  t.strictSame(
    networkFromCapture({ ...several, ...mark }),
    networkFromCapture(several),
    'which one, nobody knows',
  );
});

t.test('what is cut off or no JSON is told, and the rest is used', async t => {
  const files = filesOf('static IPv4');
  const rows: [string, string, RegExp, number][] = [
    [
      'route-4.json',
      files['route-4.json']!.slice(0, -3),
      /^route-4\.json of the old system is not valid JSON/,
      1,
    ],
    ['rule-6.json', '{}', /^rule-6\.json of the old system does not have the format of ip/, 1],
    [
      'addr.json',
      '[{"ifname":7}]',
      /^addr\.json of the old system has 1 of 1 entries that do not have the format of ip\(8\)/,
      1,
    ],
  ];
  for (const [name, text, warning, interfaces] of rows) {
    const { network, warnings } = networkFromCapture({ ...files, [name]: text });
    t.match(warnings[0], warning, name);
    t.equal(network.interfaces?.length, interfaces, name);
  }
});

t.test('without ip -json link, what ip -json -details address says is enough', async t => {
  const { 'link.json': link = '', ...files } = filesOf('VLAN on a bond, addresses on both');
  const addresses = JSON.parse(files['addr.json']!) as { ifname: string }[];
  // It prints the same of each interface, and the addresses.
  const both = (JSON.parse(link) as { ifname: string }[]).map(each => ({
    ...each,
    ...addresses.find(({ ifname }) => ifname === each.ifname),
  }));
  const strangers: CapturedFiles[] = [{}, { 'link.json': 'Object "link" is unknown' }];
  for (const strange of strangers) {
    const { network, warnings } = networkFromCapture({
      ...files,
      ...strange,
      'addr.json': JSON.stringify(both),
    });
    t.same(
      network.interfaces?.map(({ name }) => name),
      ['eth1', 'eth2', 'bond0', 'public'],
    );
    t.equal(warnings.length, Object.keys(strange).length);
  }
});

t.test('permanent MAC addresses of older systems', async t => {
  const files = filesOf('bond, 802.3ad');
  // Before 5.6 the kernel does not tell them by netlink, and then eth2 has the bond's address.
  const old = (text: string) =>
    JSON.stringify(JSON.parse(text, (key, value: unknown) => (/^perm/.test(key) ? undefined : value)));
  const link = old(files['link.json']!);
  const macs = (permaddr: string) =>
    networkFromCapture({ ...files, 'link.json': link, permaddr })
      .network.interfaces?.slice(0, 2)
      .map(each => each.mac);
  t.same(macs('eth1 52:54:00:DA:BE:02\neth2 52:54:00:da:be:03\n'), [mac(1), mac(2)]);
  t.same(macs('eth1 52:54:00:da:be:02\neth2 00:00:00:00:00:00\n'), [mac(1), undefined]);
  t.match(networkFromCapture({ ...files, 'link.json': link }).warnings, [
    /eth1 has no permanent MAC address/,
    /eth2 has no permanent MAC address/,
  ]);
});

t.test('names of routing tables', async t => {
  const files = { ...filesOf('tables with names'), rt_tables: '# reserved\n255\tlocal\n77\tuplink\n' };
  const { network } = networkFromCapture(files);
  t.match(network.rules, [{ table: 77 }, { table: 77 }]);
});

t.test('one strange piece does not take the rest with it', async t => {
  const files = filesOf('static IPv4');
  const routes = JSON.parse(files['route-4.json']!) as object[];
  const strange = { type: 'blackhole', dst: '10.0.0.0/8', metric: -1, table: 'main', protocol: 'boot' };
  const { network, warnings } = networkFromCapture({
    ...files,
    'route-4.json': JSON.stringify([...routes, strange]),
  });
  t.ok(networkSchema.safeParse(network).success);
  t.match(warnings, [/^the route to 10\.0\.0\.0\/8 of the old system is not understood/]);
  t.equal(network.interfaces?.length, 1);
});
