import t from 'tap';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gnuHashTable, relrTable, sysvHash } from '../../../../image/elf/hash.ts';
import { parseImage, type Symbol } from '../../../../image/elf/tables.ts';
import { slim } from '../../../../image/elf/slim-elf.ts';

/** As the loader reads DT_RELR (glibc, elf/dynamic-link.h). */
function decodeRelr(table: Buffer): number[] {
  const found: number[] = [];
  let base = 0;
  for (let at = 0; at < table.length; at += 8) {
    const word = table.readBigUInt64LE(at);
    if ((word & 1n) === 0n) {
      found.push(Number(word));
      base = Number(word) + 8;
      continue;
    }
    for (let bit = 0; bit < 63; bit++) if ((word >> BigInt(bit + 1)) & 1n) found.push(base + bit * 8);
    base += 63 * 8;
  }
  return found;
}

t.test('relative relocations as bitmaps', t => {
  const cases: Record<string, number[]> = {
    none: [],
    one: [0x1000],
    'a row': Array.from({ length: 200 }, (_, index) => 0x2000 + index * 8),
    'with holes, not in order, not a multiple of 8 apart': [
      0x5000, 0x3000, 0x3008, 0x3014, 0x4ff8, 0x31f8, 0x3200,
    ],
    'the last bit of a word and the next word': [0x1000, 0x1008 + 62 * 8, 0x1008 + 63 * 8],
  };
  for (const [name, offsets] of Object.entries(cases))
    t.same(
      decodeRelr(relrTable(offsets)),
      [...offsets].sort((a, b) => a - b),
      name,
    );
  t.end();
});

t.test('hash of version names', t => {
  // The value that binutils writes for the version of the C library's first x86-64 release.
  t.equal(sysvHash('GLIBC_2.2.5'), 0x09691a75);
  t.end();
});

t.test('own symbols come last, in the order of their buckets', t => {
  const symbol = (name: string, section: number): Symbol => ({ name, section, type: 2, value: 0n, size: 0 });
  const stay = ['', 'malloc', 'own_a', 'free', 'own_b', 'own_c'].map((name, index) => ({
    index,
    symbol: symbol(name, name.startsWith('own') ? 7 : 0),
  }));
  const { table, order } = gnuHashTable(stay);
  t.same(order.slice(0, 3), [0, 1, 3]);
  t.same([...order.slice(3)].sort(), [2, 4, 5]);
  t.equal(table.readUInt32LE(4), 3, 'the first hashed symbol');
  t.equal(table.readUInt32LE(table.length - 4) & 1, 1, 'the last one ends its chain');
  t.end();
});

const program = '/usr/bin/ls';
t.test('a program of this machine runs with its libraries made smaller', t => {
  const directory = t.testdir({ lib: {} });
  const all = { keep: () => true, withoutUnwinding: true };
  const smaller = slim(readFileSync(program), all);
  t.ok(smaller.length < readFileSync(program).length);
  writeFileSync(join(directory, 'ls'), smaller);
  chmodSync(join(directory, 'ls'), 0o755);
  const asked = new Set(parseImage(readFileSync(program))!.symbols.map(({ name }) => name));
  const loaded = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(lib\S+) => (\/\S+)/g);
  for (const [, name = '', path = ''] of loaded) {
    if (/^(libc|ld-linux)/.test(name)) continue;
    const library = readFileSync(realpathSync(path));
    // What its symbols are, the next library may ask for; those of the program are what counts here.
    const keep = (symbol: string) => asked.has(symbol) || !name.startsWith('libselinux');
    writeFileSync(join(directory, 'lib', name), slim(library, { keep, withoutUnwinding: true }));
  }
  const env = { LD_LIBRARY_PATH: join(directory, 'lib'), LD_BIND_NOW: '1' };
  const run = (path: string) => execFileSync(path, ['-ld', '/'], { encoding: 'utf8', env });
  t.equal(run(join(directory, 'ls')), run(program));
  t.end();
});

t.test('what is no program is refused', t => {
  t.throws(
    () => slim(Buffer.alloc(128), { keep: () => true, withoutUnwinding: false }),
    /not a program or library/,
  );
  t.end();
});
