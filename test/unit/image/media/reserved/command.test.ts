import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { resolveConfiguration } from '../../../../../agent/config/resolve.ts';
import { realDoors } from '../../../../../agent/host/doors.ts';
import { readAppendedFiles } from '../../../../../agent/host/old-system/appended.ts';
import { requireHostPackages } from '../../../../../image/lib/host.ts';
import { onMedium } from '../../../../../image/media/boot/layout.ts';
import { dabeiImage } from '../../../../../image/media/reserved/command.ts';
import { findFile, readVolume } from '../../../../../image/media/reserved/iso9660.ts';
import { bundleProgram } from '../../../../../image/media/reserved/program.ts';
import { reservedBytes } from '../../../../../image/media/reserved/reserved-file.ts';
import { makeSmallIso, mediaTools } from '../../../../support/small-media.ts';
import { mediumWith, reasonsOf } from './medium-with.ts';

/** `dabei-image` on a medium made of a small image. */

t.setTimeout(300_000);
await requireHostPackages({ '/usr/bin/cpio': 'cpio' });
const iso = await makeSmallIso(await mediaTools(), t.testdir({}));
const original = readFileSync(iso);
const read = (offset: number, length: number) => original.subarray(offset, offset + length);
const { offset } = findFile(read, readVolume(read)!, onMedium.reserved)!;

const key = (comment: string) =>
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW ${comment}`;
const passphrase = 'correct horse battery staple';
const configuration = {
  hostName: 'web-01',
  rootAuthorizedKeys: [key('me@laptop')],
  disks: { devices: ['/dev/sda'], key: passphrase },
};

function prepare(t: Test, given: Readonly<Record<string, string | Buffer>>) {
  const { at, customize, bytes } = mediumWith(t.testdir({}), iso, given);
  return { at, customize, reserved: () => bytes().subarray(offset, offset + reservedBytes) };
}

t.test('written, shown, replaced, cleared', async t => {
  const { at, reserved, customize } = prepare(t, {
    'host.json': JSON.stringify(configuration),
    'key.pub': `# mine\r\n\r\n${key('you@desk')}\r\n`,
  });
  t.match(customize('--show'), /not configured; it starts a rescue system/);
  const said = customize('host.json', '--authorized-key', 'key.pub');
  t.match(said, /^mode: install\nhost name: web-01\nauthorized keys: 2\n {2}.* me@laptop\n {2}.* you@desk$/m);
  t.match(said, /^warning: .* can read its secrets: disks\.key\n {2}next: .*--clear/m);
  t.match(said, /^reserved file: [\d,]+ of 65,536 bytes, SHA-256 [0-9a-f]{64}$/m);
  t.notMatch(said, passphrase);
  t.equal(customize('--show'), said, 'the same again');
  t.ok(reserved().includes(passphrase));

  // What the machine makes of it.
  const root = at('root');
  mkdirSync(root);
  execFileSync('cpio', ['-i', '-d', '--quiet'], { cwd: root, input: reserved() });
  const files = readAppendedFiles(realDoors, root);
  const { config, mode } = resolveConfiguration({ commandLine: '', files });
  t.equal(mode, 'install');
  t.equal(config?.hostName, 'web-01');
  t.strictSame(config?.rootAuthorizedKeys, [key('me@laptop'), key('you@desk')]);

  const shorter = customize('--authorized-key', 'key.pub');
  t.match(shorter, /^mode: rescue\n/m);
  t.notMatch(shorter, /warning/);
  t.notOk(reserved().includes(passphrase), 'nothing of the earlier configuration is left');
  t.match(customize('--clear'), /overwritten with zeros/);
  t.ok(readFileSync(at('x.iso')).equals(original), 'the medium is as it was built');
});

t.test('a packed configuration', async t => {
  const { reserved, customize } = prepare(t, { 'host.json.gz': gzipSync(JSON.stringify(configuration)) });
  t.match(customize('host.json.gz'), /^host name: web-01$/m);
  t.ok(reserved().includes(gzipSync(JSON.stringify(configuration))), 'as it was given');
});

t.test('without any key', async t => {
  const { customize } = prepare(t, { 'host.json': '{"hostName": "web-01"}' });
  t.match(customize('host.json'), /^warning: no authorized key .* nobody could log in$/m);
});

t.test('a raw image for providers', async t => {
  const { at, reserved, customize } = prepare(t, {
    'host.json': JSON.stringify(configuration),
    'key.pub': key('you@desk'),
  });
  const said = customize('--install-from-metadata');
  t.match(
    said,
    /^mode: install, if the metadata of the machine's provider has a configuration; otherwise rescue$/m,
  );
  t.notMatch(said, /warning|note/, 'the provider gives keys, and nobody knows yet which one it is');
  t.ok(reserved().includes('{"metadata":"install"}'));
  const both = customize('--install-from-metadata', 'host.json', '--authorized-key', 'key.pub');
  t.match(both, /^authorized keys: 2$/m);
  const root = at('root');
  mkdirSync(root);
  execFileSync('cpio', ['-i', '-d', '--quiet'], { cwd: root, input: reserved() });
  const files = readAppendedFiles(realDoors, root);
  const input = { commandLine: '', files, dmi: { sys_vendor: 'Hetzner' } };
  t.match(resolveConfiguration(input), {
    learn: { metadata: { want: 'install' } },
    problems: [],
    mode: 'install',
  });
  t.match(resolveConfiguration({ ...input, dmi: {} }).notes, [/firmware names no provider/]);
  const rack = JSON.stringify({
    configUrl: 'https://me:secret@h/{mac}.json',
    rootAuthorizedKeys: [key('me@laptop')],
  });
  writeFileSync(at('host.json'), rack);
  const fetches = customize('host.json');
  t.match(fetches, /^mode: install, if https:[^ ]*@h\/\{mac\}\.json has a configuration; otherwise rescue$/m);
  t.match(fetches, /^authorized keys: 1$/m);
  t.notMatch(fetches, 'secret');
  writeFileSync(at('host.json'), '{"seed": "install"}');
  t.match(customize('host.json'), /^mode: install, if a volume has/m);
  t.throws(() => customize('--show', '--install-from-metadata'), { code: 'USAGE' });
});

t.test('refused, and nothing is written', async t => {
  const large = JSON.stringify({ ...configuration, rootAuthorizedKeys: manyKeys() });
  const broken = '{\n  "hostName": "web-01",\n  "dsks": 1,\n  "mode": "rescu"\n}\n';
  const rows: [name: string, given: Record<string, string>, argv: string[], expected: object[]][] = [
    [
      'all problems, with line and column',
      { 'host.json': broken, 'key.pub': 'x' },
      ['host.json', '--authorized-key', 'key.pub'],
      [
        { code: 'CONFIG_SCHEMA', message: /host\.json:3:3 dsks: / },
        { code: 'CONFIG_SCHEMA', message: /host\.json:4:11 mode: / },
        { code: 'CONFIG_SCHEMA', message: /key\.pub:1:1: is not a valid line of authorized_keys/ },
      ],
    ],
    [
      'no JSON',
      { 'host.json': '{\n "a" 1}' },
      ['host.json'],
      [{ code: 'CONFIG_JSON', message: /host\.json:2:6: expected a colon/ }],
    ],
    [
      'an installation that would lock everybody out',
      { 'host.json': JSON.stringify({ disks: configuration.disks }) },
      ['host.json'],
      [{ code: 'NO_LOGIN', message: /nobody could log in/ }],
    ],
    [
      'too large, with the figures',
      { 'host.json': large },
      ['host.json'],
      [
        {
          code: 'MEDIUM_TOO_SMALL',
          message: /[\d,]+ bytes of dabei\.json make an archive of [\d,]+ bytes, .* 65,536: [\d,]+ too many$/,
        },
      ],
    ],
    [
      'a private key',
      { key: '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n' },
      ['--authorized-key', 'key'],
      [{ code: 'CONFIG_SCHEMA', message: /key:1:1: it is a private key/ }],
    ],
    [
      'no key at all',
      { 'key.pub': '# none\n' },
      ['--authorized-key', 'key.pub'],
      [{ code: 'CONFIG_SCHEMA', message: /key\.pub: it has no key/ }],
    ],
    [
      'files that are not there',
      {},
      ['/nonexistent.json', '--authorized-key', '/nonexistent.pub'],
      [
        { code: 'FILE', message: /nonexistent\.json: ENOENT/ },
        { code: 'FILE', message: /nonexistent\.pub: ENOENT/ },
      ],
    ],
  ];
  for (const [name, given, argv, expected] of rows)
    await t.test(name, async t => {
      const { at, customize } = prepare(t, given);
      const reasons = reasonsOf(() => customize(...argv));
      t.match(reasons, expected);
      t.equal(reasons.length, expected.length);
      t.ok(readFileSync(at('x.iso')).equals(original));
    });
});

function manyKeys(): string[] {
  return Array.from({ length: 700 }, (_, index) => key(`user-${index}@machine`));
}

t.test('what is not a medium', async t => {
  const changed = (at: number, text: string) => {
    const bytes = Buffer.from(original);
    bytes.write(text, at, 'latin1');
    return bytes;
  };
  const name = original.indexOf('RESERVED.;1');
  const rows: [name: string, file: Buffer, code: string, message: RegExp][] = [
    ['an empty file', Buffer.alloc(0), 'MEDIUM_UNKNOWN', /is neither an ISO 9660 image nor nix-dabei\.img/],
    [
      'some bytes',
      Buffer.alloc(100_000, 'x'),
      'MEDIUM_UNKNOWN',
      /is neither an ISO 9660 image nor nix-dabei\.img/,
    ],
    ['another ISO', changed(32768 + 40, 'DEBIAN 13'), 'MEDIUM_UNKNOWN', /of something else: "DEBIAN 13"/],
    ['without its last byte', original.subarray(0, -1), 'MEDIUM_TRUNCATED', /ends before its [\d,]+ bytes/],
    ['the first half', original.subarray(0, original.length / 2), 'MEDIUM_TRUNCATED', /ends before/],
    ['without a reserved file', changed(name, 'RESERVEX'), 'MEDIUM_UNKNOWN', /it has none/],
  ];
  const host = join(t.testdir({ 'host.json': JSON.stringify(configuration) }), 'host.json');
  for (const [name, bytes, code, message] of rows) {
    const file = join(t.testdirName, 'y.iso');
    writeFileSync(file, bytes);
    for (const argv of [[host], ['--show'], ['--clear']])
      t.match(
        reasonsOf(() => dabeiImage(['customize', file, ...argv])),
        [{ code, message }],
        `${name}: ${argv[0]}`,
      );
    t.ok(readFileSync(file).equals(bytes), name);
  }
  const gone = reasonsOf(() => dabeiImage(['customize', '/nonexistent.iso', '/nonexistent.json']));
  t.match(gone, [{ code: 'FILE' }, { code: 'FILE' }], 'every reason');
});

t.test('a stick is longer than the medium on it', async t => {
  const { at, customize } = prepare(t, { 'key.pub': key('you@desk') });
  truncateSync(at('x.iso'), original.length + 1_000_000);
  t.match(customize('--authorized-key', 'key.pub'), /configured/);
});

t.test('a damaged reserved file is said, and can be written again', async t => {
  const { at, customize } = prepare(t, { 'key.pub': key('you@desk') });
  customize('--authorized-key', 'key.pub');
  const bytes = readFileSync(at('x.iso'));
  const place = bytes.indexOf('rootAuthorizedKeys');
  bytes[place] = bytes[place]! ^ 1;
  writeFileSync(at('x.iso'), bytes);
  t.match(
    reasonsOf(() => customize('--show')),
    [{ code: 'MEDIUM_DAMAGED', message: /SHA-256/ }],
  );
  t.match(customize('--authorized-key', 'key.pub'), /configured/);
});

t.test('the program, alone in a directory', async t => {
  const { at } = prepare(t, { 'host.json': JSON.stringify(configuration), 'bad.json': '[' });
  await bundleProgram(at('dabei-image.mjs'));
  const run = (...argv: string[]) => {
    const { stdout, stderr, status } = spawnSync(at('dabei-image.mjs'), argv, { encoding: 'utf8' });
    return { stdout, stderr, status };
  };
  t.match(run('--help'), { status: 0, stdout: /^usage: dabei-image customize FILE/ });
  // Operators have machines for which there is no image.
  const elsewhere = "data:text/javascript,Object.defineProperty(process, 'arch', { value: 'riscv64' })";
  const onRiscv = spawnSync(process.execPath, ['--import', elsewhere, at('dabei-image.mjs'), '--help']);
  t.equal(onRiscv.status, 0, onRiscv.stderr.toString());
  t.match(run('customize', at('x.iso'), at('host.json')), { status: 0, stdout: /x\.iso: configured\n/ });
  t.match(run('customize', at('x.iso'), '--show'), { status: 0, stdout: /^host name: web-01$/m });
  t.match(run('customize', at('x.iso'), at('bad.json')), {
    status: 1,
    stderr: /^error CONFIG_JSON: .*bad\.json:1:2: .*\n {2}next: /,
  });
  const wrong: [argv: string[], problem: RegExp][] = [
    [['write'], /there is no command write/],
    [['customize'], /needs the file of a medium/],
    [['customize', 'x.iso'], /give a configuration/],
    [['customize', 'x.iso', 'a', 'b'], /unexpected: b/],
    [['customize', 'x.iso', 'a', '--clear'], /--clear takes nothing but the medium/],
    [['customize', 'x.iso', '--show', '--clear'], /exclude each other/],
    [['customize', 'x.iso', '--shwo'], /--shwo/],
  ];
  for (const [argv, problem] of wrong)
    t.match(run(...argv), { status: 2, stderr: new RegExp(`^error USAGE: .*${problem.source}`) });
});
