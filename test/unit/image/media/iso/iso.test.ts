import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { runIn } from '../../../../../image/lib/host.ts';
import { earlyConfig, menu } from '../../../../../image/media/boot/grub.ts';
import { markPath, onMedium, volumeLabel } from '../../../../../image/media/boot/layout.ts';
import { kernelPath } from '../../../../../image/media/boot/of-target.ts';
import { variantsOn } from '../../../../../image/media/reserved/medium-file.ts';
import { findFile, readVolume } from '../../../../../image/media/reserved/iso9660.ts';
import { reservedBytes } from '../../../../../image/media/reserved/reserved-file.ts';
import { makeSmallIso, mediaTools } from '../../../../support/small-media.ts';

/** The medium, made by the same programs from a small kernel and a small initrd. */

t.setTimeout(300_000);
const tools = await mediaTools();
const directory = t.testdir({});
const file = await makeSmallIso(tools, `${directory}/first`);
const bytes = readFileSync(file);
const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
const volume = readVolume(read)!;
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const contentOf = (path: string) => {
  const found = findFile(read, volume, path);
  return found === null ? null : read(found.offset, found.bytes);
};

t.test('the same bytes again', async t => {
  // Names of other inode numbers, and another second of the clock.
  await new Promise(resolve => setTimeout(resolve, 1100));
  const again = await makeSmallIso(tools, `${directory}/second`);
  t.equal(sha256(readFileSync(again)), sha256(bytes));
});

t.test('what is on it', async t => {
  t.equal(volume.label, volumeLabel);
  t.equal(volume.bytes, statSync(file).size);
  t.equal(contentOf('dabei'), null, 'a directory is not a file');
  t.equal(contentOf(`${onMedium.menu}/x`), null);
  const initrd = contentOf(onMedium.initrd)!;
  t.equal(contentOf(onMedium.menu)?.toString(), menu('0.0.0', markPath(sha256(initrd)), 'iso'));
  t.equal(contentOf(markPath(sha256(initrd)))?.length, 0);
  const reserved = contentOf(onMedium.reserved)!;
  t.equal(reserved.length, reservedBytes);
  t.ok(reserved.every(byte => byte === 0));
});

t.test('a variant is a further initrd; everything else stays', async t => {
  const larger = readFileSync(await makeSmallIso(tools, `${directory}/tor`, ['tor']));
  const readLarger = (offset: number, length: number) => larger.subarray(offset, offset + length);
  const inside = readVolume(readLarger)!;
  const at = (path: string) => {
    const { offset, bytes } = findFile(readLarger, inside, path)!;
    return readLarger(offset, bytes);
  };
  t.strictSame(variantsOn(readLarger), ['tor']);
  t.strictSame(variantsOn(read), []);
  t.equal(inside.label, volumeLabel, 'dabei-image knows it');
  const lines = at(onMedium.menu)
    .toString()
    .match(/^ {2}initrd .*$/gm)!;
  t.equal(lines.length, 3);
  for (const line of lines)
    t.equal(line, `  initrd /${onMedium.initrd} /dabei/tor /${onMedium.reserved} newc:kernel:/${kernelPath}`);
  t.match(at(onMedium.sums).toString(), `${sha256(at('dabei/tor'))}  dabei/tor\n`);
  for (const path of [kernelPath, onMedium.initrd, onMedium.description, onMedium.reserved])
    t.ok(at(path).equals(contentOf(path)!), path);
  t.notMatch(contentOf(onMedium.menu)!.toString(), /tor/);
});

t.test('the sums for its check are right, and say nothing of the reserved file', async t => {
  const lines = contentOf(onMedium.sums)!.toString().trimEnd().split('\n');
  const rows = lines.map(line => line.split('  '));
  const summed = [kernelPath, onMedium.initrd, onMedium.description, onMedium.menu, onMedium.efiPartition];
  t.strictSame(
    rows.map(([, path]) => path),
    summed,
  );
  for (const [sum, path = ''] of rows) t.equal(sha256(contentOf(path)!), sum, path);
});

t.test('CD and stick, BIOS and UEFI', async t => {
  const mbr = read(0, 512);
  t.equal(mbr.readUInt16LE(510), 0xaa55);
  const types = [0, 1, 2, 3].map(index => mbr[446 + 16 * index + 4]);
  t.ok(types.includes(0xee), 'a protective partition (UEFI 2.10, 5.2.3)');
  t.ok(
    [0, 1, 2, 3].some(index => mbr[446 + 16 * index] === 0x80),
    'a partition is marked as bootable',
  );
  t.equal(read(512, 8).toString('latin1'), 'EFI PART');
  // The entries of the GPT; the type of an ESP (UEFI 2.10, table 5.7) in mixed endianness.
  const esp = '28732ac11ff8d211ba4b00a0c93ec93b';
  const table = read(512 * Number(read(512 + 72, 8).readBigUInt64LE()), 128 * 16);
  const entry = Array.from({ length: 16 }, (_, index) => table.subarray(128 * index, 128 * (index + 1))).find(
    each => each.toString('hex', 0, 16) === esp,
  )!;
  const efi = findFile(read, volume, onMedium.efiPartition)!;
  t.equal(Number(entry.readBigUInt64LE(32)) * 512, efi.offset, 'the partition is the file');
  t.equal(read(efi.offset + 510, 2).readUInt16LE(), 0xaa55, 'a FAT file system');

  // El Torito 1.0: the boot record is in sector 17; platform 0xef is UEFI's (UEFI 2.10, 13.3.2.1).
  const record = read(17 * 2048, 2048);
  t.equal(record.toString('latin1', 7, 30), 'EL TORITO SPECIFICATION');
  const catalogue = read(record.readUInt32LE(71) * 2048, 2048);
  t.equal(catalogue[1], 0, 'platform of the first image');
  t.equal(catalogue.readUInt32LE(32 + 8) * 2048, findFile(read, volume, onMedium.biosLoader)!.offset);
  t.equal(catalogue[64 + 1], 0xef, 'platform of the second one');
  t.equal(catalogue.readUInt32LE(96 + 8) * 2048, efi.offset);
});

t.test('GRUB can read its scripts', async t => {
  for (const [name, script] of Object.entries({
    menu: menu('0.0.0', 'dabei/id_0', 'iso'),
    early: earlyConfig('dabei/id_0'),
  })) {
    const mounts = { '/build': t.testdir({ script }) };
    const argv = ['grub-script-check', '/build/script'];
    await t.resolves(
      runIn({ doing: name, root: tools.programs.path, mounts, argv, timeoutSeconds: 60 }),
      name,
    );
  }
});

t.test('what the boot loader runs without its shell has no conditions', async t => {
  t.notMatch(earlyConfig('dabei/id_0'), /\b(if|then|fi)\b/);
});

t.test('every entry that starts the machine loads the reserved file after the initrd', async t => {
  const entries = menu('0.0.0', 'dabei/id_0', 'iso').match(/^ {2}(linux|initrd) .*$/gm) ?? [];
  t.equal(entries.length, 6);
  for (const line of entries.filter(line => line.startsWith('  initrd')))
    t.equal(line, '  initrd /dabei/initrd /dabei/reserved newc:kernel:/dabei/bzImage');
  for (const title of menu('1.0.0', 'dabei/id_0', 'iso').match(/"[^"]{10,}" \{/g) ?? [])
    t.ok(title.length < 76, title);
});
