import { address, addressOn, card, gateway, mac, up, type NetworkWorld } from './world.ts';

const first = mac(1);

/** Interfaces of virtual machines, containers and tunnels, beside the ones that reach the network. */
export const guestWorlds: NetworkWorld[] = [
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
