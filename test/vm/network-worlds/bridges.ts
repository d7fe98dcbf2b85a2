import { address, addressOn, card, gateway, mac, up, type NetworkWorld } from './world.ts';

const first = mac(1);

/** Bridges over cards, bonds and VLANs. */
export const bridgeWorlds: NetworkWorld[] = [
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
];
