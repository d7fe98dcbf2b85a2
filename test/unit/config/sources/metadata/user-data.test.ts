import { gzipSync } from 'node:zlib';
import t from 'tap';
import { readUserData, takeCredentials } from '../../../../../agent/config/sources/metadata/user-data.ts';
import { base64, configText, key } from './rows.ts';

const envelope = (...credentials: unknown[]) => JSON.stringify({ 'systemd.credentials': credentials });
const named = (name: string, rest: object) => ({ name, ...rest });
const text = (value: string) => ({ text: value });
const data = (value: string) => ({ data: base64(value) });

interface Expected {
  config?: string;
  hostName?: string;
  keys?: string[];
  notes?: RegExp;
}
const rows: [name: string, bytes: string | Buffer | null, expected: Expected][] = [
  ['none', null, {}],
  ['empty', '', {}],
  ['blank', ' \n', {}],
  ['ours', configText, { config: configText }],
  ['a mark of the byte order', `\ufeff${configText}`, { config: configText }],
  ['gzip', gzipSync(configText), { config: configText }],
  ['gzip of gzip', gzipSync(gzipSync(configText)), { notes: /not UTF-8/ }],
  ['a bomb', gzipSync(Buffer.alloc(2 ** 21)), { notes: /it is packed, and it is larger than/ }],
  ['not UTF-8', Buffer.from([0x7b, 0xff]), { notes: /not UTF-8/ }],
  ['a text', 'hello', { notes: /not a JSON object/ }],
  ['a list', '[1]', { notes: /not a JSON object/ }],
  ['cut', '{"hostName": ', { config: '{"hostName": ' }],
  ['cloud-init', '#cloud-config\n{}', { notes: /is #cloud-config, for cloud-init/ }],
  ['cloud-init, packed', gzipSync('#cloud-config\n'), { notes: /for cloud-init/ }],
  ['a part handler', '#part-handler\n', { notes: /a document for cloud-init/ }],
  ['a mailbox', 'MIME-Version: 1.0\n', { notes: /MIME archive/ }],
  ['Ignition', '{"ignition":{"version":"3.0.0"}}', { notes: /for Ignition/ }],
  ['a credential', envelope(named('dabei.config', text(configText))), { config: configText }],
  ['a credential in base64', envelope(named('dabei.config', data(configText))), { config: configText }],
  ['systemd\'s mark', `#systemd-userdata\n${envelope(named('dabei.config', text(configText)))}`, { config: configText }],
  ['systemd\'s mark before ours', `#systemd-userdata\n${configText}`, {}],
  ['systemd\'s mark before nothing', '#systemd-userdata\n', { notes: /not a JSON object/ }],
  ['credentials of others', envelope(named('firstboot.locale', text('C')), named('toString', text('x'))), {}],
  ['a host name', envelope(named('system.hostname', text('web-01\n'))), { hostName: 'web-01' }],
  ['a host name for the first boot', envelope(named('firstboot.hostname', text('web-02')), named('system.hostname', text('web-01'))), { hostName: 'web-01' }],
  ['keys', envelope(named('ssh.authorized_keys.root', text(key))), { keys: [key] }],
  ['all', envelope(named('dabei.config', text(configText)), named('ssh.authorized_keys.root', data(key)), named('firstboot.hostname', text('web-02'))), { config: configText, keys: [key], hostName: 'web-02' }],
  ['encrypted', envelope(named('dabei.config', { encrypted: 'AAAA' })), { notes: /dabei\.config is encrypted/ }],
  ['two contents', envelope(named('dabei.config', { text: 'x', data: 'eA==' })), { notes: /exactly one of/ }],
  ['no content', envelope(named('dabei.config', {})), { notes: /exactly one of/ }],
  ['a content of another type', envelope(named('dabei.config', { text: {} })), { notes: /a text that is not a text/ }],
  ['broken base64', envelope(named('dabei.config', { data: 'a$' })), { notes: /not valid base64/ }],
  ['too long', envelope(named('dabei.config', { text: 'a'.repeat(2 ** 20 * 2 + 1) })), { notes: /larger than|too long/ }],
  ['not a list', '{"systemd.credentials": {}}', { notes: /not a list/ }],
  ['a list of nothing', '{"systemd.credentials": [null, 1, {}, {"name": 1}]}', {}],
]; // prettier-ignore

t.test('user-data', async t => {
  for (const [name, bytes, expected] of rows) {
    const found = readUserData(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    t.equal(found.config?.toString(), expected.config, `${name}: configuration`);
    t.equal(found.hostName, expected.hostName, `${name}: host name`);
    t.same(found.keys, expected.keys ?? [], `${name}: keys`);
    if (expected.notes) t.match(found.notes.join('\n'), expected.notes, `${name}: notes`);
    else t.same(found.notes, [], `${name}: notes`);
  }
});

t.test('credentials without an envelope', async t => {
  const found = takeCredentials([
    { name: 'dabei.config', bytes: Buffer.from(configText) },
    { name: 'hasOwnProperty', bytes: Buffer.from('x') },
    { name: 'system.hostname', bytes: Buffer.from('web-01\n') },
  ]);
  t.match(found, { hostName: 'web-01', keys: [], notes: [] });
  t.equal(found.config?.toString(), configText);
});
