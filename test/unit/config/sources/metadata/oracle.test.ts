import t from 'tap';
import { oracle } from '../../../../../agent/config/sources/metadata/oracle.ts';
import { base64, configText, decodes, key, other, type Given, type Row } from './rows.ts';

const instance = {
  availabilityDomain: 'qIZq:EU-FRANKFURT-1-AD-1',
  displayName: 'web 01',
  hostname: 'web-01',
  id: 'ocid1.instance.oc1.eu-frankfurt-1.abc',
  metadata: { ssh_authorized_keys: key, user_data: base64(configText) },
  shape: 'VM.Standard.A1.Flex',
  timeCreated: 1600381928581,
};
const whole: Given = { instance };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key] };
const changed = (metadata: unknown, changes: object = {}) => ({
  instance: { ...instance, ...changes, metadata },
});

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['nothing', {}, {}],
  ['no metadata', changed(undefined), { hostName: 'web-01' }],
  ['metadata is null', changed(null), { hostName: 'web-01' }],
  ['keys alone', changed({ ssh_authorized_keys: key }), value],
  ['two lines of keys', changed({ ssh_authorized_keys: `${key}\n${other}\n` }), { ...value, rootAuthorizedKeys: [key, other] }],
  ['two lines of Windows', changed({ ssh_authorized_keys: `${key}\r\n${other}\r\n` }), { ...value, rootAuthorizedKeys: [key, other] }],
  ['a comment', changed({ ssh_authorized_keys: `# me\n${key}` }), value],
  ['an empty text', changed({ ssh_authorized_keys: '' }), { hostName: 'web-01' }],
  ['a list of keys', changed({ ssh_authorized_keys: [key] }), value],
  ['a key that is none', changed({ ssh_authorized_keys: 'ssh-rsa x' }), { hostName: 'web-01', notes: /1 of 1/ }],
  ['keys of another type', changed({ ssh_authorized_keys: { a: key } }), { hostName: 'web-01', notes: /1 of 1/ }],
  ['user-data in clear', changed({ user_data: configText }), { hostName: 'web-01', config: configText }],
  ['user-data that is broken base64 is not JSON', changed({ user_data: base64(configText).slice(1) }), { hostName: 'web-01', notes: /not a JSON object/ }],
  ['cloud-init', changed({ user_data: base64('#cloud-config\n') }), { hostName: 'web-01', notes: /#cloud-config/ }],
  ['a script', changed({ user_data: base64('#!/bin/sh\n') }), { hostName: 'web-01', notes: /a script/ }],
  ['user-data of another type', changed({ user_data: 1 }), { hostName: 'web-01' }],
  ['no name', changed({}, { hostname: undefined }), {}],
  ['an empty name', changed({}, { hostname: '' }), {}],
  ['a long name', changed({}, { hostname: 'a'.repeat(64) }), { notes: /host name/ }],
  ['a name with a line break', changed({}, { hostname: 'a\nb' }), { notes: /host name/ }],
  ['HTML', { instance: '<html>' }, { notes: /HTML/ }],
  ['cut', { instance: JSON.stringify(instance).slice(0, 99) }, { notes: /not valid JSON/ }],
  ['a list', { instance: [] }, {}],
  ['not UTF-8', { instance: Buffer.from([0xc0, 0x80]) }, { notes: /not UTF-8/ }],
]; // prettier-ignore

t.test('Oracle', t => decodes(t, oracle, whole, rows));
