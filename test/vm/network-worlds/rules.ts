import { card, up, type NetworkWorld } from './world.ts';

const v4 = ['ip address add 192.0.2.7/24 dev eth1'];
const v6 = ['ip address add 2001:db8::7/64 dev eth1 nodad'];

/** Default routes with metrics, routing tables and rules. */
export const ruleWorlds: NetworkWorld[] = [
  {
    name: 'two default routes with metrics',
    setup: [
      ...up(1, 2),
      ...v4,
      'ip address add 198.51.100.7/24 dev eth2',
      'ip route add default via 198.51.100.1 metric 200',
      'ip route add default via 192.0.2.1 metric 100',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1', metric: 100 }],
        }),
        card(2, {
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '198.51.100.1', metric: 200 }],
        }),
      ],
    },
  },
  {
    name: 'two cards, each with a table of its own',
    setup: [
      ...up(1, 2),
      ...v4,
      'ip address add 198.51.100.7/24 dev eth2',
      'ip route add default via 192.0.2.1',
      'ip route add default via 192.0.2.1 table 101',
      'ip route add 198.51.100.0/24 dev eth2 src 198.51.100.7 table 102',
      'ip route add default via 198.51.100.1 table 102',
      'ip rule add from 192.0.2.7 lookup 101 priority 1001',
      'ip rule add from 198.51.100.0/24 lookup 102 priority 1002',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1', table: 101 },
            { destination: 'default', gateway: '192.0.2.1' },
          ],
        }),
        card(2, {
          addresses: ['198.51.100.7/24'],
          routes: [
            { destination: 'default', gateway: '198.51.100.1', table: 102 },
            { destination: '198.51.100.0/24', table: 102, source: '198.51.100.7' },
          ],
        }),
      ],
      rules: [
        { priority: 1001, from: '192.0.2.7/32', table: 101 },
        { priority: 1002, from: '198.51.100.0/24', table: 102 },
      ],
    },
  },
  {
    name: 'tables with names',
    setup: [
      ...up(1, 2),
      ...v4,
      'ip address add 198.51.100.7/24 dev eth2',
      'ip route add default via 192.0.2.1',
      'mkdir -p /etc/iproute2/rt_tables.d',
      'echo "77 uplink" >/etc/iproute2/rt_tables.d/test.conf',
      'ip route add default via 198.51.100.1 table uplink',
      'ip rule add from 198.51.100.7 lookup uplink priority 1000',
      'ip rule add fwmark 7 lookup uplink priority 1001',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
        card(2, {
          addresses: ['198.51.100.7/24'],
          // Which number the name stood for is not in the capture; any one will do.
          routes: [{ destination: 'default', gateway: '198.51.100.1', table: 1000 }],
        }),
      ],
      rules: [
        { priority: 1000, from: '198.51.100.7/32', table: 1000 },
        { priority: 1001, family: 4, fwmark: 7, table: 1000 },
      ],
    },
  },
  {
    name: 'rules of every kind',
    setup: [
      ...up(1, 2),
      ...v4,
      'ip route add default via 192.0.2.1',
      'ip route add default via 192.0.2.9 table 5',
      'ip rule add fwmark 0x10/0xff iif eth2 lookup 5 priority 100',
      'ip rule add not from 10.0.0.0/8 to 203.0.113.0/24 lookup 5 priority 101',
      'ip rule add to 10.99.0.0/16 prohibit priority 102',
      'ip rule add from 10.98.0.0/16 blackhole priority 103',
      'ip rule add oif eth1 lookup main suppress_prefixlength 0 priority 104',
      'ip rule add from all ipproto tcp dport 22 lookup 5 priority 105',
      'ip rule add from 10.97.0.0/16 lookup 6 priority 106',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [
            { destination: 'default', gateway: '192.0.2.9', table: 5 },
            { destination: 'default', gateway: '192.0.2.1' },
          ],
        }),
      ],
      rules: [
        { priority: 101, not: true, from: '10.0.0.0/8', to: '203.0.113.0/24', table: 5 },
        { priority: 102, to: '10.99.0.0/16', type: 'prohibit' },
        { priority: 103, from: '10.98.0.0/16', type: 'blackhole' },
        { priority: 104, family: 4, oif: 'eth1', table: 254, suppressPrefixLength: 0 },
      ],
      leftOut: [
        /^eth2: has no address/,
        /^IPv4 rule 100: names eth2/,
        /^IPv4 rule 105: has ipproto and dport/,
        /^IPv4 rule 106: uses table 6/,
      ],
    },
  },
  {
    name: 'IPv6 by source',
    setup: [
      ...up(1, 2),
      ...v6,
      'ip address add 2001:db8:2::7/64 dev eth2 nodad',
      'ip -6 route add default via 2001:db8::1',
      'ip -6 route add default via fe80::2 dev eth2 table 102',
      'ip -6 rule add from 2001:db8:2::/64 lookup 102 priority 1000',
      'ip -6 rule add fwmark 3 unreachable priority 1001',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['2001:db8::7/64'],
          routes: [{ destination: 'default', gateway: '2001:db8::1' }],
        }),
        card(2, {
          addresses: ['2001:db8:2::7/64'],
          routes: [{ destination: 'default', gateway: 'fe80::2', table: 102 }],
        }),
      ],
      rules: [
        { priority: 1000, from: '2001:db8:2::/64', table: 102 },
        { priority: 1001, family: 6, fwmark: 3, type: 'unreachable' },
      ],
    },
  },
];
