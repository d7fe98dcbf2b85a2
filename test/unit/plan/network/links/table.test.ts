import t from 'tap';
import type { Link } from '../../../../../agent/facts.ts';
import { dns, eth0, eth1, plan, static4 } from './cards.ts';

interface Row {
  name: string;
  config: unknown;
  links?: Link[];
  create?: string[];
  batch?: string[];
  rules?: { 4: string[]; 6: string[] };
  clientIds?: Record<string, string>;
  warnings?: RegExp[];
}

const rows: Row[] = [
  {
    name: 'members by name and by MAC address, without entries of their own',
    config: {
      interfaces: [
        {
          name: 'bond0',
          bond: { members: ['eth0', eth1.mac], mode: '802.3ad', lacpRate: 'fast' },
          ...static4,
        },
      ],
      dns,
    },
    create: ['link add name bond0 type bond mode 802.3ad lacp_rate fast'],
  },
  {
    name: 'a member that is not here',
    config: {
      interfaces: [{ name: 'bond0', bond: { members: ['eth0', 'eth9'], mode: 'balance-rr' }, ...static4 }],
      dns,
    },
    create: ['link add name bond0 type bond mode balance-rr'],
    warnings: [/^bond0: missing members: eth9/],
  },
  {
    name: 'none of the members is here',
    config: {
      interfaces: [{ name: 'bond0', bond: { members: ['eth8'], mode: 'balance-rr' }, ...static4 }],
      dns,
    },
    create: [],
    warnings: [/^bond0: no members found \(eth8\)/, /asking for DHCP on all/],
  },
  {
    name: 'two that lie on each other',
    config: {
      interfaces: [
        { name: 'a', vlan: { link: 'b', id: 1 }, ...static4 },
        { name: 'b', vlan: { link: 'a', id: 2 } },
      ],
      dns,
    },
    create: [],
    warnings: [/^a: no members found \(b\)/, /^b: no members found \(a\)/, /asking for DHCP/],
  },
  {
    name: 'written in any order: VLAN in a bridge over a bond',
    config: {
      interfaces: [
        { name: 'br0', bridge: { members: ['v5'], stp: true, forwardDelay: 4 }, dhcp: true },
        { name: 'v5', vlan: { link: 'bond0', id: 5, protocol: '802.1ad' } },
        {
          name: 'bond0',
          bond: { members: ['eth0'], mode: 'balance-xor', xmitHashPolicy: 'layer3+4' },
          mtu: 9000,
        },
      ],
    },
    create: [
      'link add name bond0 type bond mode balance-xor xmit_hash_policy layer3+4',
      'link add link bond0 name v5 type vlan protocol 802.1ad id 5',
      'link add name br0 type bridge stp_state 1 forward_delay 400',
    ],
    batch: [
      'link set dev eth0 down',
      'link set dev eth0 master bond0',
      'link set dev eth0 up',
      'link set dev bond0 up mtu 9000',
      'link set dev v5 up',
      'link set dev v5 master br0',
      'link set dev br0 up',
    ],
  },
  {
    name: 'a bridge that has the name of a card',
    config: { interfaces: [{ name: 'eth0', bridge: { members: [eth0.mac] }, ...static4 }], dns },
    create: ['link add name x-eth0 type bridge stp_state 0'],
  },
  {
    name: 'an empty bridge is one',
    config: {
      interfaces: [
        { name: 'br0', bridge: { members: [] }, addresses: ['10.0.0.1/24'] },
        { name: 'eth0', dhcp: true },
      ],
    },
    create: ['link add name br0 type bridge stp_state 0'],
  },
  {
    name: 'a MAC address to set, where it is not set yet',
    config: { interfaces: [{ mac: eth0.mac, macAddress: '52:54:00:00:00:77', ...static4 }], dns },
    batch: [
      'link set dev eth0 address 52:54:00:00:00:77',
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
  },
  {
    name: 'a MAC address to set that is set',
    config: { interfaces: [{ mac: eth0.mac, macAddress: '52:54:00:00:00:77', dhcp: true }] },
    links: [{ ...eth0, address: '52:54:00:00:00:77' }],
    batch: ['link set dev eth0 up'],
  },
  {
    name: 'a card that is not here does not get the place of another by its name',
    config: {
      interfaces: [
        { mac: '52:54:00:00:00:99', name: 'eth0', addresses: ['198.51.100.7/24'] },
        { mac: eth0.mac, name: 'eth1', ...static4 },
      ],
      dns,
    },
    batch: [
      'link set dev eth0 up',
      'address replace 192.0.2.7/24 broadcast + dev eth0',
      'route replace default via 192.0.2.1 dev eth0',
    ],
    warnings: [/no interface has the MAC address 52:54:00:00:00:99; present: /],
  },
  {
    name: 'how a link names itself to DHCP servers',
    config: {
      interfaces: [
        { name: 'eth0', dhcp: { clientId: 'FF:00:00:00:01:00:02' } },
        { name: 'eth1', dhcp: { clientId: 'none' } },
      ],
    },
    clientIds: { eth0: 'ff000000010002', eth1: 'none' },
  },
  {
    name: 'rules',
    config: {
      interfaces: [{ name: 'wan', mac: eth0.mac, ...static4 }],
      dns,
      rules: [
        { from: '192.0.2.0/24', table: 100, priority: 1000 },
        { family: 4, fwmark: 16, fwmask: 255, iif: 'wan', not: true, table: 254, suppressPrefixLength: 0 },
        { to: '2001:db8::/32', type: 'prohibit' },
        { family: 6, oif: 'eth7', table: 5 },
      ],
    },
    rules: {
      4: [
        'rule add from 192.0.2.0/24 priority 1000 table 100',
        'rule add not from all fwmark 16/255 iif eth0 priority 1001 table 254 suppress_prefixlength 0',
      ],
      6: ['rule add from all to 2001:db8::/32 priority 1002 type prohibit'],
    },
    warnings: [/^the rule 1003 names eth7/],
  },
];

for (const { name, config, links, warnings = [], ...expected } of rows) {
  t.test(name, async t => {
    const planned = plan(config, links);
    for (const [field, value] of Object.entries(expected)) {
      t.strictSame(planned[field as keyof typeof planned], value, field);
    }
    t.equal(planned.warnings.length, warnings.length, planned.warnings.join('\n'));
    t.match(planned.warnings, warnings);
  });
}
