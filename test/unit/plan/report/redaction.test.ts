import t from 'tap';
import { redact, secretsIn } from '../../../../agent/plan/report/redaction.ts';
import { Secret } from '../../../../agent/secret.ts';

const key = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACB1cSecret
-----END OPENSSH PRIVATE KEY-----
`;
const config = {
  hostName: 'web-01',
  disks: { key: new Secret('correct horse "battery" staple') },
  ssh: { hostKeys: [new Secret(key)] },
  keyFiles: [{ content: new Secret(Buffer.from([0, 255, 1, 2, 3, 4, 5])) }, { content: new Secret('abc') }],
  report: { token: new Secret('tok.en-1234') },
};
const secrets = secretsIn(config);

t.test('secrets leave in no form', async t => {
  const rows: [name: string, text: string, expected: string][] = [
    ['a passphrase', 'zfs: correct horse "battery" staple is wrong', 'zfs: [redacted] is wrong'],
    ['in base64', `dabei.disk_key=${Buffer.from('correct horse "battery" staple').toString('base64')}`, 'dabei.disk_key=[redacted]'],
    ['a private key', `key: ${key}!`, 'key: [redacted]!'],
    ['one line of it', 'line QyNTUxOQAAACB1cSecret.', 'line [redacted].'],
    ['a token', 'GET https://h/?x=tok.en-1234', 'GET https://h/?x=[redacted]'],
    ['an access token of somebody else', 'https://me:hunter22@example.org/', 'https://me:[redacted]@example.org/'],
    ['bytes', Buffer.from([0, 255, 1, 2, 3, 4, 5]).toString('base64'), '[redacted]=='],
    ['nothing', 'correct horse, web-01, abc', 'correct horse, web-01, abc'],
    ['the frame of a key', '-----BEGIN OPENSSH PRIVATE KEY-----', '-----BEGIN OPENSSH PRIVATE KEY-----'],
  ]; // prettier-ignore
  for (const [name, text, expected] of rows) {
    t.equal(redact(text, secrets), expected, name);
    t.same(redact({ a: [{ [text]: text }], b: 1, c: null, d: true }, secrets), { a: [{ [expected]: expected }], b: 1, c: null, d: true }, name); // prettier-ignore
  }
});

t.test('a public key is inside the private one, and is no secret', async t => {
  const known = ['ssh-ed25519 AAAA QyNTUxOQAAACB1cSecret'];
  t.equal(redact(known[0], secretsIn(config, known)), known[0]);
  t.same(secretsIn({}), []);
});
