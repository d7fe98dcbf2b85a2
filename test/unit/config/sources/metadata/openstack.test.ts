import t from 'tap';
import { openStack } from '../../../../../agent/config/sources/metadata/openstack.ts';
import { configText, decodes, key, other, type Given, type Row } from './rows.ts';

const metadata = {
  uuid: 'd8e02d56-2648-49a3-bf97-6be8f1204f38',
  availability_zone: 'nova',
  hostname: 'web-01.novalocal',
  name: 'web 01',
  launch_index: 0,
  project_id: 'f7ac731cc11f40efbc03a9f9e1d1d21f',
  public_keys: { laptop: `${key}\n` },
  keys: [{ name: 'laptop', type: 'ssh', data: `${key}\n` }],
  random_seed: 'yu5ZnkqF2CqnDZVA',
};
const link = { id: 'tap0', ethernet_mac_address: 'fa:16:3e:9d:02:6a', mtu: 1450, type: 'ovs', vif_id: '3c' };
const four = {
  id: 'network0',
  link: 'tap0',
  type: 'ipv4',
  network_id: 'da5b',
  ip_address: '192.0.2.7',
  netmask: '255.255.255.0',
  routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '192.0.2.1' }],
  services: [{ type: 'dns', address: '192.0.2.53' }],
};
const six = {
  id: 'network1',
  link: 'tap0',
  type: 'ipv6',
  ip_address: '2001:db8::7',
  netmask: 'ffff:ffff:ffff:ffff::',
  routes: [{ network: '::', netmask: '::', gateway: '2001:db8::1' }],
};
const network = { links: [link], networks: [four, six], services: [{ type: 'dns', address: '8.8.8.8' }] };
const whole: Given = { metadata, network, userData: configText };
const value = { hostName: 'web-01.novalocal', rootAuthorizedKeys: [key] };
const card = {
  mac: link.ethernet_mac_address,
  addresses: ['192.0.2.7/24', '2001:db8::7/64'],
  routes: [
    { destination: 'default', gateway: '192.0.2.1' },
    { destination: 'default', gateway: '2001:db8::1' },
  ],
  mtu: 1450,
};
const dns = { servers: ['8.8.8.8', '192.0.2.53'] };
const phy = (id: string, last: string) => ({
  id,
  type: 'phy',
  ethernet_mac_address: `a0:36:9f:2c:e8:${last}`,
});
const withNetwork = (...parts: [links: unknown, networks?: unknown]) => ({
  network: { links: parts[0], networks: parts[1] ?? [] },
});

const rows: Row[] = [
  ['everything', whole, { ...value, network: { interfaces: [card], dns }, config: configText }],
  ['nothing', {}, {}],
  ['no network', { metadata }, value],
  ['leases', { metadata, ...withNetwork([link], [{ ...four, type: 'ipv4_dhcp', ip_address: undefined, routes: undefined }]) }, value],
  ['leases and advertisements', { metadata, ...withNetwork([link], [{ link: 'tap0', type: 'ipv4_dhcp' }, { link: 'tap0', type: 'ipv6_slaac' }]) }, value],
  ['a lease beside a static IPv6 address', withNetwork([link], [{ link: 'tap0', type: 'ipv4_dhcp' }, six]), { network: { interfaces: [{ mac: card.mac, addresses: ['2001:db8::7/64'], routes: [card.routes[1]!], dhcp: true, mtu: 1450 }] } }],
  ['a prefix length beside the address', withNetwork([{ ...link, mtu: null }], [{ link: 'tap0', type: 'ipv4', ip_address: '192.0.2.7/24' }]), { network: { interfaces: [{ mac: card.mac, addresses: ['192.0.2.7/24'] }] } }],
  ['a gateway beside the address', withNetwork([{ ...link, mtu: null }], [{ link: 'tap0', type: 'ipv4', ip_address: '192.0.2.7/24', gateway: '192.0.2.1' }]), { network: { interfaces: [{ mac: card.mac, addresses: ['192.0.2.7/24'], routes: [card.routes[0]!] }] } }],
  ['a route to a network', withNetwork([{ ...link, mtu: null }], [{ ...four, services: undefined, routes: [{ network: '10.0.0.0', netmask: '255.0.0.0', gateway: '192.0.2.2' }] }]), { network: { interfaces: [{ mac: card.mac, addresses: ['192.0.2.7/24'], routes: [{ destination: '10.0.0.0/8', gateway: '192.0.2.2' }] }] } }],
  ['a bond with a VLAN (Ironic)', withNetwork([phy('if0', '2c'), phy('if1', '2d'), { id: 'bond0', type: 'bond', bond_links: ['if0', 'if1'], bond_mode: '802.3ad', ethernet_mac_address: 'a0:36:9f:2c:e8:2c' }, { id: 'vlan2', type: 'vlan', vlan_link: 'bond0', vlan_id: 602 }], [{ ...four, link: 'vlan2', services: undefined }]), { network: { interfaces: [{ mac: 'a0:36:9f:2c:e8:2c' }, { mac: 'a0:36:9f:2c:e8:2d' }, { name: 'bond0', bond: { members: ['a0:36:9f:2c:e8:2c', 'a0:36:9f:2c:e8:2d'], mode: '802.3ad' } }, { name: 'vlan2', addresses: ['192.0.2.7/24'], routes: [card.routes[0]!], vlan: { link: 'bond0', id: 602 } }] } }],
  ['a VLAN on a card', withNetwork([phy('if0', '2c'), { id: 'v', type: 'vlan', vlan_link: 'if0', vlan_id: '7' }], []), { network: { interfaces: [{ mac: 'a0:36:9f:2c:e8:2c' }, { name: 'v', vlan: { link: 'a0:36:9f:2c:e8:2c', id: 7 } }] } }],
  ['a VLAN without a number', withNetwork([phy('if0', '2c'), { id: 'v', type: 'vlan', vlan_link: 'if0' }], [{ ...four, link: 'if0', services: undefined }]), { network: { interfaces: [{ mac: 'a0:36:9f:2c:e8:2c', addresses: ['192.0.2.7/24'], routes: [card.routes[0]!] }] }, notes: /1 of 2/ }],
  ['a bond of an unknown mode', withNetwork([phy('if0', '2c'), { id: 'b', type: 'bond', bond_links: ['if0'], bond_mode: 'x' }], []), { network: { interfaces: [{ mac: 'a0:36:9f:2c:e8:2c' }, { name: 'b', bond: { members: ['a0:36:9f:2c:e8:2c'], mode: 'balance-rr' } }] } }],
  ['an id that is too long for a name', withNetwork([phy('if0', '2c'), { id: '3cc9f2c8-7a3d-4d57-a9c9-3a9cf0a0a8d7', type: 'bond', bond_links: ['if0'], bond_mode: 'active-backup' }], []), { network: { interfaces: [{ mac: 'a0:36:9f:2c:e8:2c' }, { name: '3cc9f2c8-7a3d-4', bond: { members: ['a0:36:9f:2c:e8:2c'], mode: 'active-backup' } }] } }],
  ['a network of another link', withNetwork([link], [{ ...four, link: 'tap9' }]), {}],
  ['the name of the machine', { metadata: { name: 'db' } }, { hostName: 'db' }],
  ['a name in meta', { metadata: { meta: { hostname: 'db' }, name: 'x y' } }, { hostName: 'db' }],
  ['a name that is none', { metadata: { name: 'web 01' } }, { notes: /host name/ }],
  ['two keys', { metadata: { public_keys: { a: key, b: other } } }, { rootAuthorizedKeys: [key, other] }],
  ['keys as a list', { metadata: { public_keys: [key] } }, { rootAuthorizedKeys: [key] }],
  ['keys are null', { metadata: { public_keys: null } }, {}],
  ['a key that is none', { metadata: { public_keys: { a: 'x' } } }, { notes: /1 of 1/ }],
  ['cloud-init', { metadata, userData: '#cloud-config\n' }, { ...value, notes: /#cloud-config/ }],
  ['HTML', { metadata: '<html>', network: '<html>' }, { notes: /meta_data\.json is an HTML[^]*network_data\.json is an HTML/ }],
  ['cut', { metadata: '{"uuid": "d8', network: '{"links": [' }, { notes: /meta_data\.json is not valid JSON[^]*network_data\.json is not/ }],
]; // prettier-ignore

t.test('OpenStack', t => decodes(t, openStack, whole, rows));
