import { card, up, type NetworkWorld } from './world.ts';

const address = { addresses: ['192.0.2.7/24'] };
const gateway = { routes: [{ destination: 'default', gateway: '192.0.2.1' }] };
const addressOn = (link: string) => [
  `ip address add 192.0.2.7/24 dev ${link}`,
  'ip route add default via 192.0.2.1',
];
const first = '52:54:00:da:be:02';

/** Interfaces that are made of others, and those that lie about. */
export const linkWorlds: NetworkWorld[] = [
  {
    name: 'bond, 802.3ad',
    setup: [
      'ip link add bond0 type bond mode 802.3ad miimon 100 lacp_rate fast xmit_hash_policy layer3+4 min_links 1',
      'ip link set eth1 master bond0',
      'ip link set eth2 master bond0',
      'ip link set bond0 up',
      ...addressOn('bond0'),
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'bond0',
          bond: {
            members: ['eth1', 'eth2'],
            mode: '802.3ad',
            miimon: 100,
            lacpRate: 'fast',
            xmitHashPolicy: 'layer3+4',
            minLinks: 1,
          },
          macAddress: first,
          ...address,
          ...gateway,
        },
      ],
    },
  },
  {
    name: 'bond, active-backup with a preferred member',
    setup: [
      'ip link add bond0 type bond mode active-backup miimon 50 updelay 100 downdelay 150',
      'ip link set eth1 master bond0',
      'ip link set eth2 master bond0',
      'ip link set bond0 type bond primary eth2 primary_reselect better',
      'ip link set bond0 up',
      ...addressOn('bond0'),
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'bond0',
          bond: {
            members: ['eth1', 'eth2'],
            mode: 'active-backup',
            miimon: 50,
            updelay: 100,
            downdelay: 150,
            primary: 'eth2',
            primaryReselect: 'better',
          },
          macAddress: first,
          ...address,
          ...gateway,
        },
      ],
    },
  },
  {
    name: 'bond, balance-xor, fail_over_mac',
    setup: [
      'ip link add lag type bond mode balance-xor miimon 100 xmit_hash_policy layer2+3',
      'ip link set eth3 master lag',
      'ip link set lag up',
      ...addressOn('lag'),
    ],
    expect: {
      interfaces: [
        card(3),
        {
          name: 'lag',
          bond: { members: ['eth3'], mode: 'balance-xor', miimon: 100, xmitHashPolicy: 'layer2+3' },
          macAddress: '52:54:00:da:be:04',
          ...address,
          ...gateway,
        },
      ],
    },
  },
  {
    name: 'bond, watched by ARP',
    setup: [
      'ip link add bond0 type bond mode active-backup arp_interval 1000 arp_ip_target 192.0.2.1,192.0.2.2 fail_over_mac active',
      'ip link set eth1 master bond0',
      'ip link set eth2 master bond0',
      'ip link set bond0 up',
      ...addressOn('bond0'),
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'bond0',
          bond: {
            members: ['eth1', 'eth2'],
            mode: 'active-backup',
            arpInterval: 1000,
            arpIpTargets: ['192.0.2.1', '192.0.2.2'],
            failOverMac: 'active',
          },
          macAddress: first,
          ...address,
          ...gateway,
        },
      ],
    },
  },
  {
    name: 'VLAN on a card',
    setup: [
      ...up(1),
      'ip link add link eth1 name eth1.7 type vlan id 7',
      'ip link set eth1.7 up',
      ...addressOn('eth1.7'),
    ],
    expect: {
      interfaces: [card(1), { name: 'eth1.7', vlan: { link: 'eth1', id: 7 }, ...address, ...gateway }],
    },
  },
  {
    name: 'VLAN on a bond, addresses on both',
    setup: [
      'ip link add bond0 type bond mode active-backup miimon 100',
      'ip link set eth1 master bond0',
      'ip link set eth2 master bond0',
      'ip link set bond0 up',
      'ip link add link bond0 name public type vlan id 4000',
      'ip link set public up',
      ...addressOn('public'),
      'ip address add 10.0.0.7/24 dev bond0',
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'bond0',
          bond: { members: ['eth1', 'eth2'], mode: 'active-backup', miimon: 100 },
          macAddress: first,
          addresses: ['10.0.0.7/24'],
        },
        { name: 'public', vlan: { link: 'bond0', id: 4000 }, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'VLAN in a VLAN',
    setup: [
      ...up(1),
      'ip link add link eth1 name outer type vlan protocol 802.1ad id 100',
      'ip link set outer up',
      'ip link add link outer name inner type vlan id 200',
      'ip link set inner up',
      ...addressOn('inner'),
    ],
    expect: {
      interfaces: [
        card(1),
        { name: 'outer', vlan: { link: 'eth1', id: 100, protocol: '802.1ad' } },
        { name: 'inner', vlan: { link: 'outer', id: 200 }, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'bridge with a card',
    setup: [
      'ip link add br0 type bridge',
      'ip link set eth1 master br0',
      ...up(1),
      'ip link set br0 up',
      ...addressOn('br0'),
    ],
    expect: {
      interfaces: [
        card(1),
        { name: 'br0', bridge: { members: ['eth1'] }, macAddress: first, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'bridge with two cards and spanning tree',
    setup: [
      'ip link add br-lan address 52:54:00:00:00:99 type bridge stp_state 1 forward_delay 400 priority 4096',
      'ip link set eth1 master br-lan',
      'ip link set eth2 master br-lan',
      ...up(1, 2),
      'ip link set br-lan up',
      ...addressOn('br-lan'),
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'br-lan',
          bridge: { members: ['eth1', 'eth2'], stp: true, forwardDelay: 4, priority: 4096 },
          macAddress: '52:54:00:00:00:99',
          ...address,
          ...gateway,
        },
      ],
    },
  },
  {
    name: 'bridge over a VLAN over a bond',
    setup: [
      'ip link add bond0 type bond mode 802.3ad miimon 100',
      'ip link set eth1 master bond0',
      'ip link set eth2 master bond0',
      'ip link set bond0 up',
      'ip link add link bond0 name bond0.5 type vlan id 5',
      'ip link set bond0.5 up',
      'ip link add vmbr0 type bridge',
      'ip link set bond0.5 master vmbr0',
      'ip link set vmbr0 up',
      ...addressOn('vmbr0'),
    ],
    expect: {
      interfaces: [
        card(1),
        card(2),
        {
          name: 'bond0',
          bond: { members: ['eth1', 'eth2'], mode: '802.3ad', miimon: 100, lacpRate: 'slow' },
          macAddress: first,
        },
        { name: 'bond0.5', vlan: { link: 'bond0', id: 5 } },
        { name: 'vmbr0', bridge: { members: ['bond0.5'] }, macAddress: first, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'VLAN on a bridge',
    setup: [
      'ip link add br0 type bridge',
      'ip link set eth1 master br0',
      ...up(1),
      'ip link set br0 up',
      'ip link add link br0 name br0.9 type vlan id 9',
      'ip link set br0.9 up',
      ...addressOn('br0.9'),
    ],
    expect: {
      interfaces: [
        card(1),
        { name: 'br0', bridge: { members: ['eth1'] }, macAddress: first },
        { name: 'br0.9', vlan: { link: 'br0', id: 9 }, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'bridge that filters VLANs',
    setup: [
      'ip link add br0 type bridge vlan_filtering 1',
      'ip link set eth1 master br0',
      ...up(1),
      'ip link set br0 up',
      ...addressOn('br0'),
    ],
    expect: {
      interfaces: [
        card(1),
        { name: 'br0', bridge: { members: ['eth1'] }, macAddress: first, ...address, ...gateway },
      ],
      warnings: [/^br0 filters VLANs/],
    },
  },
  {
    name: 'jumbo frames on a bond, usual ones on one of its VLANs',
    setup: [
      'ip link add bond0 mtu 9000 type bond mode active-backup miimon 100',
      'ip link set eth1 master bond0',
      'ip link set bond0 mtu 9000 up',
      'ip link add link bond0 name bond0.1 type vlan id 1',
      'ip link set bond0.1 up',
      'ip link add link bond0 name bond0.2 mtu 1500 type vlan id 2',
      'ip link set bond0.2 up',
      'ip address add 10.0.0.7/24 dev bond0.1',
      ...addressOn('bond0.2'),
    ],
    expect: {
      interfaces: [
        card(1),
        {
          name: 'bond0',
          bond: { members: ['eth1'], mode: 'active-backup', miimon: 100 },
          macAddress: first,
          mtu: 9000,
        },
        { name: 'bond0.1', vlan: { link: 'bond0', id: 1 }, mtu: 9000, addresses: ['10.0.0.7/24'] },
        { name: 'bond0.2', vlan: { link: 'bond0', id: 2 }, ...address, ...gateway },
      ],
    },
  },
  {
    name: 'a bridge for virtual machines, without an address',
    modules: ['tun'],
    setup: [
      ...up(1, 2),
      'ip link add vmbr1 type bridge',
      'ip link set eth2 master vmbr1',
      'ip tuntap add tap100i0 mode tap',
      // As hypervisors do it: a bridge takes the lowest address of its ports.
      'ip link set tap100i0 address fe:54:00:00:00:64',
      'ip link set tap100i0 master vmbr1 up',
      'ip link set vmbr1 up',
      ...addressOn('eth1'),
    ],
    expect: {
      interfaces: [card(1, { ...address, ...gateway })],
      leftOut: [/^tap100i0: belongs to a program/, /^eth2: has no address/, /^vmbr1: has no address/],
    },
  },
  {
    name: 'bridge with a card and guests',
    modules: ['tun', 'veth'],
    setup: [
      'ip link add vmbr0 type bridge',
      'ip link set eth1 master vmbr0',
      ...up(1),
      'ip tuntap add tap100i0 mode tap',
      // As hypervisors do it: a bridge takes the lowest address of its ports.
      'ip link set tap100i0 address fe:54:00:00:00:64',
      'ip link set tap100i0 master vmbr0 up',
      'ip link add veth101i0 address fe:54:00:00:00:65 type veth peer name veth101i0p',
      'ip link set veth101i0 master vmbr0 up',
      'ip link set vmbr0 up',
      ...addressOn('vmbr0'),
    ],
    expect: {
      interfaces: [
        card(1),
        { name: 'vmbr0', bridge: { members: ['eth1'] }, macAddress: first, ...address, ...gateway },
      ],
      leftOut: [/^tap100i0:/, /^veth101i0: belongs to a container/],
    },
  },
  {
    name: 'Docker',
    modules: ['veth'],
    setup: [
      ...up(1),
      ...addressOn('eth1'),
      'ip link add docker0 type bridge',
      'ip address add 172.17.0.1/16 dev docker0',
      'ip link add veth0a1b2c3 type veth peer name veth0a1b2c4',
      'ip link set veth0a1b2c3 master docker0 up',
      'ip link set docker0 up',
    ],
    expect: {
      interfaces: [card(1, { ...address, ...gateway })],
      leftOut: [/^veth0a1b2c3: belongs to a container/, /^docker0: has no hardware member/],
    },
  },
  {
    name: 'bridges of containers without containers',
    setup: [
      ...up(1),
      ...addressOn('eth1'),
      'ip link add virbr0 type bridge',
      'ip address add 192.168.122.1/24 dev virbr0',
      'ip link set virbr0 up',
    ],
    expect: {
      interfaces: [card(1, { ...address, ...gateway })],
      leftOut: [/^virbr0: has no hardware member/],
    },
  },
  {
    name: 'WireGuard that takes everything',
    modules: ['wireguard'],
    setup: [
      ...up(1),
      ...addressOn('eth1'),
      'ip link add wg0 type wireguard',
      'ip address add 10.8.0.2/24 dev wg0',
      'ip link set wg0 up mtu 1420',
      'ip route add default dev wg0 table 51820',
      'ip rule add not fwmark 51820 table 51820',
      'ip rule add table main suppress_prefixlength 0',
    ],
    expect: {
      interfaces: [card(1, { ...address, ...gateway })],
      rules: [{ priority: 32764, family: 4, table: 254, suppressPrefixLength: 0 }],
      leftOut: [/^wg0: is a WireGuard tunnel/, /^IPv4 rule 32765: uses table 51820/],
    },
  },
  {
    name: 'the default route goes through a tunnel',
    modules: ['tun'],
    setup: [
      ...up(1),
      'ip address add 192.0.2.7/24 dev eth1',
      'ip tuntap add tun0 mode tun',
      'ip address add 10.9.0.2/24 dev tun0',
      'ip link set tun0 up',
      'ip route add default dev tun0',
      'ip route add 203.0.113.5 via 192.0.2.1',
    ],
    expect: {
      interfaces: [
        card(1, { ...address, routes: [{ destination: '203.0.113.5/32', gateway: '192.0.2.1' }] }),
      ],
      warnings: [/^the default route via tun0 is not restored/],
      leftOut: [/^tun0: belongs to a program/],
    },
  },
  {
    name: 'an address on an interface that leads nowhere',
    modules: ['dummy'],
    setup: [
      ...up(1),
      ...addressOn('eth1'),
      'ip link add dummy0 type dummy',
      'ip address add 203.0.113.9/32 dev dummy0',
      'ip link set dummy0 up',
    ],
    expect: {
      interfaces: [card(1, { ...address, ...gateway })],
      leftOut: [/^dummy0: is a dummy interface/],
    },
  },
];
