import t from 'tap';
import { resolveConfiguration } from '../../../../agent/config/resolve.ts';
import { prepare } from '../../../../image/copies/request.ts';

const passphrase = 'correct horse battery staple';
const given = {
  hostName: 'image.example.org',
  rootAuthorizedKeys: [
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me@laptop',
  ],
  disks: { devices: [{ serial: 'of one machine' }], key: passphrase },
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const now = 1_790_000_000;

t.test(
  'the installer gets the configuration as it was given, and over it what makes it that of an image',
  t => {
    const request = prepare('host.json', bytes(given), true, now);
    t.match(request, {
      hostName: 'image.example.org',
      poolName: 'rpool',
      isEncrypted: true,
      wantsRescue: true,
    });
    const without = bytes({ ...given, system: { rescue: false } });
    t.equal(prepare('host.json', without, true, now).wantsRescue, false);
    t.same(request.members.map(({ path, mode }) => [path, mode]), [['dabei.json', 0o600], ['dabei/options.json', 0o600]]); // prettier-ignore
    t.equal(request.members[0]!.content.toString(), JSON.stringify(given));
    // As the installer reads both.
    const files = request.members.map(({ path, content }) => ({ path, bytes: Buffer.from(content) }));
    const { config, mode } = resolveConfiguration({ commandLine: '', files });
    t.equal(mode, 'install');
    t.match(config?.disks, { devices: ['only'], copies: true });
    t.end();
  },
);

t.test('an encrypted image needs a word', t => {
  t.throws(() => prepare('host.json', bytes(given), false, now), {
    code: 'COPIES_SHARED_KEY',
    remedy: /--shared-key/,
  });
  const open = { ...given, disks: { devices: ['only'], encryption: 'none' } };
  t.equal(prepare('host.json', bytes(open), false, now).isEncrypted, false);
  t.end();
});

t.test('every reason at once, without secrets', t => {
  const disks = { devices: ['/dev/vda', '/dev/vdb'], layout: 'mirror', key: passphrase };
  const all = {
    ...given,
    disks,
    machineId: 'f'.repeat(32),
    ssh: { hostKeys: [`-----BEGIN OPENSSH PRIVATE KEY-----\n${passphrase}\n`] },
    network: { interfaces: [{ mac: '52:54:00:12:34:56', addresses: ['192.0.2.7/24'] }] },
    system: { impermanence: true, rescue: true, trial: 30 },
  };
  const refused = (value: unknown) => {
    try {
      prepare('host.json', bytes(value), true, now);
    } catch (thrown) {
      const { reasons } = thrown as { reasons: { code: string; problem: string }[] };
      return reasons.map(({ code, problem }) => `${code} ${problem}`);
    }
    return [];
  };
  const lines = refused(all);
  t.notMatch(lines.join('\n'), passphrase);
  for (const path of [
    'machineId',
    'ssh.hostKeys',
    'network.interfaces',
    'system.impermanence',
    'system.trial',
    'disks.layout',
  ])
    t.ok(
      lines.some(line => line.startsWith('CONFIG_CONFLICT ') && line.includes(` ${path}: `)),
      path,
    );
  t.match(
    refused({ ...given, system: { flake: 'path:/dabei/flake#web' } }).join(),
    /system\.flake: is sent along/,
  );
  t.match(refused({ ...given, rootAuthorizedKeys: [] }).join(), /^NO_LOGIN/);
  t.match(refused({ ...given, dsks: 1 }).join(), /^CONFIG_SCHEMA .*unknown key/);
  t.same(refused({ ...given, system: { impermanence: false }, network: { interfaces: [] } }), []);
  t.end();
});
