import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { walk } from '../../../../agent/host/files.ts';
import { checkout, requireHostPackages } from '../../../../image/lib/host.ts';

/** image/rootfs/root/usr/lib/dabei/rescue-files itself, and the part of /init that it relies on. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/bin/cpio': 'cpio', '/usr/bin/unshare': 'util-linux' }); // prettier-ignore
const program = readFileSync(checkout('image/rootfs/root/usr/lib/dabei/rescue-files'), 'utf8');
const init = readFileSync(checkout('image/rootfs/initramfs/init'), 'utf8');
const [keep = ''] = /^keep_initrd\(\) \{[^]*?^keep_initrd\n/m.exec(init) ?? [];

const first = { init: '#!/bin/sh', 'redact.sed': 's', epoch: '1', 'image.size': '5 x', 'return.sh': '#' };

/** What /init keeps of an initramfs whose root is `root`, packed for `esps`. */
function write(root: string, esps: readonly string[], text = program) {
  const there = (text: string) =>
    text
      .replaceAll('/run/dabei', `${root}/run/dabei`)
      .replaceAll('/sys/module', `${root}/sys/module`)
      .replace(/"\/\$file"/g, `"${root}/$file"`);
  // As /init: the root of the initramfs is emptied before anybody asks.
  const lines = [
    'mount() { busybox mount "$@"; }',
    there(keep),
    `rm -r ${root}/bin ${root}/init ${root}/image.squashfs`,
  ];
  writeFileSync(join(root, 'rescue-files'), there(text));
  const script = [...lines, `sh ${root}/rescue-files bzImage 1.2 ${esps.join(' ')}`].join('\n');
  return spawnSync('unshare', ['--mount', 'busybox', 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
}

function machine(root: string) {
  for (const [name, text] of Object.entries({ ...first, 'bin/busybox': 'ELF', 'image.squashfs': 'hsqs!' })) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text, { mode: name === 'init' ? 0o755 : 0o644 });
  }
  mkdirSync(`${root}/run/dabei/boot`, { recursive: true });
  writeFileSync(`${root}/run/dabei/boot/kernel`, 'MZ');
  for (const feature of ['a', 'b']) {
    mkdirSync(`${root}/sys/module/zfs/features.pool/org.x:${feature}`, { recursive: true });
    writeFileSync(`${root}/sys/module/zfs/features.pool/org.x:${feature}/uname`, `feature_${feature}\n`);
  }
}

const nameOf = (root: string) => readFileSync(`${root}/run/dabei/rescue-system`, 'utf8').trim();

t.test('kernel and initrd of this start, on every ESP', async t => {
  const root = t.testdir({
    a: { dabei: { '3-install.json': '{}', cut: { initrd: 'cut off' }, old: { initrd: 'old', about: '' } } },
    b: {},
  });
  machine(root);
  const { status, stderr } = write(root, [`${root}/a`, `${root}/b`]);
  t.equal(stderr, '');
  t.equal(status, 0);
  const id = nameOf(root);
  t.match(id, /^[0-9a-f]{12}$/);
  for (const esp of ['a', 'b']) {
    const system = `${root}/${esp}/dabei/${id}`;
    t.equal(readFileSync(`${system}/bzImage`, 'utf8'), 'MZ');
    t.equal(
      readFileSync(`${system}/about`, 'utf8'),
      'version 1.2\nbuilt 1\nzfs-features feature_a feature_b \n',
    );
    t.equal(statSync(`${system}/initrd`).mtimeMs, 1000, 'the same time on every ESP');
    const out = `${root}/${esp}/out`;
    mkdirSync(out);
    const input = readFileSync(`${system}/initrd`);
    spawnSync('cpio', ['--extract', '--quiet'], { cwd: out, input });
    const paths = walk(out);
    const found = Object.fromEntries(paths.map(path => [path, readFileSync(`${out}/${path}`, 'utf8')]));
    t.same(found, { ...first, 'bin/busybox': 'ELF', 'image.squashfs': 'hsqs!' }, esp);
    t.equal(statSync(`${out}/init`).mode & 0o777, 0o755);
  }
  t.notOk(existsSync(`${root}/a/dabei/cut`), 'what a power cut left');
  t.ok(existsSync(`${root}/a/dabei/old/initrd`), 'the entry may still need it');
});

t.test('what is there already is not written again', async t => {
  const root = t.testdir({ a: {} });
  machine(root);
  write(root, [`${root}/a`]);
  const initrd = `${root}/a/dabei/${nameOf(root)}/initrd`;
  writeFileSync(initrd, 'the same');
  spawnSync('rm', ['-r', `${root}/run`]);
  machine(root);
  t.equal(write(root, [`${root}/a`]).status, 0);
  t.equal(readFileSync(initrd, 'utf8'), 'the same');
});

t.test('an older one stays where the new one cannot be written', async t => {
  const root = t.testdir({ a: { dabei: { old: { initrd: 'old', about: '' } } } });
  machine(root);
  // As where the ESP is full: the directory is there, the file is not.
  const full = program.replace(
    'cpio --create',
    'echo "cpio: write error: No space left on device" >&2; false',
  );
  const { status, stderr } = write(root, [`${root}/a`], full);
  t.equal(status, 1);
  t.match(stderr, /No space left/);
  t.same(walk(`${root}/a`), ['dabei/old/about', 'dabei/old/initrd']);
});
