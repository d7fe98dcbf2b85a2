import { address, addressOn, card, gateway, mac, up, type NetworkWorld } from './world.ts';

const first = mac(1);

/** Bonds, and VLANs on cards and bonds. */
export const bondWorlds: NetworkWorld[] = [
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
];
