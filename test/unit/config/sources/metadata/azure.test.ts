import t from 'tap';
import { azure } from '../../../../../agent/config/sources/metadata/azure.ts';
import { base64, configText, decodes, key, other, type Given, type Row } from './rows.ts';

const compute = {
  location: 'westeurope',
  name: 'web-01',
  osProfile: { adminUsername: 'me', computerName: 'web-01', disablePasswordAuthentication: 'true' },
  publicKeys: [{ keyData: `${key}\r\n`, path: '/home/me/.ssh/authorized_keys' }],
  tagsList: [],
  userData: base64(configText),
  vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
};
const whole: Given = { instance: { compute, network: { interface: [{ macAddress: '000D3AF806EC' }] } } };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key] };
const changed = (changes: object) => ({ instance: { compute: { ...compute, userData: '', ...changes } } });

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['nothing', {}, {}],
  ['no user-data', changed({}), value],
  ['no user-data at all', changed({ userData: undefined }), value],
  ['no profile', changed({ osProfile: undefined }), value],
  ['an empty name', changed({ osProfile: { computerName: '' } }), value],
  ['another name', changed({ osProfile: { computerName: 'db' } }), { ...value, hostName: 'db' }],
  ['a name of a scale set', changed({ osProfile: undefined, name: 'set_0' }), { rootAuthorizedKeys: [key], notes: /host name/ }],
  ['no keys', changed({ publicKeys: [] }), { hostName: 'web-01' }],
  ['keys are null', changed({ publicKeys: null }), { hostName: 'web-01' }],
  ['two keys', changed({ publicKeys: [{ keyData: key }, { keyData: other }] }), { ...value, rootAuthorizedKeys: [key, other] }],
  ['a broken line', changed({ publicKeys: [{ keyData: `${key.slice(0, 40)}\r\n${key.slice(40)}` }] }), value],
  ['a key without data', changed({ publicKeys: [{ path: '/x' }] }), { hostName: 'web-01' }],
  ['a key that is none', changed({ publicKeys: [{ keyData: 'x' }] }), { hostName: 'web-01', notes: /1 of 1/ }],
  ['user-data in clear', changed({ userData: configText }), { ...value, config: configText }],
  ['cloud-init', changed({ userData: base64('#cloud-config\n') }), { ...value, notes: /#cloud-config/ }],
  ['a script', changed({ userData: base64('#!/bin/sh\n') }), { ...value, notes: /a script/ }],
  ['user-data that is neither', changed({ userData: 'hello' }), { ...value, notes: /not a JSON object/ }],
  ['a list', { instance: [] }, {}],
  ['no compute', { instance: {} }, {}],
  ['HTML', { instance: '<html></html>' }, { notes: /is an HTML or XML page, not JSON/ }],
  ['cut', { instance: JSON.stringify(whole['instance']).slice(0, 100) }, { notes: /is not valid JSON/ }],
  ['a text', { instance: '"compute"' }, { notes: /is not valid JSON/ }],
  ['not UTF-8', { instance: Buffer.from([0x7b, 0xff]) }, { notes: /is not UTF-8 text/ }],
  ['too long', { instance: Buffer.alloc(300_000, 'x') }, { notes: /has more than 262144 bytes/ }],
]; // prettier-ignore

t.test('Azure', t => decodes(t, azure, whole, rows));
