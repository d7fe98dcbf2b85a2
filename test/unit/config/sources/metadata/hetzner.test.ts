import { gzipSync } from 'node:zlib';
import t from 'tap';
import { hetzner } from '../../../../../agent/config/sources/metadata/hetzner.ts';
import { base64, configText, decodes, key, other, type Given, type Row } from './rows.ts';

/** As the server writes it: YAML with lists that are not indented. */
const network = `network-config:
  config:
  - mac_address: 96:00:00:08:19:DA
    name: eth0
    subnets:
    - dns_nameservers:
      - 185.12.64.1
      - 2a01:4ff:ff00::add:1
      ipv4: true
      type: dhcp
    - address: 2001:db8:17:a::1/64
      gateway: fe80::1
      ipv6: true
      type: static
    type: physical
  version: 1
`;
const rest = `availability-zone: hel1-dc2
hostname: web-01
instance-id: 42
local-ipv4: ''
public-ipv4: 192.0.2.7
region: eu-central
vendor_data: "Content-Type: multipart/mixed; boundary=\\"===\\"\\nMIME-Version: 1.0\\n"
`;
const keys = `public-keys:\n- ${key}\n- ${other}\n`;
const whole: Given = { metadata: `${rest}${network}${keys}`, userData: configText };
const addresses = {
  network: {
    interfaces: [
      {
        mac: '96:00:00:08:19:da',
        addresses: ['2001:db8:17:a::1/64'],
        routes: [{ destination: 'default', gateway: 'fe80::1' }],
        dhcp: true,
      },
    ],
    dns: { servers: ['185.12.64.1', '2a01:4ff:ff00::add:1'] },
  },
};
const value = { hostName: 'web-01', rootAuthorizedKeys: [key, other] };
const named = { hostName: 'web-01' };

const rows: Row[] = [
  ['everything', whole, { ...value, ...addresses, config: configText }],
  ['nothing', {}, {}],
  ['no user-data (204)', { ...whole, userData: null }, { ...value, ...addresses }],
  ['empty user-data', { metadata: rest, userData: '' }, named],
  ['user-data in base64', { metadata: rest, userData: base64(configText) }, { ...named, config: configText }],
  ['user-data in base64, in lines', { metadata: rest, userData: base64(configText).replace(/(.{20})/g, '$1\n') }, { ...named, config: configText }],
  ['gzip in base64', { metadata: rest, userData: gzipSync(configText).toString('base64') }, { ...named, config: configText }],
  ['cloud-init', { metadata: rest, userData: '#cloud-config\npackages: []\n' }, { ...named, notes: /#cloud-config/ }],
  ['cloud-init in base64', { metadata: rest, userData: base64('#cloud-config\n') }, { ...named, notes: /#cloud-config/ }],
  ['no keys', { metadata: `${rest}public-keys: []\n` }, named],
  ['keys are null', { metadata: `${rest}public-keys:\n` }, named],
  ['one key as a text', { metadata: `${rest}public-keys: ${key}\n` }, { ...named, rootAuthorizedKeys: [key] }],
  ['keys that are numbers', { metadata: `${rest}public-keys: [1, 2]\n` }, { ...named, notes: /2 of 2 authorized keys/ }],
  ['a name that looks like a number', { metadata: 'hostname: 42\n' }, { notes: /host name is left out/ }],
  ['a name in quotes', { metadata: 'hostname: "42"\n' }, { hostName: '42' }],
  ['IPv4 alone needs no addresses', { metadata: rest + network.replace(/    - address:[^]*type: static\n/, '') }, named],
  ['IPv6 alone', { metadata: rest + network.replace(/    - dns_[^]*type: dhcp\n/, '') }, { ...named, network: { interfaces: [{ mac: '96:00:00:08:19:da', addresses: ['2001:db8:17:a::1/64'], routes: [{ destination: 'default', gateway: 'fe80::1' }] }] } }],
  ['a MAC address that is none', { metadata: rest + network.replace(/96:\S+/, 'eth0') }, { ...named, notes: /1 of 1 network interfaces are left out/ }],
  ['an address that is none', { metadata: rest + network.replace('2001:db8:17:a::1/64', 'x/64').replace('fe80::1', 'y') }, named],
  ['another version', { metadata: rest + network.replace('version: 1', 'version: 3') }, { ...named, notes: /neither 1 nor 2/ }],
  ['an alias bomb', { metadata: `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nhostname: *c\n` }, { notes: /host name is left out/ }],
  ['an alias bomb that is wide', { metadata: `a: &a [${'x, '.repeat(2000)}]\nb: &b [${'*a, '.repeat(2000)}]\npublic-keys: *b\n` }, { notes: /is not valid YAML/ }],
  ['an alias of a long text', { metadata: `a: &a "${'x'.repeat(20_000)}"\npublic-keys: [${'*a, '.repeat(2000)}]\n` }, { notes: /is not valid YAML/ }],
  ['a tag', { metadata: 'hostname: !!js/function "x"\n' }, { notes: /is not valid YAML/ }],
  ['tabs', { metadata: 'hostname:\tweb\n\tx: 1' }, { notes: /is not valid YAML/ }],
  ['HTML', { metadata: '<html>' }, { notes: /HTML/ }],
  ['cut', { metadata: `${rest}public-keys: ["ssh-ed25519 AAA` }, { notes: /is not valid YAML/ }],
  ['JSON is YAML', { metadata: JSON.stringify({ hostname: 'web-01', 'public-keys': [key] }) }, { ...named, rootAuthorizedKeys: [key] }],
]; // prettier-ignore

t.test('Hetzner', t => decodes(t, hetzner, whole, rows));
