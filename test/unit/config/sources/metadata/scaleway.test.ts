import t from 'tap';
import { scaleway } from '../../../../../agent/config/sources/metadata/scaleway.ts';
import { base64, configText, decodes, key, other, type Given, type Row } from './rows.ts';

const metadata = {
  tags: [],
  id: '7d4b2ed4-6a7a-4a14-9f1e-2e5c0a1f8d07',
  name: 'web-01',
  hostname: 'web-01',
  commercial_type: 'PLAY2-NANO',
  state_detail: 'booted',
  public_ip: {
    id: '1',
    address: '192.0.2.7',
    dynamic: false,
    gateway: '62.210.0.1',
    netmask: '32',
    family: 'inet',
  },
  public_ips: [],
  private_ip: null,
  ipv6: null,
  ssh_public_keys: [
    { key, fingerprint: '256 MD5:aa:bb me@laptop (ssh-ed25519)', description: null },
    { key: other, fingerprint: '256 MD5:cc:dd other@laptop (ssh-ed25519)' },
  ],
  timezone: 'UTC',
  user_data: ['cloud-init', 'ssh-host-fingerprints'],
};
const whole: Given = { metadata, userData: configText };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key, other] };
const changed = (changes: object) => ({ metadata: { ...metadata, ...changes } });
const named = { hostName: 'web-01' };

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['nothing', {}, {}],
  ['no user-data', changed({}), value],
  ['empty user-data', { metadata, userData: '' }, value],
  ['cloud-init', { metadata, userData: '#cloud-config\n' }, { ...value, notes: /#cloud-config/ }],
  ['a boothook', { metadata, userData: '#cloud-boothook\n' }, { ...value, notes: /a document for cloud-init/ }],
  ['an include', { metadata, userData: '#include\nhttp://x/\n' }, { ...value, notes: /a document for cloud-init/ }],
  ['a template', { metadata, userData: '## template: jinja\n#cloud-config\n' }, { ...value, notes: /a template/ }],
  ['base64 is not what this server sends', { metadata, userData: base64(configText) }, { ...value, notes: /not a JSON object/ }],
  ['no keys', changed({ ssh_public_keys: [] }), named],
  ['keys are null', changed({ ssh_public_keys: null }), named],
  ['keys as texts', changed({ ssh_public_keys: [key] }), named],
  ['a key without a text', changed({ ssh_public_keys: [{ fingerprint: 'x' }] }), named],
  ['a key that is none', changed({ ssh_public_keys: [{ key: 'x' }, { key }] }), { ...named, rootAuthorizedKeys: [key], notes: /1 of 2/ }],
  ['a key with a line break', changed({ ssh_public_keys: [{ key: `${key}\n` }] }), { ...named, rootAuthorizedKeys: [key] }],
  ['one key twice', changed({ ssh_public_keys: [{ key }, { key }] }), { ...named, rootAuthorizedKeys: [key] }],
  ['no name', changed({ hostname: undefined }), { rootAuthorizedKeys: [key, other] }],
  ['an empty name', changed({ hostname: '' }), { rootAuthorizedKeys: [key, other] }],
  ['a name with dots', changed({ hostname: 'a..b' }), { rootAuthorizedKeys: [key, other], notes: /host name/ }],
  ['a name with control characters', changed({ hostname: 'a\u001b[2J' }), { rootAuthorizedKeys: [key, other], notes: /host name/ }],
  ['HTML', { metadata: '<html>' }, { notes: /HTML/ }],
  ['shell, as the server writes it without format=json', { metadata: "ID='7d4b2ed4'\nNAME='web-01'\n" }, { notes: /not valid JSON/ }],
  ['cut', { metadata: JSON.stringify(metadata).slice(0, 333) }, { notes: /not valid JSON/ }],
  ['a list', { metadata: [] }, {}],
  ['too long', { metadata: Buffer.alloc(300_000, '[') }, { notes: /more than 262144/ }],
]; // prettier-ignore

t.test('Scaleway', t => decodes(t, scaleway, whole, rows));
