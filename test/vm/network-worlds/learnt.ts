import { card, up, type NetworkWorld } from './world.ts';

const leased = (more = '') =>
  `ip address add 192.0.2.7/24 dev eth1 valid_lft 3600 preferred_lft 3600 ${more}`.trim();
const networkd = [
  ...up(1),
  leased(),
  'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 1024',
  'ip route add 192.0.2.1 dev eth1 proto dhcp scope link src 192.0.2.7 metric 1024',
];

/** Addresses and routes that servers and routers have given, in the ways of the programs that ask for them. */
export const learntWorlds: NetworkWorld[] = [
  {
    name: 'DHCP by systemd-networkd',
    setup: networkd,
    expect: { interfaces: [card(1, { dhcp: { address: '192.0.2.7', metric: 1024 } })] },
  },
  {
    name: 'DHCP by systemd-networkd, known by its DUID',
    setup: networkd,
    files: {
      'leases/networkd/IFINDEX(eth1)':
        '# This is private data. Do not parse.\nADDRESS=192.0.2.7\nNETMASK=255.255.255.0\nCLIENTID=ff5652b0ee00020000ab11d2d4e4a5b6c7d8e9\n',
    },
    expect: {
      interfaces: [
        card(1, {
          dhcp: {
            clientId: 'ff5652b0ee00020000ab11d2d4e4a5b6c7d8e9',
            address: '192.0.2.7',
            metric: 1024,
          },
        }),
      ],
    },
  },
  {
    name: 'DHCP by systemd-networkd, known by its MAC address',
    setup: networkd,
    files: { 'leases/networkd/IFINDEX(eth1)': 'ADDRESS=192.0.2.7\nCLIENTID=01525400dabe02\n' },
    expect: { interfaces: [card(1, { dhcp: { address: '192.0.2.7', metric: 1024 } })] },
  },
  {
    name: 'DHCP by dhclient',
    setup: [...up(1), leased(), 'ip route add default via 192.0.2.1 dev eth1'],
    files: {
      'leases/dhclient/dhclient.eth1.leases': [
        'lease {\n  interface "eth1";\n  fixed-address 192.0.2.7;\n  option routers 192.0.2.1;\n}\n',
        'lease {\n  interface "eth1";\n  fixed-address 192.0.2.7;\n  option subnet-mask 255.255.255.0;\n}\n',
      ].join(''),
    },
    expect: { interfaces: [card(1, { dhcp: { clientId: 'none', address: '192.0.2.7', metric: 0 } })] },
  },
  {
    name: 'DHCP by dhclient with an identifier, and an old lease of another client',
    setup: [...up(1), leased(), 'ip route add default via 192.0.2.1 dev eth1'],
    files: {
      'leases/dhclient/dhclient.leases': [
        'lease {\n  interface "eth1";\n  fixed-address 192.0.2.7;\n  option dhcp-client-identifier 0:77:65:62:2d:30:31;\n}\n',
        'lease {\n  interface "eth1";\n  fixed-address 10.0.0.9;\n}\n',
      ].join(''),
    },
    expect: {
      interfaces: [card(1, { dhcp: { clientId: '007765622d3031', address: '192.0.2.7', metric: 0 } })],
    },
  },
  {
    name: 'DHCP by NetworkManager',
    setup: [
      ...up(1),
      leased('noprefixroute'),
      'ip route add 192.0.2.0/24 dev eth1 proto kernel scope link src 192.0.2.7 metric 100',
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 100',
    ],
    expect: { interfaces: [card(1, { dhcp: { address: '192.0.2.7', metric: 100 } })] },
  },
  {
    name: 'DHCP by dhcpcd',
    setup: [
      ...up(1),
      leased(),
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 1002',
    ],
    files: {
      'leases/dhcpcd/duid': '00:01:00:01:2c:aa:bb:cc:52:54:00:da:be:02\n',
      'leases/dhcpcd/eth1.lease': '\u0002\u0001\u0006',
    },
    expect: {
      interfaces: [
        card(1, {
          dhcp: {
            clientId: 'ff00dabe02000100012caabbcc525400dabe02',
            address: '192.0.2.7',
            metric: 1002,
          },
        }),
      ],
    },
  },
  {
    name: 'a lease for ever',
    setup: [
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 1024',
    ],
    expect: { interfaces: [card(1, { dhcp: { address: '192.0.2.7', metric: 1024 } })] },
  },
  {
    name: 'a lease, and addresses and routes beside it',
    setup: [
      ...networkd,
      'ip address add 198.51.100.7/24 dev eth1',
      'ip route add 10.0.0.0/8 via 192.0.2.254',
      'ip route add 10.0.0.0/8 via 192.0.2.254 table 100 proto static src 192.0.2.7',
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp table 100',
      'ip rule add from 192.0.2.7 lookup 100 priority 100',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['198.51.100.7/24'],
          routes: [
            { destination: 'default', gateway: '192.0.2.1', table: 100 },
            { destination: '10.0.0.0/8', gateway: '192.0.2.254', table: 100 },
            { destination: '10.0.0.0/8', gateway: '192.0.2.254' },
          ],
          dhcp: { address: '192.0.2.7', metric: 1024 },
        }),
      ],
      rules: [{ priority: 100, from: '192.0.2.7/32', table: 100 }],
    },
  },
  {
    name: 'a lease on a VLAN of a bond',
    setup: [
      'ip link add bond0 type bond mode active-backup miimon 100',
      'ip link set eth1 master bond0',
      'ip link set bond0 up',
      'ip link add link bond0 name bond0.3 type vlan id 3',
      'ip link set bond0.3 up',
      'ip address add 192.0.2.7/24 dev bond0.3 valid_lft 600 preferred_lft 600',
      'ip route add default via 192.0.2.1 dev bond0.3 proto dhcp src 192.0.2.7 metric 1024',
    ],
    expect: {
      interfaces: [
        card(1),
        {
          name: 'bond0',
          bond: { members: ['eth1'], mode: 'active-backup', miimon: 100 },
          macAddress: '52:54:00:da:be:02',
        },
        { name: 'bond0.3', vlan: { link: 'bond0', id: 3 }, dhcp: { address: '192.0.2.7', metric: 1024 } },
      ],
    },
  },
  {
    name: 'two leases, the default route by the second card',
    setup: [
      ...up(1, 2),
      leased(),
      'ip address add 198.51.100.7/24 dev eth2 valid_lft 3600 preferred_lft 3600',
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 200',
      'ip route add default via 198.51.100.1 dev eth2 proto dhcp src 198.51.100.7 metric 100',
    ],
    expect: {
      interfaces: [
        card(1, { dhcp: { address: '192.0.2.7', metric: 200 } }),
        card(2, { dhcp: { address: '198.51.100.7', metric: 100 } }),
      ],
    },
  },
  {
    name: 'two leases, of one of which nothing but the address is used',
    setup: [
      ...up(1, 2),
      leased(),
      'ip address add 198.51.100.7/24 dev eth2 valid_lft 3600 preferred_lft 3600',
      'ip route add default via 198.51.100.1 dev eth2 proto dhcp src 198.51.100.7 metric 100',
    ],
    files: {
      'networkd/IFINDEX(eth1)':
        '[Link]\nRequiredForOnline=no\n[DHCPv4]\nUseRoutes=yes\nUseDNS=no\nUseMTU=false\n[DHCPv4]\nUseRoutes=0\nUseHostname=off\n',
      'nm/IFINDEX(eth2)': '[ipv4]\nignore-auto-dns=true\n',
    },
    expect: {
      interfaces: [
        card(1, {
          requiredForOnline: false,
          dhcp: {
            address: '192.0.2.7',
            ...{ useGateway: false, useRoutes: false, useDns: false, useMtu: false, useHostName: false },
          },
        }),
        card(2, { dhcp: { address: '198.51.100.7', metric: 100, useDns: false } }),
      ],
    },
  },
  {
    name: 'a lease beside a default route that somebody configured',
    setup: [
      ...up(1, 2),
      leased(),
      'ip address add 198.51.100.7/24 dev eth2',
      'ip route add default via 198.51.100.1 dev eth2 metric 300',
      'ip route add default via 192.0.2.1 dev eth1 proto dhcp src 192.0.2.7 metric 250',
    ],
    expect: {
      interfaces: [
        card(1, { dhcp: { address: '192.0.2.7', metric: 250 } }),
        card(2, {
          addresses: ['198.51.100.7/24'],
          routes: [{ destination: 'default', gateway: '198.51.100.1', metric: 300 }],
        }),
      ],
    },
  },
  {
    name: 'router advertisements',
    advertised: true,
    setup: up(1),
    expect: { interfaces: [card(1, { acceptRa: true })] },
  },
  {
    name: 'router advertisements, temporary addresses, a static address',
    advertised: true,
    setup: [
      'echo 2 >/proc/sys/net/ipv6/conf/eth1/use_tempaddr',
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip route add default via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
          acceptRa: true,
        }),
      ],
    },
  },
  {
    name: 'an address from a secret of the old system (RFC 7217)',
    setup: [
      'ip link set eth1 addrgenmode none',
      ...up(1),
      'ip address add fe80::8f2a:51c3:77d0:1e4b/64 dev eth1 nodad',
      'ip address add 2001:db8::8f2a:51c3:77d0:1e4b/64 dev eth1 nodad mngtmpaddr valid_lft 86400 preferred_lft 14400',
      'ip -6 route add default via fe80::1 dev eth1 proto ra metric 100',
    ],
    expect: {
      interfaces: [
        card(1, {
          addresses: ['fe80::8f2a:51c3:77d0:1e4b/64', '2001:db8::8f2a:51c3:77d0:1e4b/64'],
          acceptRa: { metric: 100 },
        }),
      ],
    },
  },
  {
    name: 'DHCPv6',
    setup: [
      ...up(1),
      'ip address add 2001:db8::1234/128 dev eth1 nodad noprefixroute valid_lft 3600 preferred_lft 3600',
      'ip -6 route add default via fe80::1 dev eth1 proto ra metric 512',
    ],
    expect: {
      interfaces: [card(1, { addresses: ['2001:db8::1234/128'], acceptRa: { metric: 512 } })],
      warnings: [/^eth1: 2001:db8::1234 was leased by DHCPv6/],
    },
  },
  {
    name: 'a resolver on the machine itself',
    setup: [...up(1), 'ip address add 192.0.2.7/24 dev eth1', 'ip route add default via 192.0.2.1'],
    files: {
      'resolv.conf': 'nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch example.org .\n',
      'resolved/resolved.conf':
        '[Resolve]\n#DNS=203.0.113.1\nDNS=192.0.2.53#dns.example [2001:db8::53]:853%eth1\nDomains=~corp.example\n',
      'nm-dns': 'dns=192.0.2.54;\ndns-search=lab.example;\n',
    },
    expect: {
      interfaces: [
        card(1, {
          addresses: ['192.0.2.7/24'],
          routes: [{ destination: 'default', gateway: '192.0.2.1' }],
        }),
      ],
      dns: {
        servers: ['192.0.2.53', '2001:db8::53', '192.0.2.54'],
        search: ['example.org', 'corp.example', 'lab.example'],
      },
    },
  },
];
