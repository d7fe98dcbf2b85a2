import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { growth, growthLimit } from '../../support/growth.ts';
import { capturedIdentity, type CapturedFiles } from '../../../agent/capture/identity.ts';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { publicKeyOf } from '../../fixtures/public-keys.ts';

const pem = (type: 'ed25519' | 'rsa' | 'dsa') => {
  const format = { privateKeyEncoding: { type: 'pkcs8', format: 'pem' } } as const;
  const keys =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519', { ...format, publicKeyEncoding: { type: 'spki', format: 'pem' } })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', {
            ...format,
            modulusLength: 2048,
            publicKeyEncoding: { type: 'spki', format: 'pem' },
          })
        : generateKeyPairSync('dsa', {
            ...format,
            modulusLength: 1024,
            divisorLength: 160,
            publicKeyEncoding: { type: 'spki', format: 'pem' },
          });
  return Buffer.from(keys.privateKey);
};
const [ed25519, rsa] = [pem('ed25519'), pem('rsa')];
const nothing: CapturedFiles = {
  hostKeys: new Map(),
  authorizedKeys: null,
  hostName: null,
  machineId: null,
};
const machineId = '0123456789abcdef0123456789abcdef';
const now = 1_795_824_000;
const [oldKey, newKey] = [publicKeyOf('old'), publicKeyOf('new')];
const options = 'from="192.0.2.0/24",command="echo # no comment",no-touch-required';

const rows: [string, Partial<CapturedFiles>, object, RegExp[]][] = [
  ['nothing', {}, {}, []],
  [
    'everything',
    {
      hostKeys: new Map([
        ['ssh_host_ed25519_key', ed25519],
        ['ssh_host_rsa_key', rsa],
      ]),
      authorizedKeys: `# ${newKey} no\n\n${options} ${newKey} a\r\n${oldKey}\n`,
      hostName: 'web-01.example.org\n',
      machineId: `${machineId}\n`,
    },
    {
      hostName: 'web-01.example.org',
      machineId,
      rootAuthorizedKeys: [`${options} ${newKey} a`, oldKey],
      ssh: { hostKeys: [ed25519.toString(), rsa.toString()] },
    },
    [],
  ],
  [
    'a key of a type that sshd no longer has',
    { hostKeys: new Map([['ssh_host_dsa_key', pem('dsa')]]) },
    {},
    [/ssh_host_dsa_key/],
  ],
  [
    'an empty key file',
    { hostKeys: new Map([['ssh_host_rsa_key', Buffer.alloc(0)]]) },
    {},
    [/ssh_host_rsa_key/],
  ],
  ['a host name that is none', { hostName: 'my_server\n' }, {}, [/my_server/]],
  ['before the first boot', { machineId: 'uninitialized\n' }, {}, [/machine id/]],
  ['an empty machine id', { machineId: '\n' }, {}, []],
  [
    'a line that is no key',
    { authorizedKeys: `hello\n${oldKey}` },
    { rootAuthorizedKeys: [oldKey] },
    [/line 1 of authorized_keys of the old system is left out: it has no public key/],
  ],
  [
    'several files, tabs, a byte order mark, an old type, colours',
    {
      authorizedKeys: [
        '#from /home/me/.ssh/authorized_keys',
        `\ufeff${newKey}`,
        oldKey.replaceAll(' ', '\t'),
        '',
        '#from /root/.ssh/authorized_keys',
        '# mine',
        'ssh-dss AAAAB3NzaC1kc3M= me',
        `expiry-time="20200101" ${newKey} \x1b[31mred`,
        `no-pty,command="echo 'Please login as the user \\"me\\" rather';exit 142" ${oldKey}`,
        `${oldKey} again`,
      ].join('\n'),
    },
    {
      rootAuthorizedKeys: [
        oldKey.replaceAll(' ', '\t'),
        `expiry-time="20200101" ${newKey} [31mred`,
        `${oldKey} again`,
      ],
    },
    [
      /^line 1 of \/home\/me\/.ssh\/authorized_keys of the old system is left out: it begins with a byte order mark/,
      /^line 2 of \/root\/.ssh\/authorized_keys of the old system is left out: it has a DSA key/,
      /^line 3 of \/root.* permits no login here: it expired at 2020/,
      /^line 4 of \/root.* is left out: it only says to log in as another user/,
    ],
  ],
  ['a port of its own', { sshPort: '2222\n' }, { ssh: { port: 2222 } }, [/^sshd listens on port 2222, as on the old system$/]],
  ["a rescue entry's port", { sshPort: '2222\n', isRescueEntry: true }, { ssh: { port: 2222 } }, []],
  ['the usual port', { sshPort: '22\n' }, {}, []],
  ['a port that is none', { sshPort: '65536\n' }, {}, []],
  ['several words in place of a port', { sshPort: '22 23\n' }, {}, []],
  ['whoever comes back by another port', { sshPort: '2222\n', comesBackElsewhere: true }, {}, []],
  [
    'what sshd says of itself',
    { sshd: 'port 22\nport 2222\nhostcertificate /etc/ssh/a-cert.pub\nauthorizedkeyscommand /bin/keys\n' },
    {},
    [
      /AuthorizedKeysCommand \/bin\/keys, which this sshd ignores/,
      /listens on the ports 22, 2222; this one listens on one/,
      /presents host certificates; an installed system does not have them/,
    ],
  ],
]; // prettier-ignore

for (const [name, files, value, notes] of rows) {
  t.test(name, async t => {
    const captured = capturedIdentity({ ...nothing, ...files }, now);
    t.strictSame(captured.value, value);
    t.equal(captured.notes.length, notes.length);
    t.match(captured.notes, notes);
    t.notMatch(captured.notes.join(), /PRIVATE KEY/);
  });
}

t.test('below every other source', async t => {
  const captured = {
    value: {
      hostName: 'old',
      machineId,
      rootAuthorizedKeys: [oldKey],
      ssh: { hostKeys: [ed25519.toString()] },
    },
    notes: ['something was left out'],
  };
  const resolve = (config: object) =>
    resolveConfiguration({
      commandLine: '',
      files: [{ path: '/dabei.json', bytes: Buffer.from(JSON.stringify(config)) }],
      captured,
    });

  const alone = resolve({});
  t.match(alone.config, { hostName: 'old', machineId, rootAuthorizedKeys: [oldKey] });
  t.equal(alone.config?.ssh.hostKeys.length, 1);
  t.equal(alone.mode, 'rescue');
  t.equal(alone.origins['hostName'], 'the old system');
  t.strictSame(alone.notes, captured.notes);

  const named = resolve({
    hostName: 'new',
    rootAuthorizedKeys: [newKey],
    ssh: { hostKeys: [rsa.toString()], port: 2222 },
  });
  t.match(named.config, { hostName: 'new', machineId, rootAuthorizedKeys: [newKey] });
  t.equal(named.config?.rootAuthorizedKeys.length, 1);
  t.equal(named.config?.ssh.hostKeys.length, 1);
  t.ok(named.config?.ssh.hostKeys[0]?.reveal().equals(Buffer.from(`${rsa.toString().trim()}\n`)));

  const other = resolve({ ssh: { port: 2222 } });
  t.equal(other.config?.ssh.port, 2222);
  t.equal(other.config?.ssh.hostKeys.length, 1, 'a port is no host key');

  const broken = resolve({ rootAuthorizedKeys: ['no key'], wipee: true });
  t.equal(broken.config, null);
  t.strictSame(broken.reachability.rootAuthorizedKeys, [oldKey], 'whoever could log in can');
  t.equal(broken.reachability.ssh.hostKeys.length, 1);
});

t.test('files of any length, and time by their length', async t => {
  const worlds: [name: string, make: (lines: number) => Partial<CapturedFiles>, notes: RegExp][] = [
    ['lines that are no keys', lines => ({ authorizedKeys: 'x\n'.repeat(lines) }), /^line 1 of authorized_keys/],
    ['one option of sshd', lines => ({ sshd: 'authorizedkeyscommand x\n'.repeat(lines) }), /AuthorizedKeysCommand x/],
    ['ports of sshd', lines => ({ sshd: Array.from({ length: lines }, (_, port) => `port ${port}\n`).join('') }), /on the ports 0, 1/],
  ]; // prettier-ignore
  for (const [name, make, note] of worlds) {
    // More than the stack takes as arguments of one call.
    t.match(capturedIdentity({ ...nothing, ...make(200_000) }, now).notes[0], note, name);
    const ratio = growth(make, files => capturedIdentity({ ...nothing, ...files }, now), 10_000);
    t.ok(ratio < growthLimit, `${name}: ${ratio.toFixed(1)} times as long for twice the length`);
  }
});
