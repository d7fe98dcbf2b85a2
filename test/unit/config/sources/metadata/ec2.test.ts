import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ec2, ec2ShapedAt } from '../../../../../agent/config/sources/metadata/ec2.ts';
import { config, configText, decodes, key, other, type Given, type Row } from './rows.ts';

const hostName = 'ip-10-0-0-12.eu-west-1.compute.internal';
const whole: Given = { hostName, keyList: '0=laptop', key, userData: configText };
const value = { hostName, rootAuthorizedKeys: [key] };

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['no user-data', { ...whole, userData: null }, value],
  ['no key', { hostName, keyList: null }, { hostName }],
  ['a key with a line break', { ...whole, key: `${key}\n`, userData: null }, value],
  ['nothing', {}, {}],
  ['a name of its own', { hostName: 'web-01' }, { hostName: 'web-01' }],
  ['two names', { hostName: 'web-01.example.org web-01.local' }, { hostName: 'web-01.example.org' }],
  ['a name that ends with a dot', { hostName: 'web-01.example.org.' }, { hostName: 'web-01.example.org' }],
  ['an underscore', { hostName: 'web_01' }, { notes: /host name is left out/ }],
  ['a name that is too long', { hostName: `${'a'.repeat(64)}.example.org` }, { notes: /host name is left out/ }],
  ['a list with a slash', { ...whole, keyList: '0/', userData: null }, value],
  ['keys themselves in the list', { hostName, keyList: `${key}\n${other}\n` }, { hostName, rootAuthorizedKeys: [key, other] }],
  ['one key twice', { hostName, keyList: key, key }, value],
  ['a key that is none', { hostName, key: 'ssh-rsa AAAA' }, { hostName, notes: /1 of 1 authorized keys are left out/ }],
  ['a good key beside a bad one', { hostName, keyList: `${key}\nwho goes there` }, { ...value, notes: /1 of 2/ }],
  ['a comment', { hostName, keyList: `# me\n${key}` }, value],
  ['an option', { hostName, key: `no-pty ${key}` }, { hostName, rootAuthorizedKeys: [`no-pty ${key}`] }],
  ['gzip', { ...whole, userData: gzipSync(configText) }, { ...value, config: configText }],
  ['damaged gzip', { ...whole, userData: gzipSync(configText).subarray(0, 20) }, { ...value, notes: /left alone: it is packed, and the gzip data ends too early/ }],
  ['cloud-init', { ...whole, userData: '#cloud-config\nhostname: x\n' }, { ...value, notes: /left alone: it is #cloud-config/ }],
  ['a script', { ...whole, userData: '#!/bin/sh\nreboot\n' }, { ...value, notes: /it is a script/ }],
  ['PowerShell', { ...whole, userData: '<powershell>\n</powershell>' }, { ...value, notes: /it is a script/ }],
  ['MIME', { ...whole, userData: 'Content-Type: multipart/mixed; boundary="x"\nMIME-Version: 1.0\n' }, { ...value, notes: /MIME archive/ }],
  ['Ignition', { ...whole, userData: '{"ignition": {"version": "3.4.0"}}' }, { ...value, notes: /for Ignition/ }],
  ['systemd', { ...whole, userData: JSON.stringify({ 'systemd.credentials': [{ name: 'dabei.config', text: configText }] }) }, { ...value, config: configText }],
  ['cut JSON is a configuration, and its problem is told with its place', { ...whole, userData: '{"hostName": "we' }, { ...value, config: '{"hostName": "we' }],
  ['our configuration with blanks around it', { ...whole, userData: `\n  ${JSON.stringify(config, null, 2)}\n` }, { ...value, config: `${JSON.stringify(config, null, 2)}\n` }],
]; // prettier-ignore

t.test('EC2', t => decodes(t, ec2, whole, rows));
t.test('by address', async t => {
  const tinkerbell = ec2ShapedAt('http://192.0.2.1:7080');
  await decodes(t, tinkerbell, whole, rows);
  t.same(tinkerbell.origins, ['http://192.0.2.1:7080']);
  t.match(tinkerbell.questions, { userData: '/2009-04-04/user-data' });
});
