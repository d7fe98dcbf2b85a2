import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mediumGuids } from '../../../../../agent/plan/disks/medium.ts';
import { BuildError } from '../../../../../image/lib/errors.ts';
import { dabeiImage } from '../../../../../image/media/reserved/command.ts';
import { findFatFile } from '../../../../../image/media/reserved/fat.ts';
import { findPartition } from '../../../../../image/media/reserved/gpt.ts';
import { findReserved } from '../../../../../image/media/reserved/medium-file.ts';
import { makeSmallIso, makeSmallRaw, mediaTools } from '../../../../support/small-media.ts';

/** `dabei-image` on a raw image, and on disks with one. */

t.setTimeout(300_000);
const tools = await mediaTools();
const img = await makeSmallRaw(tools, t.testdir({}));
const original = readFileSync(img);
const reader =
  (bytes: Buffer) =>
  (offset: number, length: number): Buffer =>
    bytes.subarray(offset, offset + length);
const { offset: esp } = findPartition(reader(original), mediumGuids.esp)!;
const reserved = findFatFile(reader(original), esp, 'dabei/reserved')!;

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me@laptop';
const host = {
  ...{ hostName: 'web-01', rootAuthorizedKeys: [key] },
  disks: { devices: [{ serial: 'target' }], key: 'correct horse battery staple' },
};

t.test('written, shown, cleared, also on a disk that is larger', async t => {
  const at = (name: string) => join(t.testdirName, name);
  t.testdir({ 'host.json': JSON.stringify(host) });
  copyFileSync(img, at('disk'));
  truncateSync(at('disk'), original.length + 100 * 2 ** 20);
  const run = (...argv: string[]) => dabeiImage(['customize', at('disk'), ...argv]).join('\n');
  t.match(run('--show'), /not configured; it starts a rescue system/);
  t.match(run(at('host.json')), /^mode: install\nhost name: web-01\nauthorized keys: 1$/m);
  t.match(run('--show'), /^host name: web-01$/m);
  const written = readFileSync(at('disk'));
  t.ok(written.subarray(reserved.offset, reserved.offset + reserved.bytes).includes('web-01'));
  for (const [from, to] of [
    [0, reserved.offset],
    [reserved.offset + reserved.bytes, original.length],
  ] as const)
    t.ok(written.subarray(from, to).equals(original.subarray(from, to)), 'nothing else is written');
  run('--clear');
  t.ok(readFileSync(at('disk')).subarray(0, original.length).equals(original), 'as it was built');
});

/** The image with some bytes changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(original);
  change(bytes);
  return bytes;
}

/** Where the directory entry of a short name is. */
const nameAt = (name: string) => original.indexOf(Buffer.from(name.padEnd(11), 'latin1'), esp);
const firstEntry = 2 * 512;
const tableStart = esp + original.readUInt16LE(esp + 14) * 512;
const clusterOf = (entry: number) =>
  original.readUInt16LE(entry + 20) * 0x10000 + original.readUInt16LE(entry + 26);
const reservedLink = tableStart + 4 * clusterOf(nameAt('RESERVED'));

t.test('what is not a raw image, or not whole', async t => {
  const rows: [name: string, bytes: Buffer, sectorBytes: number | null, code: string, problem: RegExp][] = [
    ['nothing', Buffer.alloc(0), null, 'MEDIUM_UNKNOWN', /neither an ISO 9660 image nor nix-dabei\.img/],
    ['zeros', Buffer.alloc(10 ** 6), null, 'MEDIUM_UNKNOWN', /neither/],
    [
      'a disk with another partition table',
      changed(bytes => bytes.fill(0x11, firstEntry + 128 + 16, firstEntry + 128 + 32)),
      ...([null, 'MEDIUM_UNKNOWN', /neither/] as const),
    ],
    [
      'a table with impossible numbers',
      changed(bytes => bytes.writeUInt32LE(2 ** 31, 512 + 80)),
      ...([null, 'MEDIUM_UNKNOWN', /neither/] as const),
    ],
    [
      'without its last byte',
      original.subarray(0, -1),
      null,
      'MEDIUM_TRUNCATED',
      /ends before its [\d,]+ bytes/,
    ],
    ['the first half', original.subarray(0, original.length / 2), null, 'MEDIUM_TRUNCATED', /ends before/],
    ['the table alone', original.subarray(0, 34 * 512), null, 'MEDIUM_TRUNCATED', /ends before/],
    [
      'sectors of 4096 bytes',
      original,
      4096,
      'MEDIUM_SECTORS',
      /sectors of 4096 bytes: firmware finds neither/,
    ],
    [
      'without a reserved file',
      changed(bytes => bytes.write('X', nameAt('RESERVED'))),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'another file system in the ESP',
      changed(bytes => bytes.fill(0, esp, esp + 512)),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'FAT16',
      changed(bytes => bytes.writeUInt16LE(512, esp + 17)),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'a reserved file in pieces',
      changed(bytes => bytes.writeUInt32LE(clusterOf(nameAt('RESERVED')) + 2, reservedLink)),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'a chain without an end',
      changed(bytes => bytes.writeUInt32LE(clusterOf(nameAt('RESERVED')), reservedLink)),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'a chain out of the table',
      changed(bytes => bytes.writeUInt32LE(0x0ffffff0, reservedLink)),
      ...([null, 'MEDIUM_UNKNOWN', /it has none/] as const),
    ],
    [
      'another length',
      changed(bytes => bytes.writeUInt32LE(4096, nameAt('RESERVED') + 28)),
      ...([null, 'MEDIUM_UNKNOWN', /it has 4096 bytes instead of 65536/] as const),
    ],
  ];
  for (const [name, bytes, sectorBytes, code, problem] of rows) {
    const found = findReserved(reader(bytes), 'x.img', sectorBytes);
    t.ok(found instanceof BuildError, name);
    t.match(found, { code, problem }, name);
  }
  t.same(findReserved(reader(original), 'x.img', 512), reserved);
  t.equal(findFatFile(reader(original), esp, 'dabei/reserved/x'), null, 'a file is not a directory');
  t.equal(findFatFile(reader(original), esp, 'dabei'), null, 'a directory is not a file');
});

t.test('the ISO on a disk with sectors of 4096 bytes, and on a CD', async t => {
  const iso = readFileSync(await makeSmallIso(tools, t.testdir({})));
  t.match(findReserved(reader(iso), 'x.iso', 4096), { code: 'MEDIUM_SECTORS' });
  t.notOk(findReserved(reader(iso), 'x.iso', 2048) instanceof Error);
  // An image is written over an earlier medium.
  const over = Buffer.from(iso);
  const larger = Buffer.concat([over, Buffer.alloc(Math.max(0, original.length - over.length))]);
  original.copy(larger);
  t.same(findReserved(reader(larger), 'x.img', 512), reserved);
});

t.test('the command refuses, and writes nothing', async t => {
  const file = join(t.testdir({ 'host.json': JSON.stringify(host) }), 'short.img');
  const half = original.subarray(0, original.length / 2);
  writeFileSync(file, half);
  for (const argv of [[join(t.testdirName, 'host.json')], ['--show'], ['--clear']])
    t.throws(() => dabeiImage(['customize', file, ...argv]), /ends before/);
  t.ok(readFileSync(file).equals(half));
});
