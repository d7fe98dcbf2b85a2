import t from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { fallbackPlan, planNetwork, tearApart } from '../../../../agent/plan/network/network.ts';

function link(name: string, mac: string, more: Partial<Link> = {}): Link {
  return { name, mac, driver: 'virtio_net', modalias: null, carrier: true, mtu: 1500, ...more };
}

const eth0 = link('eth0', '52:54:00:00:00:01');
const eth1 = link('eth1', '52:54:00:00:00:02');
const made = { driver: null, modalias: null };

const plan = (config: unknown, links: readonly Link[] = [eth0, eth1]) =>
  planNetwork(networkSchema.parse(config), links);

const dns = { servers: ['192.0.2.53'] };
const static4 = { addresses: ['192.0.2.7/24'], routes: [{ destination: 'default', gateway: '192.0.2.1' }] };
const bond = { members: ['eth0', 'eth1'], mode: 'active-backup', miimon: 100, primary: 'eth1' };
const bonded = {
  interfaces: [
    { name: 'ens1', mac: eth0.mac },
    { name: 'ens2', mac: eth1.mac },
    { name: 'bond0', bond: { ...bond, members: ['ens1', 'ens2'], primary: 'ens2' }, macAddress: eth0.mac },
    { name: 'bond0.7', vlan: { link: 'bond0', id: 7 }, ...static4 },
  ],
  dns,
};

t.test('bond and VLAN, from nothing', async t => {
  const { modules, create, batch, warnings, joined, links, refuseRa } = plan(bonded);
  t.same(warnings, []);
  t.same(modules, [['bonding', 'max_bonds=0'], ['8021q']]);
  t.same(create, [
    'link add name bond0 address 52:54:00:00:00:01 type bond mode active-backup miimon 100',
    'link add link bond0 name bond0.7 type vlan id 7',
  ]);
  t.same(batch, [
    'link set dev eth0 down',
    'link set dev eth0 master bond0',
    'link set dev eth0 up',
    'link set dev eth1 down',
    'link set dev eth1 master bond0',
    'link set dev eth1 up',
    'link set dev bond0 type bond primary eth1',
    'link set dev bond0 up',
    'link set dev bond0.7 up',
    'address replace 192.0.2.7/24 broadcast + dev bond0.7',
    'route replace default via 192.0.2.1 dev bond0.7',
  ]);
  t.same(links, ['eth0', 'eth1', 'bond0', 'bond0.7']);
  t.same(refuseRa, links);
  t.same(joined, [{ name: 'bond0', members: ['eth0', 'eth1'], addresses: [] }]);
});

const there: Link[] = [
  { ...eth0, master: 'bond0' },
  { ...eth1, master: 'bond0', address: eth0.mac },
  link('bond0', eth0.mac, { ...made, kind: 'bond' }),
  link('bond0.7', eth0.mac, { ...made, kind: 'vlan' }),
];

t.test('what is there is used as it is', async t => {
  const { create, batch, warnings } = plan(bonded, there);
  t.same(warnings, []);
  t.same(create, []);
  t.same(batch, [
    'link set dev bond0 type bond primary eth1',
    'link set dev bond0 up',
    'link set dev bond0.7 up',
    'address replace 192.0.2.7/24 broadcast + dev bond0.7',
    'route replace default via 192.0.2.1 dev bond0.7',
  ]);
});

t.test('the bond of somebody else is left alone', async t => {
  const { warnings } = plan({ interfaces: [{ mac: eth0.mac, ...static4 }], dns }, there);
  t.match(warnings, [/no interface has the MAC address 52:54:00:00:00:01/, /asking for DHCP on all/]);
});

interface Row {
  name: string;
  config: unknown;
  links?: Link[];
  create?: string[];
  batch?: string[];
  rules?: { 4: string[]; 6: string[] };
  clientIds?: Record<string, string>;
  warnings?: RegExp[];
}

const rows: Row[] = [
  {
    name: 'members by name and by MAC address, without entries of their own',
    config: {
      interfaces: [
        {
          name: 'bond0',
          bond: { members: ['eth0', eth1.mac], mode: '802.3ad', lacpRate: 'fast' },
          ...static4,
        },
      ],
      dns,
    },
    create: ['link add name bond0 type bond mode 802.3ad lacp_rate fast'],
  },
  {
    name: 'a member that is not here',
    config: {
      interfaces: [{ name: 'bond0', bond: { members: ['eth0', 'eth9'], mode: 'balance-rr' }, ...static4 }],
      dns,
    },
    create: ['link add name bond0 type bond mode balance-rr'],
    warnings: [/^bond0: missing members: eth9/],
  },
  {
    name: 'none of the members is here',
    config: {
      interfaces: [{ name: 'bond0', bond: { members: ['eth8'], mode: 'balance-rr' }, ...static4 }],
      dns,
    },
    create: [],
    warnings: [/^bond0: no members found \(eth8\)/, /asking for DHCP on all/],
  },
  {
    name: 'two that lie on each other',
    config: {
      interfaces: [
        { name: 'a', vlan: { link: 'b', id: 1 }, ...static4 },
        { name: 'b', vlan: { link: 'a', id: 2 } },
      ],
      dns,
    },
    create: [],
    warnings: [/^a: no members found \(b\)/, /^b: no members found \(a\)/, /asking for DHCP/],
  },
  {
    name: 'written in any order: VLAN in a bridge over a bond',
    config: {
      interfaces: [
        { name: 'br0', bridge: { members: ['v5'], stp: true, forwardDelay: 4 }, dhcp: true },
        { name: 'v5', vlan: { link: 'bond0', id: 5, protocol: '802.1ad' } },
        {
          name: 'bond0',
          bond: { members: ['eth0'], mode: 'balance-xor', xmitHashPolicy: 'layer3+4' },
          mtu: 9000,
        },
      ],
    },
    create: [
      'link add name bond0 type bond mode balance-xor xmit_hash_policy layer3+4',
      'link add link bond0 name v5 type vlan protocol 802.1ad id 5',
      'link add name br0 type bridge stp_state 1 forward_delay 400',
    ],
    batch: [
      'link set dev eth0 down',
      'link set dev eth0 master bond0',
      'link set dev eth0 up',
      'link set dev bond0 up mtu 9000',
      'link set dev v5 up',
      'link set dev v5 master br0',
      'link set dev br0 up',
    ],
  },
  {
    name: 'a bridge that has the name of a card',
    config: { interfaces: [{ name: 'eth0', bridge: { members: [eth0.mac] }, ...static4 }], dns },
    create: ['link add name x-eth0 type bridge stp_state 0'],
  },
  {
    name: 'an empty bridge is one',
    config: {
      interfaces: [
        { name: 'br0', bridge: { members: [] }, addresses: ['10.0.0.1/24'] },
        { name: 'eth0', dhcp: true },
      ],
    },
    create: ['link add name br0 type bridge stp_state 0'],
  },
  {
    name: 'a MAC address to set, where it is not set yet',
    config: { interfaces: [{ mac: eth0.mac, macAddress: '52:54:00:00:00:77', ...static4 }], dns },
    batch: [
      'link set dev eth0 address 52:54:00:00:00:77',
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
  },
  {
    name: 'a MAC address to set that is set',
    config: { interfaces: [{ mac: eth0.mac, macAddress: '52:54:00:00:00:77', dhcp: true }] },
    links: [{ ...eth0, address: '52:54:00:00:00:77' }],
    batch: ['link set dev eth0 up'],
  },
  {
    name: 'a card that is not here does not get the place of another by its name',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:99', name: 'eth0', addresses: ['198.51.100.7/24'] },
        { mac: eth0.mac, name: 'eth1', ...static4 },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
    warnings: [/no interface has the MAC address 52:54:00:00:00:99; present: /],
  },
  {
    name: 'how a link names itself to DHCP servers',
    config: {
      interfaces: [
        { name: 'eth0', dhcp: { clientId: 'FF:00:00:00:01:00:02' } },
        { name: 'eth1', dhcp: { clientId: 'none' } },
      ],
    },
    clientIds: { eth0: 'ff000000010002', eth1: 'none' },
  },
  {
    name: 'rules',
    config: {
      interfaces: [{ name: 'wan', mac: eth0.mac, ...static4 }],
      dns,
      rules: [
        { from: '192.0.2.0/24', table: 100, priority: 1000 },
        { family: 4, fwmark: 16, fwmask: 255, iif: 'wan', not: true, table: 254, suppressPrefixLength: 0 },
        { to: '2001:db8::/32', type: 'prohibit' },
        { family: 6, oif: 'eth7', table: 5 },
      ],
    },
    rules: {
      4: [
        'rule add from 192.0.2.0/24 priority 1000 table 100',
        'rule add not from all fwmark 16/255 iif eth0 priority 1001 table 254 suppress_prefixlength 0',
      ],
      6: ['rule add from all to 2001:db8::/32 priority 1002 type prohibit'],
    },
    warnings: [/^the rule 1003 names eth7/],
  },
];

for (const { name, config, links, warnings = [], ...expected } of rows) {
  t.test(name, async t => {
    const planned = plan(config, links);
    for (const [field, value] of Object.entries(expected)) {
      t.strictSame(planned[field as keyof typeof planned], value, field);
    }
    t.equal(planned.warnings.length, warnings.length, planned.warnings.join('\n'));
    t.match(planned.warnings, warnings);
  });
}

t.test('routes of every kind', async t => {
  const { batch, gateways, routes } = plan({
    interfaces: [
      {
        name: 'eth0',
        addresses: ['192.0.2.7/24', { address: '10.0.0.1', peer: '10.0.0.2/32' }],
        routes: [
          { destination: 'default', gateway: '10.0.0.2', table: 7, source: '192.0.2.7' },
          { destination: '203.0.113.0/24', scope: 'global', mtu: 1400, advmss: 1300 },
        ],
      },
      { name: 'eth1', addresses: ['198.51.100.7/32'] },
      { name: 'lo', addresses: ['203.0.113.9/32'] },
    ],
    routes: [
      { destination: '10.66.0.0/16', type: 'blackhole', metric: 5 },
      {
        destination: 'default',
        nexthops: [
          { gateway: '192.0.2.1', interface: 'eth0', weight: 2 },
          { gateway: 'fe80::1', interface: 'eth1' },
          { gateway: '192.0.2.9', interface: 'eth9' },
        ],
      },
      { destination: '::/0', type: 'unreachable', metric: 4096 },
    ],
    dns,
  });
  t.same(
    batch.filter(line => !line.startsWith('link')),
    [
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 10.0.0.1 peer 10.0.0.2/32 dev eth0',
      'address replace 198.51.100.7/32 dev eth1',
      'address replace 203.0.113.9/32 dev lo',
      'route replace 203.0.113.0/24 dev eth0 scope global mtu 1400 advmss 1300',
      'route replace blackhole 10.66.0.0/16 metric 5',
      'route replace unreachable ::/0 metric 4096',
      'route replace default via 10.0.0.2 dev eth0 table 7 src 192.0.2.7',
      'route replace 0.0.0.0/0 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
    ],
  );
  t.same(gateways, [
    { address: '192.0.2.1', link: 'eth0' },
    { address: 'fe80::1', link: 'eth1' },
  ]);
  t.same(
    fallbackPlan([eth0], { routes }).batch.slice(1),
    [
      'route del 0.0.0.0/0 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
      'route replace 0.0.0.0/0 metric 1048576 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via inet6 fe80::1 dev eth1',
    ],
    'only the default route that all follow is put behind',
  );
});

t.test('the fallback asks on everything that can have an address', async t => {
  t.match(fallbackPlan(there, { routes: [] }), {
    batch: ['link set dev bond0 up', 'link set dev bond0.7 up'],
    dhcp: ['bond0', 'bond0.7'],
  });
});

t.test('the last resort takes bonds apart', async t => {
  const { joined } = plan({ interfaces: [{ name: 'bond0', bond, ...static4 }], dns });
  const dark = there.map(each => (each.name === 'eth0' ? { ...each, carrier: false } : each));
  t.same(tearApart(dark.slice(0, 3), { joined }), {
    torn: ['bond0'],
    batch: [
      'link del dev bond0',
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth1',
    ],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
  t.same(tearApart([eth0, eth1], { joined }), {
    torn: [],
    batch: ['link set dev eth0 up', 'link set dev eth1 up'],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
});

t.test('a link-local address alone does not keep from waiting for a lease', async t => {
  const fe80 = { addresses: ['fe80::7/64'] };
  t.equal(plan({ interfaces: [{ name: 'eth0', ...fe80, dhcp: true }] }).static, false);
  t.equal(plan({ interfaces: [{ name: 'eth0', ...fe80 }] }).static, true);
});
