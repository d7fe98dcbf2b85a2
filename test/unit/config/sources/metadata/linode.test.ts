import t from 'tap';
import { linode } from '../../../../../agent/config/sources/metadata/linode.ts';
import { base64, configText, decodes, key, other, type Given, type Row } from './rows.ts';

const instance = {
  id: 2161,
  label: 'web-01',
  region: 'eu-central',
  type: 'g6-nanode-1',
  tags: [],
  specs: { vcpus: 1 },
};
const users = { users: { me: [other], root: [key] } };
const whole: Given = { instance, keys: users, userData: base64(configText) };
const value = { hostName: 'web-01', rootAuthorizedKeys: [key] };
const named = { hostName: 'web-01' };

const rows: Row[] = [
  ['everything', whole, { ...value, config: configText }],
  ['nothing', {}, {}],
  ['no user-data', { instance, keys: users }, value],
  ['empty user-data', { instance, userData: '' }, named],
  ['user-data in clear', { instance, userData: configText }, { ...named, config: configText }],
  ['user-data in lines', { instance, userData: `${base64(configText)}\n` }, { ...named, config: configText }],
  ['cloud-init', { instance, userData: base64('#cloud-config\n') }, { ...named, notes: /#cloud-config/ }],
  ['a StackScript', { instance, userData: base64('#!/bin/bash\n') }, { ...named, notes: /a script/ }],
  ['keys of other users do not count', { instance, keys: { users: { me: [key] } } }, named],
  ['no users', { instance, keys: { users: {} } }, named],
  ['users are null', { instance, keys: { users: null } }, named],
  ['root is null', { instance, keys: { users: { root: null } } }, named],
  ['two keys', { instance, keys: { users: { root: [key, other] } } }, { ...named, rootAuthorizedKeys: [key, other] }],
  ['a key that is none', { instance, keys: { users: { root: ['x'] } } }, { ...named, notes: /1 of 1/ }],
  ['keys in the text format', { instance, keys: 'users.root: ssh-ed25519 AAAA\n' }, { ...named, notes: /the list of keys is not valid JSON/ }],
  ['keys as HTML', { instance, keys: '<html>' }, { ...named, notes: /the list of keys is an HTML/ }],
  ['a label with an underscore', { instance: { label: 'web_01' } }, named],
  ['a label with a dot', { instance: { label: 'web.01' } }, { hostName: 'web.01' }],
  ['a label that ends with a dash', { instance: { label: 'web-' } }, { notes: /host name/ }],
  ['a label of another type', { instance: { label: 7 } }, { notes: /host name/ }],
  ['no label', { instance: {} }, {}],
  ['the text format', { instance: 'id: 2161\nlabel: web-01\n' }, { notes: /the answer is not valid JSON/ }],
  ['HTML', { instance: '<html>' }, { notes: /HTML/ }],
  ['cut', { instance: '{"id": 21' }, { notes: /not valid JSON/ }],
  ['a list', { instance: [instance] }, {}],
]; // prettier-ignore

t.test('Linode', t => decodes(t, linode, whole, rows));
