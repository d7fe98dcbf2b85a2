import { test } from 'tap';
import { networkSchema } from '../../../../agent/config/schema.ts';
import type { Link } from '../../../../agent/facts.ts';
import { fallbackPlan, planNetwork, renderResolvConf } from '../../../../agent/plan/network/network.ts';
import { demote } from '../../../../agent/plan/network/routes.ts';

function link(name: string, mac: string, more: Partial<Link> = {}): Link {
  return { name, mac, driver: 'virtio_net', modalias: null, carrier: true, mtu: 1500, ...more };
}

const eth0 = link('eth0', '52:54:00:00:00:01');
const eth1 = link('eth1', '52:54:00:00:00:02');
const dark = link('eth2', '52:54:00:00:00:03', { carrier: false });

/** A configuration as people write it. */
function plan(config: unknown, links: readonly Link[] = [eth0, eth1]) {
  return planNetwork(networkSchema.parse(config), links);
}

const dns = { servers: ['192.0.2.53'] };
const v4 = { addresses: ['192.0.2.7/24'], routes: [{ destination: 'default', gateway: '192.0.2.1' }] };
const v4Batch = ['link set dev eth0 up', 'address replace 192.0.2.7/24 broadcast + dev eth0'];
const v4Gateway = { address: '192.0.2.1', link: 'eth0' };

interface World {
  name: string;
  config: unknown;
  links?: readonly Link[];
  /** What the plan must hold; fields left out are not looked at, warnings must be none unless given. */
  batch?: string[];
  dhcp?: string[];
  acceptRa?: string[];
  refuseRa?: string[];
  fixedMtu?: string[];
  gateways?: { address: string; link: string }[];
  missingGateways?: string[];
  static?: boolean;
  warnings?: RegExp[];
}

const everywhere = {
  batch: ['link set dev eth0 up', 'link set dev eth1 up'],
  dhcp: ['eth0', 'eth1'],
  acceptRa: ['eth0', 'eth1'],
  refuseRa: [],
  gateways: [],
  static: false,
};

const worlds: World[] = [
  { name: 'nothing configured: DHCP and RA on every link', config: {}, ...everywhere },
  {
    name: 'nothing configured: a link without carrier is brought up only',
    config: {},
    links: [eth0, dark],
    batch: ['link set dev eth0 up', 'link set dev eth2 up'],
    dhcp: ['eth0'],
    acceptRa: ['eth0'],
  },
  { name: 'nothing configured, no link', config: {}, links: [], batch: [], dhcp: [], acceptRa: [] },
  { name: 'only DNS configured', config: { dns }, ...everywhere },
  {
    name: 'nothing configured: parts of a bond are left alone',
    config: {},
    links: [eth0, { ...eth1, master: 'bond0' }],
    batch: ['link set dev eth0 up'],
    dhcp: ['eth0'],
  },
  {
    name: 'static by MAC',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0'],
    dhcp: [],
    acceptRa: [],
    refuseRa: ['eth0'],
    gateways: [v4Gateway],
    static: true,
  },
  {
    name: 'the interface with the default route is not here',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:01', addresses: ['10.1.0.7/24'] },
        { mac: '52:54:00:00:00:99', ...v4 },
      ],
      dns,
    },
    gateways: [],
    missingGateways: ['192.0.2.1'],
    static: true,
    warnings: [/52:54:00:00:00:99/, /no default route/],
  },
  {
    name: 'several ways by default, all by interfaces that are not here',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:01', addresses: ['10.1.0.7/24'] },
        { name: 'wan1', mac: '52:54:00:00:00:98', addresses: ['192.0.2.7/24'] },
        {
          name: 'wan2',
          mac: '52:54:00:00:00:99',
          addresses: ['198.51.100.7/24'],
          routes: [
            {
              destination: '0.0.0.0/0',
              nexthops: [{ gateway: '198.51.100.1' }, { gateway: '192.0.2.1', interface: 'wan1' }],
            },
          ],
        },
      ],
      routes: [
        {
          destination: '::/0',
          nexthops: [
            { gateway: 'fe80::1', interface: 'wan1' },
            { gateway: 'fe80::2', interface: 'wan2' },
          ],
        },
      ],
      dns,
    },
    gateways: [],
    missingGateways: ['198.51.100.1', 'fe80::1', 'fe80::2', '192.0.2.1'],
    static: true,
    warnings: [/52:54:00:00:00:98/, /52:54:00:00:00:99/, /via wan1/, /via wan2/, /no default route/],
  },
  {
    name: 'MAC in capitals',
    config: { interfaces: [{ mac: '52:54:00:00:00:0A', ...v4 }], dns },
    links: [link('eth0', '52:54:00:00:00:0a')],
    static: true,
  },
  { name: 'static by name', config: { interfaces: [{ name: 'eth0', ...v4 }], dns }, gateways: [v4Gateway] },
  {
    name: 'static by the name that udev would have given',
    config: { interfaces: [{ name: 'ens3', ...v4 }], dns },
    links: [eth1, { ...eth0, altNames: ['enp0s3', 'ens3'] }],
    gateways: [v4Gateway],
  },
  {
    name: 'MAC beats name',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', name: 'eth1', ...v4 }], dns },
    gateways: [v4Gateway],
  },
  {
    name: 'MAC not there, name is',
    config: { interfaces: [{ mac: '52:54:00:00:00:99', name: 'eth0', ...v4 }], dns },
    gateways: [v4Gateway],
    warnings: [/no interface has the MAC address 52:54:00:00:00:99: taking eth0 by its name/],
  },
  {
    name: 'unmatched MAC: DHCP everywhere, and says what is there',
    config: { interfaces: [{ mac: '52:54:00:00:00:99', ...v4 }], dns },
    ...everywhere,
    warnings: [/present: eth0 \(52:54:00:00:00:01\), eth1/, /asking for DHCP on all/],
  },
  {
    name: 'unmatched name',
    config: { interfaces: [{ name: 'ens3', ...v4 }], dns },
    ...everywhere,
    warnings: [/no interface has the name ens3/, /asking for DHCP on all/],
  },
  {
    name: 'one of two unmatched: the other is configured',
    config: {
      interfaces: [
        { name: 'ens3', dhcp: true },
        { name: 'eth0', ...v4 },
      ],
      dns,
    },
    dhcp: [],
    gateways: [v4Gateway],
    warnings: [/ens3/],
  },
  {
    name: 'two links of the same MAC: no guess',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    links: [eth0, { ...eth1, mac: eth0.mac }],
    ...everywhere,
    warnings: [/eth0 and eth1 have the same MAC address/, /asking for DHCP on all/],
  },
  {
    name: 'two links of the same MAC: the name decides',
    config: {
      interfaces: [{ mac: '52:54:00:00:00:01', name: 'eth1', addresses: ['192.0.2.7/24'], dhcp: true }],
    },
    links: [eth0, { ...eth1, mac: eth0.mac }],
    dhcp: ['eth1'],
  },
  {
    name: 'two links of the same MAC: one is a part of the other (Hyper-V)',
    config: { interfaces: [{ mac: '52:54:00:00:00:01', ...v4 }], dns },
    links: [eth0, { ...eth1, mac: eth0.mac, master: 'eth0' }],
    gateways: [v4Gateway],
  },
  {
    name: 'a part of a bond by name',
    config: { interfaces: [{ name: 'eth1', ...v4 }], dns },
    links: [eth0, { ...eth1, master: 'bond0' }],
    dhcp: ['eth0'],
    warnings: [/eth1 belongs to bond0/, /asking for DHCP on all/],
  },
  {
    name: '/32 with a gateway outside gets onlink by itself',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: 'default', gateway: '203.0.113.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace default via 203.0.113.1 dev eth0 onlink',
    ],
  },
  {
    name: '/32 with a route to the gateway: the route goes first and covers it',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }, { destination: '192.0.2.1/32' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace 192.0.2.1/32 dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
  },
  {
    name: 'onlink that is asked for is kept',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', onlink: true }],
        },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0 onlink'],
  },
  {
    name: 'an address of another link does not cover a gateway',
    config: {
      interfaces: [
        { name: 'eth0', addresses: ['192.0.2.7/24'] },
        {
          name: 'eth1',
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 198.51.100.7/24 broadcast + dev eth1',
      'route replace default via 192.0.2.1 dev eth1 onlink',
    ],
  },
  {
    name: '/31 has no broadcast address (RFC 3021)',
    config: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.6/31'], dhcp: true }] },
    batch: ['link set dev eth0 up', 'address replace 192.0.2.6/31 dev eth0'],
  },
  {
    name: 'metric',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', metric: 100 }],
        },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0 metric 100'],
  },
  {
    name: 'MTU',
    config: { interfaces: [{ name: 'eth0', mtu: 1400, dhcp: true }] },
    batch: ['link set dev eth0 up mtu 1400'],
    fixedMtu: ['eth0'],
    dhcp: ['eth0'],
    refuseRa: ['eth0'],
  },
  {
    name: 'MTU too small for IPv6',
    config: { interfaces: [{ name: 'eth0', mtu: 1000, addresses: ['2001:db8::7/64'], acceptRa: true }] },
    warnings: [/an MTU of 1000 disables IPv6/],
  },
  {
    name: 'IPv6 only, link-local gateway',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: 'fe80::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 2001:db8::7/64 dev eth0 nodad',
      'route replace ::/0 via fe80::1 dev eth0',
    ],
    gateways: [{ address: 'fe80::1', link: 'eth0' }],
    static: true,
  },
  {
    name: 'IPv6 gateway outside, ::/0 as destination',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['2001:db8::7/128'],
          routes: [{ destination: '::/0', gateway: '2001:db8:ffff::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 2001:db8::7/128 dev eth0 nodad',
      'route replace ::/0 via 2001:db8:ffff::1 dev eth0 onlink',
    ],
    gateways: [{ address: '2001:db8:ffff::1', link: 'eth0' }],
  },
  {
    name: 'IPv4 through an IPv6 gateway (RFC 8950)',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/32'],
          routes: [{ destination: '0.0.0.0/0', gateway: 'fe80::1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/32 dev eth0',
      'route replace 0.0.0.0/0 via inet6 fe80::1 dev eth0',
    ],
  },
  {
    name: 'IPv6 through an IPv4 gateway does not exist',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: '::/0', gateway: '192.0.2.1' }],
        },
      ],
      dns,
    },
    batch: v4Batch,
    warnings: [/cannot use an IPv4 gateway via 192.0.2.1/, /no default route/],
  },
  {
    name: 'default routes without a gateway, by family of the addresses',
    config: {
      interfaces: [
        { name: 'eth0', addresses: ['192.0.2.7/32'], routes: [{ destination: 'default' }] },
        { name: 'eth1', addresses: ['2001:db8::7/128'], routes: [{ destination: 'default' }] },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/32 dev eth0',
      'address replace 2001:db8::7/128 dev eth1 nodad',
      'route replace default dev eth0',
      'route replace ::/0 dev eth1',
    ],
    gateways: [],
  },
  {
    name: 'two default routes of the same metric: the second is kept behind the first',
    config: {
      interfaces: [
        { name: 'eth0', ...v4 },
        {
          name: 'eth1',
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '198.51.100.1' }],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 198.51.100.7/24 broadcast + dev eth1',
      'route replace default via 192.0.2.1 dev eth0',
      'route replace default via 198.51.100.1 dev eth1 metric 1',
    ],
    gateways: [v4Gateway, { address: '198.51.100.1', link: 'eth1' }],
  },
  {
    name: 'default routes of two families do not collide; networks behind gateways go before them',
    config: {
      interfaces: [
        {
          name: 'eth0',
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1' },
            { destination: 'default', gateway: '2001:db8::1' },
            { destination: '10.0.0.0/8', gateway: '192.0.2.254' },
          ],
        },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'address replace 2001:db8::7/64 dev eth0 nodad',
      'route replace 10.0.0.0/8 via 192.0.2.254 dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
      'route replace ::/0 via 2001:db8::1 dev eth0',
    ],
  },
  {
    name: 'two entries for one link are put together, repetitions dropped',
    config: {
      interfaces: [
        { name: 'eth0', ...v4 },
        { mac: '52:54:00:00:00:01', ...v4, acceptRa: true },
      ],
      dns,
    },
    batch: [...v4Batch, 'route replace default via 192.0.2.1 dev eth0'],
    acceptRa: ['eth0'],
    refuseRa: [],
  },
  {
    name: 'DHCP on one link: the other is left down',
    config: { interfaces: [{ name: 'eth1', dhcp: true, acceptRa: true }] },
    batch: ['link set dev eth1 up'],
    dhcp: ['eth1'],
    acceptRa: ['eth1'],
    refuseRa: [],
    static: false,
  },
  {
    name: 'DHCP that is asked for does not wait for a carrier',
    config: { interfaces: [{ name: 'eth2', dhcp: true }] },
    links: [eth0, dark],
    dhcp: ['eth2'],
  },
  {
    name: 'an interface that is named without anything to do',
    config: { interfaces: [{ name: 'eth0' }] },
    ...everywhere,
    warnings: [/gives no address to any/],
  },
  {
    name: 'static without default route and DNS',
    config: { interfaces: [{ name: 'eth0', addresses: ['192.0.2.7/24'] }] },
    batch: v4Batch,
    gateways: [],
    static: true,
    warnings: [/no default route/, /no DNS server/],
  },
];

for (const { name, config, links, warnings = [], ...expected } of worlds) {
  test(name, async t => {
    const made = plan(config, links);
    for (const [field, value] of Object.entries(expected)) {
      t.strictSame(made[field as keyof typeof made], value, field);
    }
    t.equal(
      made.warnings.length,
      warnings.length,
      `${made.warnings.length} warnings: ${made.warnings.join()}`,
    );
    for (const [index, pattern] of warnings.entries()) t.match(made.warnings[index], pattern);
  });
}

test('a plan made twice is the same', async t => {
  const config = { interfaces: [{ name: 'eth0', ...v4 }], dns };
  t.strictSame(plan(config), plan(config));
});

test('fallback: every link up, static routes behind what is learnt', async t => {
  const made = plan({ interfaces: [{ name: 'eth0', ...v4 }], dns });
  t.strictSame(fallbackPlan([eth0, eth1, dark, { ...eth1, name: 'eth3', master: 'bond0' }], made), {
    batch: [
      'link set dev eth0 up',
      'link set dev eth1 up',
      'link set dev eth2 up',
      'route del default via 192.0.2.1 dev eth0',
      'route replace default via 192.0.2.1 dev eth0 metric 1048576',
    ],
    dhcp: ['eth0', 'eth1'],
    acceptRa: ['eth0', 'eth1'],
  });
});

test('only the default routes of silent gateways are put back', async t => {
  const { routes } = plan({
    interfaces: [
      {
        name: 'eth0',
        addresses: ['192.0.2.7/24', '2001:db8::7/64'],
        routes: [
          { destination: 'default', gateway: '192.0.2.1', metric: 4294967295 },
          { destination: 'default', gateway: '2001:db8::1' },
          { destination: '10.0.0.0/8', gateway: '192.0.2.1' },
        ],
      },
      { name: 'eth1', routes: [{ destination: 'default', gateway: '192.0.2.1', metric: 5 }] },
    ],
  });
  t.strictSame(demote(routes, [v4Gateway]), [
    'route del default via 192.0.2.1 dev eth0 metric 4294967295',
    'route replace default via 192.0.2.1 dev eth0 metric 4294967295',
  ]);
  t.strictSame(demote(routes, [{ address: '2001:db8::1', link: 'eth0' }]), [
    'route del ::/0 via 2001:db8::1 dev eth0',
    'route replace ::/0 via 2001:db8::1 dev eth0 metric 1049600',
  ]);
  t.strictSame(demote(routes, []), []);
});

test('resolv.conf', async t => {
  const rows: [{ servers: string[]; search: string[] }, string][] = [
    [{ servers: [], search: [] }, ''],
    [
      { servers: ['192.0.2.53', '2001:db8::53', '192.0.2.53'], search: [] },
      'nameserver 192.0.2.53\nnameserver 2001:db8::53\n',
    ],
    [
      { servers: ['2001:db8::53'], search: ['a.example', 'b.example'] },
      'search a.example b.example\nnameserver 2001:db8::53\n',
    ],
    // One line stays one line.
    [
      { servers: [], search: ['a.example\nnameserver 203.0.113.66'] },
      'search a.example nameserver 203.0.113.66\n',
    ],
  ];
  for (const [dns, text] of rows) t.equal(renderResolvConf(dns), text);
});
