import t from 'tap';
import { gce } from '../../../../../agent/config/sources/metadata/gce.ts';
import { publicKeyOf } from '../../../../fixtures/public-keys.ts';
import { configText, decodes, key, other, type Given, type Row } from './rows.ts';

const hostName = 'web-01.europe-west3-a.c.example.internal';
const whole: Given = { hostName, keys: `me:${key}`, projectKeys: `other:${other}`, userData: configText };
const both = [key, other];
const short = publicKeyOf('short');
const timed = (end: string) => `me:${short} google-ssh {"userName":"me@example.org","expireOn":"${end}"}`;

const rows: Row[] = [
  ['everything', whole, { hostName, rootAuthorizedKeys: both, config: configText }],
  ['nothing', {}, {}],
  ['a name alone', { hostName }, { hostName }],
  ['keys of the project', { projectKeys: `other:${other}` }, { rootAuthorizedKeys: [other] }],
  ['the project is blocked', { ...whole, blocksProject: 'TRUE', userData: null }, { hostName, rootAuthorizedKeys: [key] }],
  ['blocked in small letters', { ...whole, blocksProject: 'true\n', userData: null }, { hostName, rootAuthorizedKeys: [key] }],
  ['not blocked', { ...whole, blocksProject: 'FALSE', userData: null }, { hostName, rootAuthorizedKeys: both }],
  ['several lines', { keys: `me:${key}\nme:${other}\n` }, { rootAuthorizedKeys: both }],
  ['line breaks of Windows', { keys: `me:${key}\r\nme:${other}\r\n` }, { rootAuthorizedKeys: both }],
  ['empty lines', { keys: `\n\nme:${key}\n\n` }, { rootAuthorizedKeys: [key] }],
  ['a key that is valid until tomorrow', { keys: timed('2026-11-30T12:00:00+0000') }, { rootAuthorizedKeys: [short] }],
  ['a key that has ended', { keys: timed('2026-11-28T12:00:00+0000') }, {}],
  ['an end with a colon', { keys: timed('2026-11-30T12:00:00+00:00') }, { rootAuthorizedKeys: [short] }],
  ['an end in UTC', { keys: timed('2026-11-30T12:00:00Z') }, { rootAuthorizedKeys: [short] }],
  ['an end that is no time', { keys: timed('soon') }, {}],
  ['an end that is no JSON', { keys: `me:${short} google-ssh {expireOn}` }, {}],
  ['an end of another type', { keys: `me:${short} google-ssh {"expireOn": 4102444800}` }, {}],
  ['without a user', { keys: key }, { rootAuthorizedKeys: [key] }],
  ['the same key for two users', { keys: `me:${key}\nyou:${key}` }, { rootAuthorizedKeys: [key] }],
  ['a user alone', { keys: 'me:' }, { notes: /1 of 1 authorized keys are left out/ }],
  ['a key that is none', { keys: `me:ssh-ed25519 AAAA\nme:${key}` }, { rootAuthorizedKeys: [key], notes: /1 of 2/ }],
  ['an IPv6 address is no user', { keys: `from="2001:db8::1" ${key}` }, { rootAuthorizedKeys: [`from="2001:db8::1" ${key}`] }],
  ['user-data for systemd comes first', { systemdUserData: JSON.stringify({ 'systemd.credentials': [{ name: 'dabei.config', text: configText }] }), userData: '#cloud-config\n' }, { config: configText }],
  ['user-data for cloud-init', { userData: '#cloud-config\n' }, { notes: /#cloud-config/ }],
  ['a name with a zone', { hostName: 'web-01.c.example.com:project.internal' }, { notes: /host name is left out/ }],
]; // prettier-ignore

t.test('GCE', t => decodes(t, gce, whole, rows));
