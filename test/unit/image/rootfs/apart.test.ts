import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { apart, installerSecrets, secretDirectories } from '../../../../agent/plan/nix/apart.ts';
import { imageNix } from '../../../support/image-nix.ts';

/** image/rootfs/root/usr/lib/dabei/apart itself, as root, in its namespaces on this machine. */

t.setTimeout(300_000);
const script = new URL('../../../../image/rootfs/root/usr/lib/dabei/apart', import.meta.url).pathname;

async function inside(hidden: readonly string[], argv: readonly string[], env: Record<string, string> = {}) {
  const [, ...args] = apart(hidden, argv);
  return attempt({ doing: 'looking around', argv: [script, ...args], env, timeoutSeconds: 60 });
}

t.test('what is hidden on every machine', async t => {
  const always = [
    ...['/run/dabei/boot', '/etc/ssh', '/var/log', '/var/lib/iwd', '/run/dbus', '/run/dabei/wifi'],
    ...['/mnt/etc/ssh', '/mnt/var/log', '/mnt/var/lib/dabei', '/mnt/var/lib/iwd'],
    ...['/mnt/persist/etc/ssh', '/mnt/persist/var/log', '/mnt/persist/var/lib/dabei'],
    '/mnt/persist/var/lib/iwd',
  ];
  t.same(secretDirectories('/mnt'), always);
  t.same(installerSecrets('/mnt'), [...always, '/root', '/tmp']);
  t.same(
    installerSecrets('/mnt', 'path:/root/infra#web'),
    [...always, '/tmp'],
    'where the flake itself lies',
  );
});

t.test('nothing secret is within reach', { timeout: 120_000 }, async t => {
  const directory = t.testdir({ secret: { key: 'the passphrase' }, beside: 'not secret' });
  const secret = join(directory, 'secret');
  const look = (script: string) => inside([secret, '/nonexistent'], ['sh', '-c', script]);
  const rows: [string, string, string][] = [
    ['the directory is empty', `ls -A ${secret}`, ''],
    ['and stays so', `touch ${secret}/x 2>/dev/null || echo read-only`, 'read-only\n'],
    ['what is beside it is there', `cat ${directory}/beside`, 'not secret'],
    ['no other process', 'ls /proc | grep -c "^[0-9]"', ''],
    ['no memory of the kernel', 'head -c 1 /proc/kcore', ''],
    ['no log of the kernel', 'timeout 2 head -c 1 /proc/kmsg; ls /dev/kmsg 2>/dev/null', ''],
    ['no disks', 'find /dev -type b', ''],
    [
      'what programs need',
      'head -c 2 /dev/zero | wc -c; echo lost >/dev/null; head -c 3 /dev/urandom | wc -c',
      '2\n3\n',
    ],
    ['a place to write', 'echo x >/dev/shm/x && cat /dev/fd/0 </dev/shm/x', 'x\n'],
  ];
  for (const [name, command, expected] of rows) {
    const { stdout } = await look(command);
    if (name === 'no other process') t.ok(Number(stdout) <= 4, `${name}: ${stdout}`);
    else t.equal(stdout, expected, name);
  }
  const { stdout } = await look('cat /proc/cmdline');
  t.notMatch(stdout, readFileSync('/proc/cmdline', 'utf8').trim(), 'not what the kernel got');
  t.equal(readFileSync(join(secret, 'key'), 'utf8'), 'the passphrase', 'outside it is as it was');
});

t.test('nor what a system keeps in /persist', async t => {
  const root = t.testdir({ etc: { ssh: {} }, var: { lib: {} }, persist: { 'flake.nix': '' } });
  const kept = (directory: string) => join(root, 'persist', directory);
  const secrets = ['etc/ssh/ssh_host_ed25519_key', 'var/lib/dabei/trial-report', 'var/lib/iwd/home.psk'];
  for (const secret of secrets) {
    mkdirSync(dirname(kept(secret)), { recursive: true });
    writeFileSync(kept(secret), 'a key');
  }
  const binds = ['etc/ssh', 'var/lib'].map(path => `mount --bind ${kept(path)} ${join(root, path)}`);
  const files = async (...around: string[]) =>
    (
      await attempt({
        doing: 'looking around',
        argv: [
          ...(['unshare', '--mount', '--propagation', 'private', 'sh', '-c'] as const),
          `${binds.join(' && ')} && "$@"`,
          ...['sh', ...around, 'find', root, '-type', 'f', '-printf', '%P\\n'],
        ],
        timeoutSeconds: 60,
      })
    ).stdout
      .trim()
      .split('\n')
      .toSorted();
  const [, ...args] = apart(secretDirectories(root), []);
  t.same(
    await files(),
    [...secrets, 'persist/flake.nix', ...secrets.map(path => `persist/${path}`)].toSorted(),
  );
  t.same(await files(script, ...args), ['persist/flake.nix']);
});

t.test('nor the key of the onion service', async t => {
  const around =
    'mount -t tmpfs lib /var/lib && mkdir /var/lib/tor && mount -t tmpfs tor /var/lib/tor && echo x >/var/lib/tor/key';
  const look = async (command: string) =>
    (
      await attempt({
        doing: 'looking around',
        argv: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${around} && ${command}`],
        timeoutSeconds: 60,
      })
    ).stdout;
  t.equal(await look('ls -A /var/lib/tor'), 'key\n');
  t.equal(await look(`${script} -- ls -A /var/lib/tor`), '');
});

t.test('the exit code and the arguments are those of the program', async t => {
  const { exitCode, stdout } = await inside(
    [],
    ['sh', '-c', 'printf "<%s>" "$@"; exit 7', 'sh', 'a b', '', "'"],
  );
  t.equal(exitCode, 7);
  t.equal(stdout, "<a b><><'>");
});

t.test(
  'Nix builds in its sandbox there, and no input of a flake leads to a secret',
  { timeout: 120_000 },
  async t => {
    const nix = await imageNix();
    const directory = t.testdir();
    const secret = join(directory, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'flake.nix'), '{ outputs = _: { text = "leaked"; }; }');
    writeFileSync(join(secret, 'key'), 'the passphrase');
    const flakeOf = (inputs: string, text: string) => `{
    ${inputs}
    outputs = inputs: {
      built = derivation {
        name = "built"; system = "x86_64-linux"; builder = "/bin/sh";
        args = [ "-c" ${JSON.stringify('read -r x <SECRET/key; echo "<$x>" >$out').replaceAll('SECRET', secret)} ];
        text = ${text};
      };
    };
  }`;
    const build = async (inputs: string, text: string) => {
      mkdirSync(join(directory, 'flake'), { recursive: true });
      writeFileSync(join(directory, 'flake/flake.nix'), flakeOf(inputs, text));
      const build = ['build', '--store', join(directory, 'root'), '--out-link', join(directory, 'built')];
      const argv = nix.argv('nix', ...build, '--print-build-logs', `path:${directory}/flake#built`);
      return inside([secret], argv, nix.env(directory));
    };
    const rows: [string, string, string, RegExp | null][] = [
      ['a build', '', '""', null],
      ['a flake', `inputs.s.url = "path:${secret}";`, 'inputs.s.text', /does not exist|No such file/],
      [
        'files',
        `inputs.s = { url = "path:${secret}"; flake = false; };`,
        'builtins.readFile "${inputs.s}/key"',
        /./,
      ],
      [
        'a file',
        `inputs.s = { url = "file://${secret}/key"; flake = false; };`,
        'builtins.readFile inputs.s',
        /./,
      ],
      ['a repository', `inputs.s.url = "git+file://${secret}";`, 'inputs.s.text', /./],
    ];
    for (const [name, inputs, text, refused] of rows) {
      const { exitCode, stderr } = await build(inputs, text);
      t.notMatch(stderr, /the passphrase|leaked/, name);
      if (refused === null) t.equal(exitCode, 0, stderr);
      else {
        t.not(exitCode, 0, name);
        t.match(stderr, refused, name);
      }
      if (refused !== null) continue;
      t.match(stderr, /No such file or directory/, 'the sandbox has no such directory');
    }
  },
);
