import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mediumGuids } from '../../../../../agent/plan/disks/medium.ts';
import { requireHostPackages, runIn } from '../../../../../image/lib/host.ts';
import { menu } from '../../../../../image/media/boot/grub.ts';
import { markPath, onMedium } from '../../../../../image/media/boot/layout.ts';
import { efiLoaderPath, kernelPath } from '../../../../../image/media/boot/of-target.ts';
import { espSectorsFor } from '../../../../../image/media/raw/raw.ts';
import { findReserved } from '../../../../../image/media/reserved/medium-file.ts';
import { reservedBytes } from '../../../../../image/media/reserved/reserved-file.ts';
import { makeSmallRaw, mediaTools } from '../../../../support/small-media.ts';

/** The raw image, made by the same programs from a small kernel and a small initrd. */

t.setTimeout(300_000);
await requireHostPackages({ '/usr/sbin/sfdisk': 'fdisk', '/usr/sbin/fsck.vfat': 'dosfstools' });
const tools = await mediaTools();
const directory = t.testdir({});
const file = await makeSmallRaw(tools, `${directory}/first`);
const bytes = readFileSync(file);
const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const espOffset = 2048 * 512;

/** Reads a file by mtools: another program than the one that dabei-image reads it by. */
async function contentOf(path: string): Promise<Buffer> {
  const name = path.replaceAll('/', '_');
  await runIn({
    ...{
      doing: `reading ${path}`,
      root: tools.programs.path,
      mounts: { '/build': directory },
      timeoutSeconds: 60,
    },
    argv: [
      'mcopy',
      '-n',
      '-i',
      `/build/first/built/nix-dabei.img@@${espOffset}`,
      `::/${path}`,
      `/build/${name}`,
    ],
  });
  return readFileSync(join(directory, name));
}

t.test('the same bytes again', async t => {
  // Another second of the clock, in which FAT counts by two.
  await new Promise(resolve => setTimeout(resolve, 2100));
  const again = await makeSmallRaw(tools, `${directory}/second`);
  t.equal(sha256(readFileSync(again)), sha256(bytes));
});

t.test('another program reads the table, and finds both copies', async t => {
  interface Table {
    partitiontable: { label: string; partitions: Record<string, string | number>[] };
  }
  const { partitiontable } = JSON.parse(
    execFileSync('sfdisk', ['--json', file], { encoding: 'utf8' }),
  ) as Table;
  t.match(partitiontable, {
    label: 'gpt',
    partitions: [
      { start: 34, type: '21686148-6449-6E6F-744E-656564454649', uuid: mediumGuids.biosBoot.toUpperCase() },
      { start: 2048, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', uuid: mediumGuids.esp.toUpperCase() },
    ],
  });
  t.match(execFileSync('sfdisk', ['--verify', file], { encoding: 'utf8' }), /No errors detected/);
  const esp = join(directory, 'esp');
  writeFileSync(esp, bytes.subarray(espOffset, -33 * 512));
  execFileSync('fsck.vfat', ['-n', '-v', esp], { stdio: 'pipe' });
});

t.test('what is on it', async t => {
  const initrd = await contentOf(onMedium.initrd);
  t.equal((await contentOf(onMedium.menu)).toString(), menu('0.0.0', markPath(sha256(initrd)), 'img'));
  t.equal((await contentOf(markPath(sha256(initrd)))).length, 0);
  const sums = (await contentOf(onMedium.sums)).toString().trimEnd().split('\n');
  t.same(
    sums.map(line => line.split('  ')[1]),
    [kernelPath, onMedium.initrd, onMedium.description, onMedium.menu, efiLoaderPath],
    'not the reserved file',
  );
  for (const line of sums) {
    const [sum, path = ''] = line.split('  ');
    t.equal(sha256(await contentOf(path)), sum, path);
  }
});

t.test('BIOS finds code, and a partition that is marked', async t => {
  t.equal(bytes.readUInt16LE(510), 0xaa55);
  t.same(
    [0, 1, 2, 3].map(index => [bytes[446 + 16 * index], bytes[446 + 16 * index + 4]]),
    [
      [0, 0xee],
      [0x80, 0],
      [0, 0],
      [0, 0],
    ],
  );
  t.equal(bytes.readBigUInt64LE(0x5c), 34n, 'the core image');
  t.equal(bytes.readBigUInt64LE(34 * 512 + 500), 35n, 'its second sector');
  t.ok(bytes.readUInt16LE(34 * 512 + 508) > 10, 'and how many there are');
});

t.test('dabei-image finds the reserved file where another program finds it', async t => {
  const found = findReserved(read, file);
  if (found instanceof Error) throw found;
  t.equal(found.bytes, reservedBytes);
  t.ok(read(found.offset, found.bytes).every(byte => byte === 0));
  t.ok((await contentOf(onMedium.reserved)).every(byte => byte === 0));
  // Where it is, mtools shows by what it reads there.
  const changed = Buffer.from(bytes);
  changed.fill('dabei', found.offset, found.offset + found.bytes);
  const other = findReserved((offset, length) => changed.subarray(offset, offset + length), file);
  t.same(other, found);
});

t.test('the file system is as large as its files need', async t => {
  t.ok(espSectorsFor([], 1) > 65_525);
  const [kernel, initrd] = [4_200_000, 33_800_000];
  const sectors = espSectorsFor([kernel, initrd, 65536, 700_000], 3);
  t.ok(sectors * 512 - kernel - initrd < 1_600_000, `${sectors * 512 - kernel - initrd} bytes more`);
  t.equal(sectors % 64, 0);
});
