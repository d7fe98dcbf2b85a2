import { join } from 'node:path';
import t from 'tap';
import { fillWithForeignBytes, hashDisk, makeDisk, searchDisk, writeAt } from '../../../vm/harness/disk.ts';

const chunk = 4 * 2 ** 20;

t.test('what is searched is found anywhere, across the edges of what is read at once too', async t => {
  const file = join(t.testdir(), 'disk.raw');
  const needle = Buffer.from('correct horse');
  for (const offset of [0, 5000, chunk - 6, 2 * chunk - 1, 3 * chunk, -needle.length]) {
    makeDisk(file, 16);
    writeAt(file, offset, needle);
    t.same(await searchDisk(file, { needle, other: Buffer.from('battery') }), ['needle'], `at ${offset}`);
  }
  makeDisk(file, 16);
  t.same(await searchDisk(file, { needle }), []);
  writeAt(file, chunk, needle.subarray(0, -1));
  t.same(await searchDisk(file, { needle }), [], 'a part of it is not it');
});

t.test('one changed byte changes the hash', async t => {
  const file = join(t.testdir(), 'disk.raw');
  makeDisk(file, 9);
  const larger = await hashDisk(file);
  makeDisk(file, 8);
  const empty = await hashDisk(file);
  t.not(empty, larger, 'the size counts');
  t.equal(await hashDisk(file), empty);
  fillWithForeignBytes(file);
  const filled = await hashDisk(file);
  t.not(filled, empty);
  writeAt(file, -1, Buffer.from([0]));
  t.not(await hashDisk(file), filled);
  const hashes = new Set<string>();
  for (const offset of [0, chunk]) {
    makeDisk(file, 8);
    writeAt(file, offset, Buffer.from('text'));
    hashes.add(await hashDisk(file));
  }
  t.equal(hashes.size, 2, 'the place counts');
});
