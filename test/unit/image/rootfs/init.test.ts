import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { walk } from '../../../../agent/host/files.ts';
import { checkout, requireHostPackages } from '../../../../image/lib/host.ts';
import { readNewc } from '../../../../image/media/cpio.ts';
import { encodeReserved } from '../../../../image/media/reserved/reserved-file.ts';

/** Mounts of the image's first program: an option that has no effect is none. */

await requireHostPackages({ '/usr/bin/busybox': 'busybox', '/usr/bin/unshare': 'util-linux' });
const init = readFileSync(checkout('image/rootfs/initramfs/init'), 'utf8');

/** What covers /proc/cmdline, and what is said if that can be written to. */
const [cover = ''] = /^mount -o bind \/run\/dabei\/cmdline[^]*?\nfi\n/m.exec(init) ?? [];

function covered(directory: string, lines: string) {
  const script = [
    'say() { echo "$*"; }',
    'mount() { busybox mount "$@"; }',
    lines
      .replaceAll('/run/dabei/cmdline', `${directory}/copy`)
      .replaceAll('/proc/cmdline', `${directory}/cmdline`),
    `echo forged 2>/dev/null >${directory}/cmdline`,
    `cat ${directory}/cmdline`,
  ].join('\n');
  const argv = ['--mount', '--propagation', 'private', 'busybox', 'sh', '-c', script];
  return spawnSync('unshare', argv, { encoding: 'utf8', timeout: 30_000 }).stdout;
}

t.test('the copy of the command line cannot be written to, not even by root', async t => {
  const directory = t.testdir({ copy: 'quiet dabei.config=[redacted]\n', cmdline: 'a secret\n' });
  t.equal(covered(directory, cover), 'quiet dabei.config=[redacted]\n');
});

t.test('and where a kernel or a busybox leaves it writable, the console says so', async t => {
  const lines: [name: string, lines: string][] = [
    ['no second call', cover.replace('mount -o remount,bind,ro /proc/cmdline\n', '')],
    ['all options in one call', cover.replace(/^mount.*\nmount.*\n/, 'busybox mount -o bind,ro /run/dabei/cmdline /proc/cmdline\n')],
    ['another option', cover.replace('remount,bind,ro', 'remount,bind,nosuid')],
  ]; // prettier-ignore
  for (const [name, text] of lines) {
    t.not(text, cover, name);
    const directory = t.testdir({ [name]: { copy: 'x\n', cmdline: 'y\n' } });
    const said = covered(join(directory, name.replaceAll(' ', '\\ ')), text);
    t.match(said, 'warning: the copy of the kernel command line is writable\nforged\n', name);
  }
});

t.test('no shell file gives options to a bind, which takes them by a second call alone', async t => {
  const files = walk(checkout('image')).filter(path => !/\.(ts|mjs|json|patch|ipxe)$/.test(path));
  const binds = files.flatMap(path =>
    readFileSync(checkout(`image/${path}`), 'latin1')
      .split('\n')
      .filter(line => /^[^#]*\bmount\b.*\br?bind\b/.test(line) && !/\bremount\b/.test(line))
      .map(line => ({ path, line })),
  );
  t.ok(binds.length >= 15, `${binds.length} binds`);
  for (const { path, line } of binds) {
    // "-o bind" and "--bind" alone; util-linux makes the second call by itself, busybox does not.
    t.match(line, /\bmount (-o r?bind|--r?bind) /, `${path}: ${line.trim()}`);
    t.notMatch(line, /bind,|,bind|--r?bind.* -o /, `${path}: ${line.trim()}`);
  }
});

/** The check of the image. */
const [whole = ''] = /^read -r bytes md5 [^]*? is wrong"\n/m.exec(init) ?? [];
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** What a part of /init prints whose files in the root of the initramfs are in `directory`. */
function said(directory: string, ...lines: string[]) {
  const script = ['give_up() { echo "no: $*"; exit 1; }', ...lines].join('\n');
  const there = script.replace(/(?<=[ <])\/(?=image\.|\$further\.|dabei\/)/g, `${directory}/`);
  return spawnSync('busybox', ['sh', '-c', there], { encoding: 'utf8', cwd: directory }).stdout;
}

t.test('an image that is not whole is not mounted', async t => {
  const rows: [about: string, image: string | undefined, said: string][] = [
    ['whole', 'first', 'mounted\n'],
    ['damaged', 'forst', 'no: the image is damaged: its MD5 is wrong\n'],
    ['truncated', 'firs', 'no: the image is incomplete: it has 4 of 5 bytes\n'],
    ['missing', undefined, 'no: the image is incomplete: it has 0 of 5 bytes\n'],
  ];
  for (const [about, image, expected] of rows) {
    const directory = t.testdir({
      'image.size': `5 ${md5('first')}\n`,
      ...(image === undefined ? {} : { 'image.squashfs': image }),
    });
    t.equal(said(directory, whole, 'echo mounted'), expected, about);
  }
});

/** The check of further initrds, and which layers the root has then. */
const [check = ''] = /^for further in .*\n[^]*?give_up[^]*?\ndone\n/m.exec(init) ?? [];
const [layers = ''] = /^layers=[^]*?\ndone\n/m.exec(init) ?? [];

t.test('further initrds are laid over the image, if they belong to it', async t => {
  const size = `6 ${md5('second')}\n`;
  const sizes = { 'tools.size': size, 'tor.size': size };
  const rows: [about: string, files: Record<string, string>, expected: string][] = [
    ['none', sizes, '/image\n'],
    ['its own', { 'tools.squashfs': 'second', ...sizes }, '/tools:/image\n'],
    ['another', { 'tor.squashfs': 'second', ...sizes }, '/tor:/image\n'],
    ['both', { 'tools.squashfs': 'second', 'tor.squashfs': 'second', ...sizes }, '/tor:/tools:/image\n'],
    ['damaged', { 'tools.squashfs': 'secand', ...sizes }, 'no: '],
    ['one of them damaged', { 'tools.squashfs': 'second', 'tor.squashfs': 'secand', ...sizes }, 'no: '],
    ['truncated', { 'tor.squashfs': 'secon', ...sizes }, 'no: '],
    ['of an image that has none', { 'tools.squashfs': 'second' }, 'no: '],
  ];
  for (const [about, files, expected] of rows) {
    const directory = t.testdir(files);
    const stdout = said(directory, 'mount() { :; }; mkdir() { :; }', check, layers, 'echo "$layers"');
    t.equal(expected === 'no: ' ? stdout.slice(0, 4) : stdout, expected, about);
  }
});

/** The check of what `run` appended. */
const [appended = ''] = /^if \[ -f \/dabei\/sums \]; then\n[^]*?\nfi\n/m.exec(init) ?? [];

t.test('a configuration that was damaged on the way is not used', async t => {
  const sums = [
    ['dabei.json', '{}'],
    ['ssh/a b', 'key'],
  ].map(([name, content = '']) => `${createHash('sha256').update(content).digest('hex')}  ./${name}\n`);
  const refused = 'no: what run appended to the initrd is damaged\n';
  const rows: [about: string, files: Record<string, string>, listed: string | undefined, said: string][] = [
    ['no hashes', { 'dabei.json': '{ }' }, undefined, 'used\n'],
    ['whole', { 'dabei.json': '{}', 'a b': 'key' }, sums.join(''), 'used\n'],
    ['damaged', { 'dabei.json': '{ }', 'a b': 'key' }, sums.join(''), refused],
    ['a file is missing', { 'dabei.json': '{}' }, sums.join(''), refused],
    ['hashes damaged', { 'dabei.json': '{}', 'a b': 'key' }, sums.join('').replace('  ', ' \0'), refused],
    ['hashes truncated', { 'dabei.json': '{}', 'a b': 'key' }, '', refused],
  ];
  for (const [about, { 'a b': key, ...files }, listed, expected] of rows) {
    const directory = t.testdir({
      ...files,
      ssh: key === undefined ? {} : { 'a b': key },
      dabei: listed === undefined ? {} : { sums: listed },
    });
    t.equal(said(directory, appended.replace('cd /', `cd ${directory}`), 'echo used'), expected, about);
    if (expected !== refused)
      t.notOk(existsSync(join(directory, 'dabei/sums')), 'removed, as it may tell of a secret');
  }
});

/** The check of a medium's configuration. */
const [medium = ''] = /^overwrite\(\) \{\n[^]*?(?=^# dabei\.console=root gives)/m.exec(init) ?? [];

t.test('the configuration of a medium that is damaged is not used', async t => {
  const fromMedium = 'quiet dabei.medium=iso';
  const both = { 'dabei.json': Buffer.from('{"a": 1}'), 'dabei/options.json': Buffer.from('{"b": 2}\n') };
  const archive = encodeReserved(both);
  const sum = readNewc(archive.bytes)!.members[0]!.content.toString();
  const unpacking = 'Initramfs unpacking failed: invalid magic at start of compressed archive';
  const rows: [
    about: string,
    commandLine: string,
    files: { json?: string; options?: string; sum?: string },
    kernelLog: string,
    used: boolean,
  ][] = [
    ['not configured', fromMedium, {}, '', true],
    ['whole', fromMedium, { json: '{"a": 1}', options: '{"b": 2}\n', sum }, '', true],
    ['one byte is another', fromMedium, { json: '{"a": 2}', options: '{"b": 2}\n', sum }, '', false],
    ['a file is missing', fromMedium, { json: '{"a": 1}', sum }, '', false],
    ['the sum is another', fromMedium, { json: '{}', sum: sum.replace('sha256 ', 'sha256 0') }, '', false],
    ['the archive is damaged', fromMedium, { json: '{"a": 1}' }, unpacking, false],
    ['from iPXE', 'quiet', { json: '{"a": 1}' }, '', true],
    ['what the kernel says of another archive', 'quiet', { json: '{"a": 1}' }, unpacking, true],
  ];
  for (const [about, commandLine, { json, options, sum }, kernelLog, used] of rows) {
    const directory = t.testdir({
      boot: { cmdline: `${commandLine}\n` },
      console: {},
      dabei: {
        ...(options === undefined ? {} : { 'options.json': options }),
        ...(sum === undefined ? {} : { 'reserved.sum': sum }),
      },
      ...(json === undefined ? {} : { 'dabei.json': json }),
    });
    const lines = medium
      .replaceAll('/run/dabei/', `${directory}/`)
      .replaceAll(/(?<![\w$])\/dabei/g, `${directory}/dabei`);
    const functions = `dmesg() { echo '${kernelLog}'; }; say() { echo "$*"; }`;
    const output = said(directory, functions, lines);
    t.equal(output.includes('error MEDIUM_DAMAGED: '), !used, about);
    t.equal(existsSync(join(directory, 'dabei.json')), used && json !== undefined, about);
    t.equal(existsSync(join(directory, 'boot/medium-damaged')), !used, about);
    t.notOk(existsSync(join(directory, 'dabei/reserved.sum')), 'removed');
    t.notOk(existsSync(join(directory, 'console/without-secrets')), 'another reason');
  }
});

t.test('it is no configuration: it stays where it is', async t => {
  t.equal(init.match(/\/image\.squashfs \| \/tools\.squashfs/g)?.length, 2, 'in both lists of what stays');
});

t.test('/init defines a function before its own lines call it', async t => {
  const functions = [...init.matchAll(/^(\w+)\(\) \{$/gm)];
  t.ok(functions.length > 3);
  for (const { 1: name = '', index } of functions)
    t.notMatch(init.slice(0, index), new RegExp(`^${name}(?: |$)`, 'm'), name);
});
