import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../../agent/host/exec.ts';
import { hostKeyFile, hostKeyType, hostPublicKey } from '../../../agent/keys/host-key.ts';
import { Secret } from '../../../agent/secret.ts';

const directory = mkdtempSync(join(tmpdir(), 'dabei-keys-'));
t.teardown(() => run({ doing: 'cleaning up', argv: ['rm', '-r', directory], timeoutSeconds: 10 }));

async function make(name: string, ...options: string[]): Promise<{ key: Secret; public: string }> {
  const path = join(directory, name);
  await run({
    doing: 'making a key',
    argv: ['ssh-keygen', '-q', '-C', 'comment', '-f', path, ...options],
    timeoutSeconds: 60,
  });
  const [type, base64] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  return { key: new Secret(readFileSync(path)), public: `${type} ${base64}` };
}

t.test('type and public half are those that ssh-keygen says', async t => {
  const rows: [string, string[], string][] = [
    ['ed25519', ['-t', 'ed25519', '-N', ''], 'ed25519'],
    ['rsa', ['-t', 'rsa', '-b', '2048', '-N', ''], 'rsa'],
    ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', ''], 'rsa'],
    ['rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', ''], 'rsa'],
    ['ecdsa-256', ['-t', 'ecdsa', '-N', ''], 'ecdsa'],
    ['ecdsa-pem', ['-t', 'ecdsa', '-b', '384', '-m', 'PEM', '-N', ''], 'ecdsa'],
    ['ecdsa-521', ['-t', 'ecdsa', '-b', '521', '-m', 'PEM', '-N', ''], 'ecdsa'],
  ];
  for (const [name, options, type] of rows) {
    const made = await make(name, ...options);
    t.equal(hostKeyType(made.key), type, name);
    t.equal(hostPublicKey(made.key), made.public, name);
  }
});

t.test('keys that cannot be used', async t => {
  const good = (await make('good', '-t', 'ed25519', '-N', '')).key.reveal().toString();
  const rows: [string, string | Buffer, RegExp][] = [
    [
      'OpenSSH with a passphrase',
      (await make('locked', '-t', 'ed25519', '-N', 'secret')).key.reveal(),
      /passphrase/,
    ],
    [
      'PEM with a passphrase',
      (await make('lockedpem', '-t', 'rsa', '-m', 'PEM', '-N', 'secret')).key.reveal(),
      /neither/,
    ],
    ['cut off', good.replace(/\n.{20}[\s\S]*(?=\n-----END)/, '\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU'), /cut off/],
    ['no key', 'hello', /neither/],
    ['a public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==', /neither/],
  ];
  for (const [name, text, problem] of rows) {
    t.throws(() => hostKeyType(new Secret(text)), { code: 'SSH_HOST_KEY', problem }, name);
  }
});

t.test('the file ends with a line feed and has no carriage returns', async t => {
  const rows = ['a\nb', 'a\r\nb\r\n', '\na\nb\n\n'];
  for (const text of rows) t.equal(hostKeyFile(new Secret(text)).reveal().toString(), 'a\nb\n');
});
