import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';

/** image/rootfs/root/usr/bin/nixos-enter, with an installed system that is no more than a shell and an activation script. */

t.setTimeout(300_000);
await requireHostPackages({
  '/usr/share/doc/busybox-static': 'busybox-static',
  '/usr/bin/unshare': 'util-linux',
});
const script = new URL('../../../../image/rootfs/root/usr/bin/nixos-enter', import.meta.url).pathname;

function installedSystem(root: string, activation: string): void {
  const system = join(root, 'nix/var/nix/profiles/system');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(system, 'sw/bin'), { recursive: true });
  writeFileSync(join(root, 'etc/NIXOS'), '');
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  writeFileSync(join(system, 'activate'), `#!/bin/sh\n${activation}\n`);
  chmodSync(join(system, 'activate'), 0o755);
}

t.test('a failed activation', { timeout: 120_000 }, async t => {
  const rows: [string, string, string[], number, RegExp][] = [
    ['well, demanded', 'echo fine', ['--require-activation'], 7, /^fine\n$/],
    [
      'failed, demanded: nothing else is started',
      'echo "users: no space" >&2; exit 4',
      ['--require-activation'],
      1,
      /users: no space\nnixos-enter: the activation of the installed system ended with exit code 4\n$/,
    ],
    ["failed, as NixOS' own", 'exit 4', [], 7, /nixos-enter: warning: the activation .* exit code 4\n$/],
  ];
  for (const [name, activation, options, expected, said] of rows) {
    const root = t.testdir();
    installedSystem(root, activation);
    const { exitCode, stderr } = await attempt({
      doing: name,
      argv: [script, '--root', root, ...options, '--', '/bin/busybox', 'sh', '-c', 'exit 7'],
      timeoutSeconds: 60,
    });
    t.equal(exitCode, expected, name);
    t.match(stderr, said, name);
  }
});

t.test('an overlay on /etc gets what was put below it', { timeout: 120_000 }, async t => {
  const overlay = '  upperdir=/.rw-etc/upper,workdir=/.rw-etc/work';
  const installing = { NIXOS_INSTALL_BOOTLOADER: '1' };
  const rows: [name: string, activation: string, env: Record<string, string>, upper: string | null][] = [
    ['without an overlay', 'true', installing, null],
    ['with an overlay', `: ${overlay}`, installing, 'of the installer'],
    ['entered by a person', `: ${overlay}`, {}, null],
  ];
  for (const [name, activation, env, expected] of rows) {
    const root = t.testdir();
    installedSystem(root, activation);
    // As nix-env leaves it: two links, of which the second is absolute below the root.
    const profile = join(root, 'nix/var/nix/profiles/system');
    mkdirSync(join(root, 'nix/store'), { recursive: true });
    renameSync(profile, join(root, 'nix/store/toplevel'));
    symlinkSync('system-1-link', profile);
    symlinkSync('/nix/store/toplevel', `${profile}-1-link`);
    mkdirSync(join(root, 'etc/ssh'));
    writeFileSync(join(root, 'etc/ssh/key'), 'of the installer', { mode: 0o600 });
    const enter = () =>
      attempt({
        doing: name,
        argv: [script, '--root', root, '--', '/bin/busybox', 'true'],
        env,
        timeoutSeconds: 60,
      });
    const key = join(root, '.rw-etc/upper/ssh/key');
    const { exitCode, stderr } = await enter();
    t.equal(exitCode, 0, `${name}: ${stderr}`);
    t.equal(existsSync(key) ? readFileSync(key, 'utf8') : null, expected, name);
    if (expected === null) continue;
    t.equal(statSync(key).mode & 0o777, 0o600, 'with its mode');
    writeFileSync(key, 'of the running system');
    await enter();
    t.equal(readFileSync(key, 'utf8'), 'of the running system', 'what is newer stays');
  }
});

t.test('a system that has started before, with links as NixOS makes them', { timeout: 120_000 }, async t => {
  const names = readFileSync('/etc/resolv.conf', 'utf8');
  // The second is as `dabei unlock` leaves a pool with features that are newer than its ZFS.
  const rows: [options: string, program: string[], said: string, warning: RegExp][] = [
    ['rw', ['cat', '/etc/resolv.conf'], names, /^$/],
    [
      'ro',
      ['echo', 'entered'],
      'entered\n',
      /^nixos-enter: warning: the system's \/etc\/resolv\.conf cannot be written, /,
    ],
  ];
  for (const [options, program, said, warning] of rows) {
    const root = t.testdir();
    installedSystem(root, 'true');
    for (const directory of ['dev', 'sys', 'proc', 'run', 'nix/store/etc'])
      mkdirSync(join(root, directory), { recursive: true });
    symlinkSync('/nix/store/etc', join(root, 'etc/static'));
    symlinkSync('/etc/static/resolv.conf', join(root, 'etc/resolv.conf'));
    symlinkSync('../../../run/systemd/resolve/stub-resolv.conf', join(root, 'nix/store/etc/resolv.conf'));
    const mounted = 'mount --bind "$1" "$1"; mount -o "remount,bind,$2" "$1"; shift 2; exec "$@"';
    const { exitCode, stdout, stderr } = await attempt({
      doing: options,
      argv: [
        ...['unshare', '--mount', 'sh', '-euc', mounted, 'sh', root, options],
        ...[script, '--root', root, '--', '/bin/busybox', ...program],
      ],
      timeoutSeconds: 60,
    });
    t.match(stderr, warning, options);
    t.equal(stdout, said, options);
    t.equal(exitCode, 0, options);
  }
});

t.test(
  'nothing secret of the installer is within reach of what is activated',
  { timeout: 60_000 },
  async t => {
    const root = t.testdir();
    // What the root itself lies below stays as it is.
    const hidden = ['/etc/ssh', '/var/log', '/var/lib/tor', '/root', '/tmp'].filter(
      path => !root.startsWith(`${path}/`),
    );
    const look = [
      `for path in ${hidden.join(' ')}; do /bin/busybox find "/proc/1/root$path" -type f; done`,
      'for file in /dev/kmsg /proc/kmsg /proc/kcore; do /bin/busybox timeout 2 /bin/busybox head -c 100 $file; done',
      'echo looked',
    ];
    installedSystem(root, `exec 2>/dev/null\n${look.join('\n')}`);
    const { stderr } = await attempt({
      doing: 'entering',
      argv: [script, '--root', root, '--', '/bin/busybox', 'true'],
      timeoutSeconds: 60,
    });
    t.equal(stderr.trim(), 'looked');
  },
);
