import { card, up, type NetworkWorld } from './world.ts';

/** Cards with addresses that somebody has configured: gateways, secondary addresses, point to point. */
export const addressWorlds: NetworkWorld[] = [
  {
    name: 'static IPv4',
    setup: [...up(1), 'ip address add 192.0.2.7/24 brd + dev eth1', 'ip route add default via 192.0.2.1'],
    files: { 'resolv.conf': 'search example.org\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n' },
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
      dns: { servers: ['192.0.2.53', '2001:db8::53'], search: ['example.org'] },
    },
  },
  {
    name: 'static IPv4 and IPv6',
    setup: [
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip address add 2001:db8::7/64 dev eth1 nodad',
      'ip route add default via 192.0.2.1',
      'ip -6 route add default via 2001:db8::1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1' },
            { destination: 'default', gateway: '2001:db8::1' },
          ],
        }),
      ],
    },
  },
  {
    name: '/32 and a gateway that is on the link',
    setup: [
      ...up(1),
      'ip address add 198.51.100.7/32 dev eth1',
      'ip route add default via 203.0.113.1 dev eth1 onlink',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['198.51.100.7/32'],
          routes: [{ destination: 'default', gateway: '203.0.113.1', onlink: true }],
        }),
      ],
    },
  },
  {
    name: '/32 and a route to the gateway',
    setup: [
      ...up(1),
      'ip address add 198.51.100.7/32 dev eth1',
      'ip route add 172.31.1.1 dev eth1 src 198.51.100.7',
      'ip route add default via 172.31.1.1 dev eth1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['198.51.100.7/32'],
          routes: [
            { destination: 'default', gateway: '172.31.1.1' },
            { destination: '172.31.1.1/32', source: '198.51.100.7' },
          ],
        }),
      ],
    },
  },
  {
    name: 'IPv4 by an IPv6 gateway',
    setup: [
      ...up(1),
      'ip address add 198.51.100.7/32 dev eth1',
      'ip route add 0.0.0.0/0 via inet6 fe80::1 dev eth1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['198.51.100.7/32'],
          routes: [{ destination: '0.0.0.0/0', gateway: 'fe80::1' }],
        }),
      ],
    },
  },
  {
    name: 'IPv6 only, link-local gateway',
    setup: [
      ...up(1),
      'ip address add 2001:db8::7/64 dev eth1 nodad',
      'ip -6 route add default via fe80::1 dev eth1 metric 100',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: 'fe80::1', metric: 100 }],
        }),
      ],
    },
  },
  {
    name: 'IPv6 only, gateway outside of the network',
    setup: [
      ...up(1),
      'ip address add 2001:db8:1::7/128 dev eth1 nodad',
      'ip -6 route add 2001:db8:ffff::1 dev eth1',
      'ip -6 route add default via 2001:db8:ffff::1 dev eth1 onlink',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['2001:db8:1::7/128'],
          routes: [
            { destination: '2001:db8:ffff::1/128' },
            { destination: 'default', gateway: '2001:db8:ffff::1', onlink: true },
          ],
        }),
      ],
    },
  },
  {
    name: 'secondary addresses, in order',
    setup: [
      ...up(1),
      'ip address add 192.0.2.9/24 dev eth1',
      'ip address add 192.0.2.7/24 dev eth1',
      'ip address add 192.0.2.8/24 dev eth1',
      'ip address add 198.51.100.5/28 dev eth1',
      'ip address add 2001:db8::9/64 dev eth1 nodad',
      'ip address add 2001:db8::7/64 dev eth1 nodad',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          // The kernel puts primary addresses before secondary ones (net/ipv4/devinet.c, __inet_insert_ifa).
          addresses: [
            '192.0.2.9/24',
            '198.51.100.5/28',
            '192.0.2.7/24',
            '192.0.2.8/24',
            '2001:db8::9/64',
            '2001:db8::7/64',
          ],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
  {
    name: 'deprecated addresses',
    setup: [
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip address add 2001:db8::6/64 dev eth1 nodad preferred_lft 0',
      'ip address add 2001:db8::7/64 dev eth1 nodad',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
      leftOut: [/^2001:db8::6\/64 on eth1: is deprecated/],
    },
  },
  {
    name: 'point to point',
    setup: [
      ...up(1),
      'ip address add 192.0.2.7 peer 192.0.2.1/32 dev eth1',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: [{ address: '192.0.2.7', peer: '192.0.2.1/32' }],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
  {
    name: 'point to point, IPv6',
    setup: [
      ...up(1),
      'ip address add 2001:db8::7 peer 2001:db8::1/128 dev eth1 nodad',
      'ip -6 route add default via 2001:db8::1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: [{ address: '2001:db8::7', peer: '2001:db8::1/128' }],
          routes: [{ destination: 'default', gateway: '2001:db8::1' }],
        }),
      ],
    },
  },
];
