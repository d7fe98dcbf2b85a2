import { card, mac, up, type NetworkWorld } from './world.ts';

const v4 = ['ip address add 192.0.2.7/24 dev eth1'];
const v6 = ['ip address add 2001:db8::7/64 dev eth1 nodad'];

/** Routes of every type, with one next hop or several. */
export const routeWorlds: NetworkWorld[] = [
  {
    name: 'several ways at once',
    setup: [
      ...up(1, 2),
      ...v4,
      'ip address add 198.51.100.7/24 dev eth2',
      'ip route add default nexthop via 192.0.2.1 weight 2 nexthop via 198.51.100.1',
    ],
    expect: {
      interfaces: [card(1, { addresses: ['192.0.2.7/24'] }), card(2, { addresses: ['198.51.100.7/24'] })],
      routes: [
        {
          destination: '0.0.0.0/0',
          nexthops: [
            { gateway: '192.0.2.1', interface: 'eth1', weight: 2 },
            { gateway: '198.51.100.1', interface: 'eth2' },
          ],
        },
      ],
    },
  },
  {
    name: 'several ways at once, IPv6',
    setup: [
      ...up(1, 2),
      ...v6,
      'ip address add 2001:db8:2::7/64 dev eth2 nodad',
      'ip -6 route add default nexthop via 2001:db8::1 nexthop via fe80::2 dev eth2',
      'ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8::1 nexthop via 2001:db8::2',
    ],
    expect: {
      interfaces: [card(1, { addresses: ['2001:db8::7/64'] }), card(2, { addresses: ['2001:db8:2::7/64'] })],
      routes: [
        {
          destination: '2001:db8:9::/48',
          nexthops: [
            { gateway: '2001:db8::1', interface: 'eth1' },
            { gateway: '2001:db8::2', interface: 'eth1' },
          ],
        },
        {
          destination: '::/0',
          nexthops: [
            { gateway: '2001:db8::1', interface: 'eth1' },
            { gateway: 'fe80::2', interface: 'eth2' },
          ],
        },
      ],
    },
  },
  {
    name: 'routes that lead nowhere',
    setup: [
      ...up(1),
      ...v4,
      ...v6,
      'ip route add default via 192.0.2.1',
      'ip route add blackhole 10.0.0.0/8',
      'ip route add unreachable 172.16.0.0/12 metric 5',
      'ip route add prohibit 192.168.0.0/16',
      'ip route add throw default table 9',
      'ip rule add to 203.0.113.0/24 lookup 9 priority 900',
      'ip -6 route add blackhole 2001:db8:dead::/48',
      'ip -6 route add unreachable default metric 4096',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
      routes: [
        { destination: '0.0.0.0/0', table: 9, type: 'throw' },
        { destination: '10.0.0.0/8', type: 'blackhole' },
        { destination: '172.16.0.0/12', metric: 5, type: 'unreachable' },
        { destination: '192.168.0.0/16', type: 'prohibit' },
        { destination: '2001:db8:dead::/48', type: 'blackhole' },
        { destination: '::/0', metric: 4096, type: 'unreachable' },
      ],
      rules: [{ priority: 900, to: '203.0.113.0/24', table: 9 }],
    },
  },
  {
    name: 'what else a route can say',
    setup: [
      ...up(1),
      ...v4,
      'ip address add 192.0.2.8/24 dev eth1',
      'ip route add default via 192.0.2.1 src 192.0.2.8',
      'ip route add 10.0.0.0/8 via 192.0.2.2 mtu 1300 advmss 1200',
      'ip route add 203.0.113.0/24 dev eth1 scope link',
      'ip route add 198.18.0.0/15 dev eth1 scope global',
      ...v6,
      'ip -6 route add 2001:db8:7::/48 via 2001:db8::2 src 2001:db8::7 metric 50 mtu 1400',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24', '192.0.2.8/24', '2001:db8::7/64'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1', source: '192.0.2.8' },
            { destination: '10.0.0.0/8', gateway: '192.0.2.2', mtu: 1300, advmss: 1200 },
            { destination: '198.18.0.0/15', scope: 'global' },
            { destination: '203.0.113.0/24' },
            {
              ...{ destination: '2001:db8:7::/48', gateway: '2001:db8::2', metric: 50 },
              ...{ source: '2001:db8::7', mtu: 1400 },
            },
          ],
        }),
      ],
    },
  },
  {
    name: 'default routes without a gateway',
    setup: [...up(1), ...v4, ...v6, 'ip route add default dev eth1', 'ip -6 route add default dev eth1'],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [{ destination: '0.0.0.0/0' }, { destination: '::/0' }],
        }),
      ],
    },
  },
  {
    name: 'a routing daemon',
    setup: [
      ...up(1),
      ...v4,
      'ip route add default via 192.0.2.1 proto bird',
      'ip route add 10.1.0.0/16 via 192.0.2.1 proto bird',
      'ip route add 10.2.0.0/16 via 192.0.2.1 proto bird',
      'ip route add 10.3.0.0/16 via 192.0.2.1 proto static',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1' },
            { destination: '10.3.0.0/16', gateway: '192.0.2.1' },
          ],
        }),
      ],
      leftOut: [/^2 routes: belong to the routing daemon \(bird\)/],
    },
  },
  {
    name: 'rules and ways by the names of renamed cards',
    setup: [
      'ip link set eth1 name wan0',
      'ip link set eth2 name wan1',
      'ip link set wan0 up',
      'ip link set wan1 up',
      'ip address add 192.0.2.7/24 dev wan0',
      'ip address add 198.51.100.7/24 dev wan1',
      'ip route add default nexthop via 192.0.2.1 dev wan0 nexthop via 198.51.100.1 dev wan1',
      'ip route add default via 198.51.100.1 table 8',
      'ip rule add iif wan1 lookup 8 priority 800',
    ],
    expect: {
      interfaces: [
        { name: 'wan0', mac: mac(1), addresses: ['192.0.2.7/24'] },
        {
          name: 'wan1',
          mac: mac(2),
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '198.51.100.1', table: 8 }],
        },
      ],
      routes: [
        {
          destination: '0.0.0.0/0',
          nexthops: [
            { gateway: '192.0.2.1', interface: 'wan0' },
            { gateway: '198.51.100.1', interface: 'wan1' },
          ],
        },
      ],
      rules: [{ priority: 800, family: 4, iif: 'wan1', table: 8 }],
    },
  },
];
