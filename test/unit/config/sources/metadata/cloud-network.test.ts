import { load } from 'js-yaml';
import t from 'tap';
import { networkSchema, type NetworkInput } from '../../../../../agent/config/schema.ts';
import { cloudNetwork } from '../../../../../agent/config/sources/metadata/cloud-network.ts';
import { addressWithPrefix } from '../../../../../agent/config/sources/metadata/network-parts.ts';

const mac = 'bc:24:11:aa:bb:01';
const v1 = (...config: unknown[]) => ({ version: 1, config });
const card = (...subnets: unknown[]) => ({
  type: 'physical',
  name: 'eth0',
  mac_address: mac.toUpperCase(),
  subnets,
});
const v2 = (rest: object) => ({ version: 2, ...rest });
const eth = (rest: object) => v2({ ethernets: { eth0: { match: { macaddress: mac }, ...rest } } });
const fixed = { type: 'static', address: '192.0.2.7', netmask: '255.255.255.0', gateway: '192.0.2.1' };
const route = { destination: 'default', gateway: '192.0.2.1' };
const one = { mac, addresses: ['192.0.2.7/24'], routes: [route] };

const rows: [name: string, value: unknown, expected: NetworkInput | undefined, notes?: RegExp][] = [
  ['none', undefined, undefined],
  ['a text', 'x', undefined],
  ['empty', {}, undefined],
  ['disabled', { config: 'disabled' }, undefined],
  ['disabled below network', { network: { config: 'disabled' } }, undefined],
  ['a version that is unknown', { version: 3 }, undefined, /neither 1 nor 2/],
  ['1: leases', v1(card({ type: 'dhcp' })), undefined],
  ['1: leases and advertisements', v1(card({ type: 'dhcp4' }, { type: 'ipv6_slaac' })), undefined],
  ['1: static', v1(card(fixed)), { interfaces: [one] }],
  ['1: below network', { network: v1(card(fixed)) }, { interfaces: [one] }],
  ['1: as Proxmox VE writes it', v1(card({ ...fixed, address: '192.0.2.7', netmask: '255.255.255.0' }), { type: 'nameserver', address: ['192.0.2.53'], search: ['example.org'] }), { interfaces: [one], dns: { servers: ['192.0.2.53'], search: ['example.org'] } }],
  ['1: a prefix length', v1(card({ type: 'static', address: '192.0.2.7/24' })), { interfaces: [{ mac, addresses: ['192.0.2.7/24'] }] }],
  ['1: both families', v1(card(fixed, { type: 'static6', address: '2001:db8::7/64', gateway: 'fe80::1' })), { interfaces: [{ mac, addresses: ['192.0.2.7/24', '2001:db8::7/64'], routes: [route, { destination: 'default', gateway: 'fe80::1' }] }] }],
  ['1: a gateway outside of the network', v1(card({ type: 'static', address: '192.0.2.7/32', gateway: '172.31.1.1' })), { interfaces: [{ mac, addresses: ['192.0.2.7/32'], routes: [{ destination: 'default', gateway: '172.31.1.1' }] }] }],
  ['1: routes', v1(card({ ...fixed, gateway: undefined, routes: [{ network: '10.0.0.0', netmask: '255.0.0.0', gateway: '192.0.2.2', metric: 7 }, { destination: '0.0.0.0/0', gateway: '192.0.2.1' }] })), { interfaces: [{ mac, addresses: ['192.0.2.7/24'], routes: [{ destination: '10.0.0.0/8', gateway: '192.0.2.2', metric: 7 }, route] }] }],
  ['1: name servers of a card', v1(card({ ...fixed, dns_nameservers: '192.0.2.53', dns_search: ['a.example'] })), { interfaces: [one], dns: { servers: ['192.0.2.53'], search: ['a.example'] } }],
  ['1: an MTU', v1({ ...card(fixed), mtu: 1400 }), { interfaces: [{ ...one, mtu: 1400 }] }],
  ['1: by name', v1({ type: 'physical', name: 'eth0', subnets: [fixed] }), { interfaces: [{ name: 'eth0', addresses: one.addresses, routes: [route] }] }],
  ['1: a bond and a VLAN', v1(card(), { type: 'bond', name: 'bond0', bond_interfaces: ['eth0'], params: { 'bond-mode': '4' } }, { type: 'vlan', name: 'bond0.7', vlan_link: 'bond0', vlan_id: 7, subnets: [fixed] }), { interfaces: [{ mac }, { name: 'bond0', bond: { members: [mac], mode: '802.3ad' } }, { name: 'bond0.7', addresses: one.addresses, routes: [route], vlan: { link: 'bond0', id: 7 } }] }],
  ['1: a bridge', v1(card(), { type: 'bridge', name: 'br0', bridge_interfaces: ['eth0'], subnets: [fixed] }), { interfaces: [{ mac }, { name: 'br0', addresses: one.addresses, routes: [route], bridge: { members: [mac] } }] }],
  ['1: a loopback', v1(card(fixed), { type: 'loopback', name: 'lo' }), { interfaces: [one] }, /1 of 2/],
  ['1: a route of nobody', v1(card(fixed), { type: 'route', destination: '10.0.0.0/8', gateway: '192.0.2.2' }), { interfaces: [one] }, /belongs to no interface/],
  ['1: parts of wrong types', v1(1, null, 'x', {}, card(fixed)), { interfaces: [one] }],
  ['2: leases', eth({ dhcp4: true }), undefined],
  ['2: static', eth({ addresses: ['192.0.2.7/24'], gateway4: '192.0.2.1' }), { interfaces: [one] }],
  ['2: an address with options', eth({ addresses: [{ '192.0.2.7/24': { label: 'x' } }] }), { interfaces: [{ mac, addresses: ['192.0.2.7/24'] }] }],
  ['2: routes', eth({ addresses: ['192.0.2.7/24'], routes: [{ to: 'default', via: '192.0.2.1' }, { to: '::/0', via: 'fe80::1', 'on-link': true }] }), { interfaces: [{ mac, addresses: ['192.0.2.7/24'], routes: [route, { destination: 'default', gateway: 'fe80::1', onlink: true }] }] }],
  ['2: name servers', eth({ addresses: ['192.0.2.7/24'], nameservers: { addresses: ['192.0.2.53'], search: ['example.org'] } }), { interfaces: [{ mac, addresses: ['192.0.2.7/24'] }], dns: { servers: ['192.0.2.53'], search: ['example.org'] } }],
  ['2: a lease beside an address', eth({ dhcp4: true, 'accept-ra': true, addresses: ['2001:db8::7/64'] }), { interfaces: [{ mac, addresses: ['2001:db8::7/64'], dhcp: true, acceptRa: true }] }],
  ['2: by id', v2({ ethernets: { ens18: { addresses: ['192.0.2.7/24'] } } }), { interfaces: [{ name: 'ens18', addresses: ['192.0.2.7/24'] }] }],
  ['2: by a pattern', v2({ ethernets: { a: { match: { name: 'en*' }, addresses: ['192.0.2.7/24'] } } }), undefined, /1 of 1/],
  ['2: a bond, a VLAN and a bridge', v2({ ethernets: { e: { match: { macaddress: mac } } }, bonds: { bond0: { interfaces: ['e'], parameters: { mode: 'active-backup' } } }, vlans: { v7: { id: 7, link: 'bond0' } }, bridges: { br0: { interfaces: ['v7'], addresses: ['192.0.2.7/24'] } } }), { interfaces: [{ mac }, { name: 'bond0', bond: { members: [mac], mode: 'active-backup' } }, { name: 'v7', vlan: { link: 'bond0', id: 7 } }, { name: 'br0', addresses: ['192.0.2.7/24'], bridge: { members: ['v7'] } }] }],
  ['2: parts of wrong types', v2({ ethernets: [1, 'x', null], bonds: 7, vlans: null, bridges: 'x' }), undefined],
]; // prettier-ignore

t.test('a network of cloud-init', async t => {
  for (const [name, value, expected, said] of rows) {
    const notes: string[] = [];
    t.strictSame(cloudNetwork(value, notes), expected, name);
    if (said) t.match(notes.join('\n'), said, name);
    else t.same(notes, [], name);
    if (expected) t.ok(networkSchema.safeParse(expected).success, `${name}: valid`);
  }
  const text = load('version: 2\nethernets:\n  a: &a\n    addresses: [192.0.2.7/24]\n  b: *a\n');
  t.equal(cloudNetwork(text, [])?.interfaces?.length, 2, 'aliases of YAML');
});

t.test('addresses', async t => {
  const rows: [address: unknown, prefix: unknown, expected: string | null][] = [
    ['192.0.2.7', undefined, '192.0.2.7/32'],
    ['192.0.2.7', '255.255.255.252', '192.0.2.7/30'],
    ['192.0.2.7', '0.0.0.0', '192.0.2.7/0'],
    ['192.0.2.7', '255.0.255.0', null],
    ['192.0.2.7', 24, '192.0.2.7/24'],
    ['192.0.2.7', '24', '192.0.2.7/24'],
    ['192.0.2.7', 33, null],
    ['192.0.2.7', 1.5, null],
    ['192.0.2.7', '', '192.0.2.7/32'],
    ['192.0.2.7', 'ffff::', null],
    ['2001:db8::7', undefined, '2001:db8::7/128'],
    ['2001:db8::7', 'ffff:ffff:ffff:fffe::', '2001:db8::7/63'],
    ['2001:db8::7', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::7/128'],
    ['2001:db8::7', '::', '2001:db8::7/0'],
    ['2001:db8::7', '255.0.0.0', null],
    ['fe80::1%eth0', 64, null],
    ['x', 24, null],
    [7, 24, null],
  ];
  for (const [address, prefix, expected] of rows)
    t.equal(addressWithPrefix(address, prefix), expected, JSON.stringify([address, prefix]));
});
