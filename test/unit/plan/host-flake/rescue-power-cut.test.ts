import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { walk } from '../../../../agent/host/files.ts';
import { modules } from '../../../../agent/plan/host-flake/templates.ts';
import { checkout, requireHostPackages } from '../../../../image/lib/host.ts';

/**
 * A rescue entry that is renewed, with the power cut before every step: what the boot loader finds is a whole system, the older or the newer
 * one, and the next attempt finishes.
 *
 * A directory is in place of the ESP. Of every state there are two: with all that was written, and with names alone where nothing was
 * synchronized since, which is the worst that FAT does (fs/fat/inode.c writes blocks of a file when it likes to).
 */

await requireHostPackages({ '/usr/bin/cpio': 'cpio' });

const rescueFiles = readFileSync(checkout('image/rootfs/root/usr/lib/dabei/rescue-files'), 'utf8');

/** Programs that change the ESP. Each leaves a copy of what was there before. */
const watched = ['cp', 'mv', 'rm', 'mkdir', 'touch', 'sync', 'cpio'];

function site(root: string, systemdBoot: boolean) {
  for (const directory of ['esp/loader', 'run/dabei/boot', 'run/dabei/initrd/bin', 'bin', 'cuts', 'synced'])
    mkdirSync(join(root, directory), { recursive: true });
  const shim = (name: string) => `#!/bin/sh
n=$(ls ${root}/cuts | wc -l)
/usr/bin/cp -a ${root}/esp ${root}/cuts/$(printf %03d "$n")
/usr/bin/cp -a ${root}/synced/. ${root}/cuts/$(printf %03d "$n").synced
/usr/bin/${name} "$@" || exit
${name === 'sync' ? `cd ${root}/esp && find . -type f -exec sha256sum {} + >${root}/synced/list` : ''}
`;
  for (const name of watched) writeFileSync(join(root, 'bin', name), shim(name), { mode: 0o755 });
  const plain = join(root, 'plain');
  mkdirSync(plain);
  for (const directory of ['bin', 'plain'])
    writeFileSync(join(root, directory, 'mountpoint'), '#!/bin/sh\n', { mode: 0o755 });
  const at = (text: string) => text.replaceAll('/run/dabei', `${root}/run/dabei`);
  writeFileSync(join(root, 'rescue-files'), at(rescueFiles));
  writeFileSync(join(root, 'rescue.sh'), at(modules['rescue.sh']));
  for (const name of ['machine', 'keys', 'host-key']) writeFileSync(join(root, name), name);

  const run = (path: string, script: string) => {
    const env = {
      PATH: `${join(root, path)}:/usr/bin:/bin`,
      machine: join(root, 'machine'),
      keys: join(root, 'keys'),
      host_keys: join(root, 'host-key'),
      options: 'dabei.rescue',
      systemd_boot: systemdBoot ? 'yes' : '',
      package: '',
    };
    return spawnSync('sh', ['-c', `set -e; cd ${root}; ${script}`], {
      encoding: 'utf8',
      env,
      timeout: 120_000,
    });
  };
  const renew = `sh rescue-files bzImage 2 ${root}/esp; system=$(cat run/dabei/rescue-system) sh rescue.sh renew esp`;
  const startedBy = (name: string) => {
    writeFileSync(join(root, 'run/dabei/boot/kernel'), `kernel ${name}`);
    for (const file of ['init', 'image.size', 'epoch', 'bin/busybox'])
      writeFileSync(join(root, 'run/dabei/initrd', file), file === 'epoch' ? '1' : `${file} ${name}`);
  };
  return { run, renew, startedBy };
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What the entry starts: "kernel/initrd"; or what is wrong. */
function starts(esp: string, systemdBoot: boolean): string {
  const entry = readFileSync(
    join(esp, systemdBoot ? 'loader/entries/nix-dabei.conf' : 'dabei/grub.cfg'),
    'utf8',
  );
  const kernel = /^linux (\S+)/m.exec(entry)?.[1];
  const initrds = [...entry.matchAll(/^initrd (.*)$/gm)].flatMap(([, paths]) => paths!.split(' '));
  if (kernel === undefined || initrds.length !== 2) return `not an entry: ${entry}`;
  if (readFileSync(join(esp, initrds[1]!)).length === 0) return 'no archive';
  const [, of] = /kernel (.*)/.exec(readFileSync(join(esp, kernel), 'utf8')) ?? [];
  return `${of}/${/init (one|two)/.exec(readFileSync(join(esp, initrds[0]!), 'latin1'))?.[1]}`;
}

/** The same ESP, where contents that were not synchronized are lost. */
function lose(cut: string, esp: string) {
  cpSync(cut, esp, { recursive: true });
  const listed = join(`${cut}.synced`, 'list');
  const kept = readFileSync(listed, 'utf8');
  for (const path of walk(esp)) if (!kept.includes(sha256(join(esp, path)))) truncateSync(join(esp, path));
}

for (const systemdBoot of [true, false]) {
  t.test(systemdBoot ? 'systemd-boot' : 'GRUB', async t => {
    const root = t.testdir();
    const { run, renew, startedBy } = site(root, systemdBoot);
    startedBy('one');
    const first = run('bin', `sh rescue-files bzImage 1 ${root}/esp; sh rescue.sh write esp; sync`);
    t.match(first, { status: 0, stderr: '' });
    t.equal(starts(join(root, 'esp'), systemdBoot), 'one/one');
    run('plain', 'rm -rf cuts; mkdir cuts');

    startedBy('two');
    t.match(run('bin', renew), { status: 0, stderr: '' });
    t.equal(starts(join(root, 'esp'), systemdBoot), 'two/two');
    const done = walk(join(root, 'esp')).map(path => path.replace(/dabei\/\w{12}\//, ''));
    t.same(
      done.filter(path => /about|bzImage|initrd$/.test(path)),
      ['about', 'bzImage', 'initrd'],
    );

    const cuts = readdirSync(join(root, 'cuts')).filter(name => !name.endsWith('.synced'));
    t.ok(cuts.length > 12, `${cuts.length} steps`);
    const found = new Set<string>();
    for (const cut of cuts) {
      for (const variant of ['written', 'lost']) {
        const esp = join(root, `${cut}-${variant}`);
        if (variant === 'lost') lose(join(root, 'cuts', cut), esp);
        else cpSync(join(root, 'cuts', cut), esp, { recursive: true });
        const now = starts(esp, systemdBoot);
        found.add(now);
        t.match(now, /^(one\/one|two\/two)$/, `${cut}, ${variant}`);
      }
    }
    t.same([...found].sort(), ['one/one', 'two/two']);

    const again = cuts.map(
      cut => `rm -rf esp; cp -a ${cut}-lost esp; ${renew}; rm -rf ${cut}-lost; cp -a esp ${cut}-lost`,
    );
    t.match(run('plain', again.join('\n')), { status: 0, stderr: '' });
    for (const cut of cuts) {
      const esp = join(root, `${cut}-lost`);
      t.equal(starts(esp, systemdBoot), 'two/two', `${cut}: the next attempt`);
      t.same(
        walk(esp).map(path => path.replace(/dabei\/\w{12}\//, '')),
        done,
      );
    }
  });
}
