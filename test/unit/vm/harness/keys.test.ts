import { join } from 'node:path';
import t from 'tap';
import * as files from '../../../../image/lib/files.ts';
import { adoptKeys, findSecrets, makeKeys, secretBytes } from '../../../vm/harness/keys.ts';

t.test('secrets are found in every form in which they travel', async t => {
  const keys = await makeKeys(t.testdir());
  const secrets = secretBytes(keys);
  const config = JSON.stringify({ ssh: { hostKeys: [keys.host.private] }, disks: { key: keys.passphrase } });
  const rows: [what: string, content: string | Buffer, found: string[]][] = [
    ['nothing', 'stage 1/9 config: done (0.1 s)', []],
    ['the public key', keys.host.public, []],
    ['the passphrase', `key=${keys.passphrase}\n`, ['the passphrase']],
    ['its base64', Buffer.from(keys.passphrase).toString('base64'), ['the passphrase in base64 (0)']],
    ['the key file', keys.host.private, ['the private host key']],
    ['JSON', config, ['the passphrase', 'the private host key']],
    ['another key', keys.user.private, []],
  ];
  for (const [what, content, found] of rows) t.same(findSecrets(content, secrets), found, what);
  const binary = Buffer.from(keys.host.private.split('\n').slice(1, -2).join(''), 'base64');
  t.same(findSecrets(binary, secrets), ['the private host key in binary']);
});

t.test('the base64 of a whole configuration is known by any of its three alignments', async t => {
  const keys = await makeKeys(t.testdir());
  const secrets = secretBytes(keys);
  for (const before of ['', '.', '..']) {
    const text = Buffer.from(`${before}${keys.passphrase} ${keys.host.private}`).toString('base64');
    t.equal(findSecrets(text, secrets).length, 2, `${before.length} bytes before`);
  }
});

t.test('keys of another directory: their texts and their files', async t => {
  const directory = t.testdir();
  const [own, other] = [await makeKeys(join(directory, 'own')), await makeKeys(join(directory, 'other'))];
  const { file } = own.user;
  adoptKeys(own, other);
  t.equal(own.user.file, file);
  t.equal(files.readText(file), other.user.private);
  t.equal(files.kind(`${file}.pub`), 'file');
  t.same(
    [own.host.private, own.host.public, own.passphrase],
    [other.host.private, other.host.public, other.passphrase],
  );
  t.not(own.user.public, '');
});
