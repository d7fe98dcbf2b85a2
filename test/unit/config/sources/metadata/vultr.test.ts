import t from 'tap';
import { vultr } from '../../../../../agent/config/sources/metadata/vultr.ts';
import { configText, decodes, key, other, type Given, type Row } from './rows.ts';

const publicCard = {
  ipv4: { additional: [], address: '192.0.2.7', gateway: '192.0.2.1', netmask: '255.255.254.0' },
  ipv6: { additional: [], address: '2001:db8:5::1', network: '2001:db8:5::', prefix: '64' },
  mac: '56:00:03:1b:4e:ca',
  'network-type': 'public',
};
const privateCard = {
  ipv4: { additional: [], address: '10.1.112.3', gateway: '', netmask: '255.255.240.0' },
  ipv6: { additional: [], network: '', prefix: '' },
  mac: '5a:00:03:1b:4e:ca',
  'network-type': 'private',
  'network-v2-id': 'fbbe2b5b',
};
const metadata = {
  bgp: { ipv4: { 'my-address': '' } },
  hostname: 'web-01',
  'instance-v2-id': '29bea708',
  instanceid: '42872224',
  interfaces: [publicCard],
  'public-keys': [key, other],
  region: { regioncode: 'EWR' },
};
const whole: Given = { metadata, userData: configText };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key, other] };
const asked = { mac: '56:00:03:1b:4e:ca', dhcp: true, acceptRa: true };
const changed = (changes: object) => ({ metadata: { ...metadata, ...changes } });

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['nothing', {}, {}],
  ['no user-data', changed({}), value],
  ['empty user-data', { metadata, userData: '' }, value],
  ['blank user-data', { metadata, userData: '\n' }, value],
  ['a private network', changed({ interfaces: [publicCard, privateCard] }), { ...value, network: { interfaces: [asked, { mac: '5a:00:03:1b:4e:ca', addresses: ['10.1.112.3/20'] }] } }],
  ['a private network alone', changed({ interfaces: [privateCard] }), { ...value, network: { interfaces: [{ mac: '5a:00:03:1b:4e:ca', addresses: ['10.1.112.3/20'] }] } }],
  ['a private network without an address', changed({ interfaces: [{ ...privateCard, ipv4: { address: '' } }] }), { ...value, network: { interfaces: [{ mac: '5a:00:03:1b:4e:ca' }] } }],
  ['a private card without a MAC address', changed({ interfaces: [publicCard, { ...privateCard, mac: '' }] }), { ...value, network: { interfaces: [asked] }, notes: /1 of 2/ }],
  ['keys as one text', changed({ 'public-keys': `${key}\n${other}\n` }), value],
  ['an empty text of keys', changed({ 'public-keys': '' }), { hostName: 'web-01' }],
  ['no keys', changed({ 'public-keys': [] }), { hostName: 'web-01' }],
  ['keys are null', changed({ 'public-keys': null }), { hostName: 'web-01' }],
  ['a key is none', changed({ 'public-keys': ['x'] }), { hostName: 'web-01', notes: /1 of 1/ }],
  ['a name of its default', changed({ hostname: 'guest' }), { ...value, hostName: 'guest' }],
  ['no name', changed({ hostname: '' }), { rootAuthorizedKeys: [key, other] }],
  ['a name that is none', changed({ hostname: '-' }), { rootAuthorizedKeys: [key, other], notes: /host name/ }],
  ['a name of another type', changed({ hostname: 1 }), { rootAuthorizedKeys: [key, other], notes: /host name/ }],
  ['cloud-init', { metadata, userData: '#cloud-config\n' }, { ...value, notes: /#cloud-config/ }],
  ['a script', { metadata, userData: '#!/bin/bash\n' }, { ...value, notes: /a script/ }],
  ['interfaces of another type', changed({ interfaces: { a: 1 } }), value],
  ['HTML', { metadata: '<!doctype html>' }, { notes: /HTML/ }],
  ['cut', { metadata: JSON.stringify(metadata).slice(0, 200) }, { notes: /not valid JSON/ }],
  ['a list', { metadata: [metadata] }, {}],
  ['too long', { metadata: Buffer.alloc(300_000, ' ') }, { notes: /more than 262144 bytes/ }],
]; // prettier-ignore

t.test('Vultr', t => decodes(t, vultr, whole, rows));
