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
function write(root: string, esps: readonly string[]) {
  const there = (text: string) =>
    text.replaceAll('/run/dabei', `${root}/run/dabei`).replace(/"\/\$file"/g, `"${root}/$file"`);
  // As /init: the root of the initramfs is emptied before anybody asks.
  const lines = [
    'mount() { busybox mount "$@"; }',
    there(keep),
    `rm -r ${root}/bin ${root}/init ${root}/image.squashfs`,
  ];
  writeFileSync(join(root, 'rescue-files'), there(program));
  const script = [...lines, `sh ${root}/rescue-files bzImage ${esps.join(' ')}`].join('\n');
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
}

t.test('kernel and initrd of this start, on every ESP', async t => {
  const root = t.testdir({ a: { dabei: { initrd: 'old', 'x.new': 'cut off' } }, b: {} });
  machine(root);
  const { status, stderr } = write(root, [`${root}/a`, `${root}/b`]);
  t.equal(stderr, '');
  t.equal(status, 0);
  for (const esp of ['a', 'b']) {
    t.equal(readFileSync(`${root}/${esp}/dabei/bzImage`, 'utf8'), 'MZ');
    const out = `${root}/${esp}/out`;
    mkdirSync(out);
    const input = readFileSync(`${root}/${esp}/dabei/initrd`);
    spawnSync('cpio', ['--extract', '--quiet'], { cwd: out, input });
    const paths = walk(out);
    const found = Object.fromEntries(paths.map(path => [path, readFileSync(`${out}/${path}`, 'utf8')]));
    t.same(found, { ...first, 'bin/busybox': 'ELF', 'image.squashfs': 'hsqs!' }, esp);
    t.equal(statSync(`${out}/init`).mode & 0o777, 0o755);
    t.notOk(existsSync(`${root}/${esp}/dabei/x.new`));
  }
});

t.test('an older one stays where the new one cannot be written', async t => {
  const root = t.testdir({ a: { dabei: { initrd: 'old', bzImage: 'old' } } });
  machine(root);
  spawnSync('rm', [`${root}/run/dabei/boot/kernel`]);
  t.not(write(root, [`${root}/a`]).status, 0);
  t.equal(readFileSync(`${root}/a/dabei/initrd`, 'utf8'), 'old');
  t.equal(readFileSync(`${root}/a/dabei/bzImage`, 'utf8'), 'old');
});
