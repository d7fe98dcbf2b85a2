import t from 'tap';
import { growth, growthLimit } from '../../support/growth.ts';
import {
  authorizedLines,
  describeAuthorizedKey,
  longestLine,
  readAuthorizedKey,
  readAuthorizedKeys,
  type Use,
} from '../../../agent/keys/authorized-keys.ts';
import { makeFuzzKeys } from '../../fuzz/keys.ts';
import { Random } from '../../support/random.ts';

const keys = makeFuzzKeys(new Random(20261128));
const text = (type: string) => {
  const key = keys.find(each => each.type === type)!;
  return `${type} ${key.blob.toString('base64')}`;
};
const rsa = (bits: number) => {
  const key = keys.filter(each => each.type === 'ssh-rsa')[[2048, 1024, 768].indexOf(bits)]!;
  return `ssh-rsa ${key.blob.toString('base64')}`;
};
const key = text('ssh-ed25519');
const base64 = key.split(' ')[1]!;
/** 2026-11-28. */
const now = 1_795_824_000;

const rows: [name: string, line: string, use: Use, reason?: RegExp][] = [
  ['a key', `${key} me@laptop`, 'shell'],
  ['a tab after the type', `ssh-ed25519\t${base64}\tme`, 'shell'],
  ['blanks before', ` \t${key}`, 'shell'],
  ['a carriage return', `${key} me\r`, 'shell'],
  ['a carriage return right after the key', `${key}\r`, 'shell'],
  ['ECDSA', text('ecdsa-sha2-nistp521'), 'shell'],
  ['a security key', `no-touch-required ${text('sk-ssh-ed25519@openssh.com')}`, 'shell'],
  ['RSA of 1024 bits', rsa(1024), 'shell'],
  ['RSA of 768 bits', rsa(768), 'unusable', /has 768 bits; sshd requires at least 1024/],
  ['DSA', text('ssh-dss'), 'unusable', /DSA key/],
  ['a type that nobody knows', `ssh-foo ${base64}`, 'unusable', /of the type ssh-foo/],
  ['cut off', key.slice(0, -9), 'unusable', /damaged or cut off/],
  ['cut off after whole groups', key.slice(0, -8), 'unusable', /cut off or damaged/],
  ['another type inside', `ssh-rsa ${base64}`, 'unusable', /says ssh-rsa, and the key inside is ssh-ed25519/],
  ['a certificate', `ssh-ed25519-cert-v01@openssh.com ${base64}`, 'unusable', /is a certificate;/],
  ['the type alone', 'ssh-ed25519', 'unusable', /damaged or cut off/],
  ['words', 'hello world', 'unusable', /no public key/],
  ['a byte order mark', `\ufeff${key}`, 'unusable', /byte order mark/],
  ['a byte order mark before options', `\ufeffno-pty ${key}`, 'unusable', /byte order mark/],
  ['no terminal', `restrict ${key}`, 'shell'],
  ['options', `no-pty,,From="192.0.2.0/24",environment="A=1" \t ${key}`, 'shell'],
  [
    'a forced command behind a quote with a blank',
    `from="192.0.2.0/24, 198.51.100.0/24",command="/usr/bin/rrsync /srv" ${key}`,
    'command',
    /restricted to one command/,
  ],
  ['a command with quotes', `command="echo \\"hi # there\\"" ${key}`, 'command', /restricted to one command/],
  ['an empty command', `command="" ${key}`, 'command', /restricted to one command/],
  ["cloud-init's", `command="echo 'Please login as the user x.'" ${key}`, 'command', /as another user/],
  ['a quote without an end', `command="echo ${key}`, 'unusable', /unterminated quote/],
  ['a value without quotes', `command=/bin/sh ${key}`, 'unusable', /without quotes/],
  ['an unknown option', `restricted ${key}`, 'unusable', /option before the key that sshd does not know/],
  ['a host name before the key', `example.org ${key}`, 'unusable', /option before the key/],
  ['twice', `command="a",command="b" ${key}`, 'unusable', /command twice/],
  ['expired', `expiry-time="20200101" ${key}`, 'unusable', /expired at 2020-01-01T00:00:00/],
  ['not expired yet', `expiry-time="20300101Z" ${key}`, 'shell'],
  ['the earlier of two counts', `expiry-time="20300101",expiry-time="20200101" ${key}`, 'unusable', /2020/],
  ['no time', `expiry-time="tomorrow" ${key}`, 'unusable', /expiry-time that is not a valid time/],
  ['from names alone', `from="*.example.org,bastion" ${key}`, 'unusable', /does not look up names/],
  ['from with an empty entry', `from="192.0.2.1," ${key}`, 'unusable', /empty entry/],
  ['from with a host in a network', `from="192.0.2.1/24" ${key}`, 'unusable', /"192.0.2.1\/24".*mask/],
  ['the same of IPv6', `from="2001:db8::1/64" ${key}`, 'unusable', /mask/],
  ['networks', `from="2001:db8::/64,*.example.org,192.0.2.0/25" ${key}`, 'shell'],
  ['a wildcard', `from="192.0.2.*" ${key}`, 'shell'],
  ['nobody but not these', `from="!192.0.2.1" ${key}`, 'unusable', /permits no login/],
  ['principals of no authority', `principals="root" ${key}`, 'unusable', /only a certificate authority/],
  ['an authority', `cert-authority,principals="root" ${key}`, 'shell'],
  ['NUL', `${key} a\0b`, 'unusable', /NUL/],
  ['too long', `${key} ${'x'.repeat(longestLine)}`, 'unusable', /longer than 16384/],
];

for (const [name, line, use, reason] of rows) {
  t.test(name, async t => {
    const read = readAuthorizedKey(line, now);
    t.equal(read.use, use, read.reason ?? name);
    if (reason === undefined) t.equal(read.reason, null);
    else t.match(read.reason, reason);
  });
}

t.test('of two lines with the same key the first one counts', async t => {
  const forced = `command="/bin/true" ${key}`;
  const worlds: [string, string[], Use[]][] = [
    ['a command first', [forced, key], ['command', 'unusable']],
    ['a shell first', [key, forced], ['shell', 'unusable']],
    ['the same twice', [key, `${key} again`], ['shell', 'shell']],
    ['the first is refused', [`expiry-time="20200101" ${key}`, forced], ['unusable', 'command']],
    ['the first is for some clients', [`from="192.0.2.1",command="a" ${key}`, key], ['command', 'shell']],
    ['an authority is another thing', [`cert-authority ${key}`, forced], ['shell', 'command']],
  ];
  for (const [name, lines, uses] of worlds)
    t.strictSame(
      readAuthorizedKeys(lines, now).map(({ use }) => use),
      uses,
      name,
    );
});

t.test('lines that say something', async t => {
  t.strictSame(authorizedLines(`# a\n\n \t\r\n  # b\r\n${key}\n\t${key} x\r\n`), [key, `\t${key} x\r`]);
});

t.test('as people see it', async t => {
  const shown = (line: string) => describeAuthorizedKey(readAuthorizedKey(line, now));
  t.equal(shown(`${key} me@laptop`), 'ssh-ed25519 me@laptop');
  t.equal(shown(`no-pty ${key} me \x1b[31m`), 'ssh-ed25519 me ?[31m (with options)');
  t.equal(shown(`command="x" ${key}`), 'ssh-ed25519 (is restricted to one command)');
  t.match(shown(`cert-authority ${key} ca`), /^ssh-ed25519 ca \(certificates/);
});

t.test('time grows with the length alone', async t => {
  const worlds: [string, (length: number) => string, size?: number][] = [
    ['ssh-ssh-', length => 'ssh-'.repeat(length / 4)],
    ['commas', length => `${','.repeat(length)} ${key}`],
    ['escaped quotes', length => `command="${'\\"'.repeat(length / 2)}" ${key}`],
    ['entries of from', length => `from="${'1,'.repeat(length / 2)}" ${key}`],
    ['blanks', length => ' '.repeat(length)],
    ['blanks inside', length => `a${' '.repeat(length)}b`],
    ['more of them than a line may have', length => `a${' '.repeat(length)}b`, 16_000],
    ['base64', length => `ssh-rsa ${'A'.repeat(length)}`],
  ];
  for (const [name, make, size = 4000] of worlds) {
    const work = (line: string) => {
      for (let times = 0; times < 20; times++) readAuthorizedKey(line, now);
    };
    const ratio = growth(make, work, size);
    t.ok(ratio < growthLimit, `${name}: ${ratio.toFixed(1)} times as long for twice the length`);
  }
});
