import t from 'tap';
import { digitalOcean, upCloud } from '../../../../../agent/config/sources/metadata/digitalocean.ts';
import { configText, decodes, key, other, type Given, type Row } from './rows.ts';

const publicCard = {
  ipv4: { ip_address: '192.0.2.7', netmask: '255.255.240.0', gateway: '192.0.2.1' },
  ipv6: { ip_address: '2001:DB8:0:1::7', cidr: 64, gateway: '2001:DB8:0:1::1' },
  anchor_ipv4: { ip_address: '10.17.0.5', netmask: '255.255.0.0', gateway: '10.17.0.1' },
  mac: '04:01:2A:0F:2A:01',
  type: 'public',
};
const privateCard = {
  ipv4: { ip_address: '10.132.0.2', netmask: '255.255.240.0', gateway: '10.132.0.1' },
  mac: '04:01:2a:0f:2a:02',
  type: 'private',
};
const metadata = {
  droplet_id: 2756294,
  hostname: 'web-01',
  user_data: configText,
  public_keys: [key, other],
  region: 'fra1',
  interfaces: { private: [privateCard], public: [publicCard] },
  floating_ip: { ipv4: { active: false } },
  dns: { nameservers: ['2001:4860:4860::8844', '8.8.8.8'] },
};
const whole: Given = { metadata };
const first = {
  mac: '04:01:2a:0f:2a:01',
  addresses: ['192.0.2.7/20', '2001:DB8:0:1::7/64', '10.17.0.5/16'],
  routes: [
    { destination: 'default', gateway: '192.0.2.1' },
    { destination: 'default', gateway: '2001:DB8:0:1::1' },
  ],
};
const second = { mac: '04:01:2a:0f:2a:02', addresses: ['10.132.0.2/20'] };
const dns = { servers: ['2001:4860:4860::8844', '8.8.8.8'] };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key, other] };
const network = { interfaces: [first, second], dns };
const changed = (changes: object) => ({
  metadata: { ...metadata, user_data: '', interfaces: {}, ...changes },
});

const rows: Row[] = [
  ['everything', whole, { ...value, network, config: configText }],
  ['nothing', {}, {}],
  ['no interfaces', changed({}), value],
  ['no private network', changed({ interfaces: { public: [publicCard] } }), { ...value, network: { interfaces: [first], dns } }],
  ['leases for IPv4', changed({ features: { dhcp_enabled: true }, interfaces: { public: [publicCard] } }), { ...value, network: { interfaces: [{ mac: first.mac, addresses: ['2001:DB8:0:1::7/64'], routes: [first.routes[1]!], dhcp: true }], dns } }],
  ['no leases', changed({ features: { dhcp_enabled: false }, interfaces: { public: [publicCard] } }), { ...value, network: { interfaces: [first], dns } }],
  ['IPv4 alone', changed({ interfaces: { public: [{ ...publicCard, ipv6: undefined, anchor_ipv4: undefined }] } }), { ...value, network: { interfaces: [{ ...first, addresses: ['192.0.2.7/20'], routes: [first.routes[0]!] }], dns } }],
  ['no name servers', changed({ dns: undefined, interfaces: { private: [privateCard] } }), { ...value, network: { interfaces: [second] } }],
  ['name servers that are none', changed({ dns: { nameservers: ['x', 1] }, interfaces: { private: [privateCard] } }), { ...value, network: { interfaces: [second] } }],
  ['a card without a MAC address', changed({ interfaces: { public: [{ ...publicCard, mac: undefined }, privateCard] } }), { ...value, network: { interfaces: [{ ...second, routes: [{ destination: 'default', gateway: '10.132.0.1' }] }], dns }, notes: /1 of 2 network interfaces/ }],
  ['a netmask with holes', changed({ interfaces: { private: [{ ...privateCard, ipv4: { ip_address: '10.0.0.2', netmask: '255.0.255.0' } }] } }), { ...value, network: { interfaces: [{ mac: second.mac }], dns } }],
  ['an address that is none', changed({ interfaces: { private: [{ ...privateCard, ipv4: { ip_address: '10.0.0.256', netmask: '255.0.0.0' } }] } }), { ...value, network: { interfaces: [{ mac: second.mac }], dns } }],
  ['a prefix that is too long', changed({ interfaces: { private: [{ mac: second.mac, ipv6: { ip_address: '2001:db8::1', cidr: 129 } }] } }), { ...value, network: { interfaces: [{ mac: second.mac }], dns } }],
  ['no keys', changed({ public_keys: [] }), { hostName: 'web-01' }],
  ['keys as a text', changed({ public_keys: `${key}\n${other}` }), value],
  ['keys are null', changed({ public_keys: null }), { hostName: 'web-01' }],
  ['one key is none', changed({ public_keys: [key, 'x'] }), { hostName: 'web-01', rootAuthorizedKeys: [key], notes: /1 of 2/ }],
  ['no name', changed({ hostname: undefined }), { rootAuthorizedKeys: [key, other] }],
  ['a name with a blank', changed({ hostname: 'web 01' }), { rootAuthorizedKeys: [key, other], notes: /host name/ }],
  ['cloud-init', changed({ user_data: '#cloud-config\n' }), { ...value, notes: /#cloud-config/ }],
  ['user-data is null', changed({ user_data: null }), value],
  ['an array around it', { metadata: [metadata] }, {}],
  ['HTML', { metadata: '<html>' }, { notes: /HTML/ }],
  ['cut', { metadata: JSON.stringify(metadata).slice(0, 300) }, { notes: /not valid JSON/ }],
  ['a number', { metadata: '1' }, { notes: /not valid JSON/ }],
]; // prettier-ignore

t.test('DigitalOcean', t => decodes(t, digitalOcean, whole, rows));
t.test('UpCloud', async t => {
  const given = {
    metadata: { cloud_name: 'upcloud', instance_id: '0012', hostname: 'web-01', public_keys: [key], user_data: configText, network: { interfaces: [{ index: 1, ip_addresses: [{ address: '192.0.2.7', dhcp: true, family: 'IPv4' }], mac: 'b6:a9:e5:01:02:03', type: 'public' }] } },
  }; // prettier-ignore
  const expected = { hostName: 'web-01', rootAuthorizedKeys: [key], config: configText };
  await decodes(t, upCloud, given, [['everything', given, expected]]);
});
