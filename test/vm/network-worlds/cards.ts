import { card, up, type NetworkWorld } from './world.ts';

/** Where an address is and which card has it: loopback, unused and renamed cards, MAC addresses, MTU. */
export const cardWorlds: NetworkWorld[] = [
  {
    name: 'addresses on the loopback interface, none on the card',
    setup: [
      ...up(1),
      'ip address add 203.0.113.9/32 dev lo',
      'ip address add 2001:db8:9::9/128 dev lo',
      'ip route add 0.0.0.0/0 via inet6 fe80::1 dev eth1 src 203.0.113.9',
      'ip -6 route add default via fe80::1 dev eth1 src 2001:db8:9::9',
    ],
    expect: {
      interfaces: [
        { name: 'lo', addresses: ['203.0.113.9/32', '2001:db8:9::9/128'] },
        card(1, {
          routes: [
            { destination: '0.0.0.0/0', gateway: 'fe80::1', source: '203.0.113.9' },
            { destination: 'default', gateway: 'fe80::1', source: '2001:db8:9::9' },
          ],
        }),
      ],
    },
  },
  {
    name: 'link-local only',
    setup: up(1, 2),
    expect: {
      interfaces: [],
      leftOut: [/^eth1: has no address/, /^eth2: has no address/],
    },
  },
  {
    name: 'a link-local address of its own',
    setup: [...up(1), 'ip address add fe80::7/64 dev eth1 nodad', 'ip address add 192.0.2.7/24 dev eth1'],
    expect: {
      interfaces: [card(1, { addresses: ['192.0.2.7/24', 'fe80::7/64'] })],
    },
  },
  {
    name: 'cards that nobody uses',
    setup: [...up(1, 2, 3), 'ip address add 192.0.2.7/24 dev eth2', 'ip route add default via 192.0.2.1'],
    expect: {
      interfaces: [
        card(2, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
      leftOut: [/^eth1: has no address/, /^eth3: has no address/],
    },
  },
  {
    name: 'a renamed card',
    setup: [
      'ip link set eth1 name wan0',
      'ip link property add dev wan0 altname enp1s0f0',
      'ip link set wan0 up',
      'ip address add 192.0.2.7/24 dev wan0',
      'ip route add default via 192.0.2.1',
      'ip rule add iif wan0 lookup main priority 500',
    ],
    expect: {
      interfaces: [
        {
          name: 'wan0',
          mac: '52:54:00:da:be:02',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        },
      ],
      rules: [{ priority: 500, family: 4, iif: 'wan0', table: 254 }],
    },
  },
  {
    name: 'a MAC address that was changed',
    setup: [
      'ip link set eth1 address 52:54:00:00:00:77',
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          macAddress: '52:54:00:00:00:77',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
  {
    name: 'no permanent MAC address',
    without: ['permaddr'],
    setup: [
      'ip link set eth1 address 52:54:00:00:00:77',
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          mac: '52:54:00:00:00:77',
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
  {
    name: 'two cards of the same MAC address',
    setup: [
      ...up(5, 6),
      'ip address add 192.0.2.7/24 dev eth5',
      'ip address add 198.51.100.7/24 dev eth6',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(5, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
        card(6, { addresses: ['198.51.100.7/24'] }),
      ],
      warnings: [/^eth5 has the same MAC address/, /^eth6 has the same MAC address/],
    },
  },
  {
    name: 'jumbo frames',
    setup: [
      'ip link set eth1 mtu 9000 up',
      'ip address add 192.0.2.7/24 dev eth1',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          mtu: 9000,
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
  {
    name: 'a small MTU',
    setup: [
      'ip link set eth1 mtu 1400 up',
      'ip address add 192.0.2.7/24 dev eth1',
      'ip address add 2001:db8::7/64 dev eth1 nodad',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          mtu: 1400,
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
    },
  },
];
