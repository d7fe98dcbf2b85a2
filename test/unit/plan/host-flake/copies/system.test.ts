import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { requireHostPackages } from '../../../../../image/lib/host.ts';
import { modules } from '../../../../../agent/plan/host-flake/templates.ts';
import { shells, type Kind } from '../../../../support/copies/first-start.ts';

/** nix/host-flake/copies-system.sh; programs that change pools or the boot loader only say that they were started. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox' });

/** @param fails the program that fails */
function run(root: string, kind: Kind, fails = '') {
  const write = (path: string, content: string | Buffer, mode = 0o600) => {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, content, { mode });
  };
  const asked = `#!/bin/sh\necho "\${0##*/} $* $(cat "$COPY_ROOT/etc/dabei/copy")" >>"$COPY_ROOT/asked"\n`;
  for (const name of ['programs/zpool', 'programs/zfs', 'run/current-system/bin/switch-to-configuration'])
    write(name, `${asked}[ "\${0##*/}" != "${fails}" ]\n`, 0o755);
  write('run/dabei-copy/own', 'new 0 disk\n');
  write('run/dabei-copy/copy', 'old 0 disk\n');
  write('run/dabei-copy/hostid', Buffer.from('04030201', 'hex'));
  write('run/dabei-copy/key', 'new key');
  write('run/dabei-copy/key.pub', 'new public key');
  write('etc/dabei/own', 'old 0 disk\n');
  write('etc/dabei/copy', 'old 0 disk\n');
  write('etc/ssh/key', 'old key');
  write('dev/console', '');
  write('program', `keys='/etc/ssh/key'\npool=tank\n${modules['copies-system.sh']}`);
  const [shell, ...applet] = shells[kind];
  const { status, stderr } = spawnSync(shell, [...applet, `${root}/program`], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: `${root}/programs:/usr/bin:/bin`, COPY_ROOT: root },
  });
  const text = (path: string) =>
    existsSync(`${root}/${path}`) ? readFileSync(`${root}/${path}`, 'utf8') : null;
  return { status, said: stderr.trim(), text, asked: (text('asked') ?? '').trim().split('\n').map(line => line.trim()) }; // prettier-ignore
}

for (const kind of Object.keys(shells) as Kind[]) {
  t.test(`${kind}: the system keeps what stage 1 chose, and removes the mark last`, async t => {
    const root = t.testdir();
    const { status, said, text, asked } = run(root, kind);
    t.equal(status, 0, said);
    t.same(asked, [
      'zpool reguid tank old 0 disk',
      'zpool online -e tank /dev/dabei/zfs old 0 disk',
      'switch-to-configuration boot',
      'zpool get -H -o value guid,size tank',
    ]);
    t.equal(text('etc/dabei/own'), 'new 0 disk\n');
    t.equal(text('etc/dabei/copy'), '');
    t.equal(text('etc/ssh/key'), 'new key');
    t.equal(statSync(`${root}/etc/ssh/key`).mode & 0o777, 0o600);
    t.equal(statSync(`${root}/etc/dabei/own`).mode & 0o777, 0o644);
    t.notOk(existsSync(`${root}/run/dabei-copy`), 'no second copy of the private key stays in RAM');
    t.match(text('dev/console'), /this copy is its own now: host id 01020304/);
  });

  t.test(`${kind}: what fails is tried again at the next start`, async t => {
    const pool = run(t.testdir(), kind, 'zpool');
    t.match(pool, {
      status: 1,
      said: /the pool tank keeps the GUID of the image; the next start tries again/,
    });
    t.equal(pool.text('etc/dabei/copy'), 'old 0 disk\n', 'the mark stays');
    const loader = run(t.testdir(), kind, 'switch-to-configuration');
    t.match(loader, { status: 1, said: /the boot loader cannot be installed/ });
    t.equal(loader.text('run/dabei-copy/own'), 'new 0 disk\n');
  });
}
