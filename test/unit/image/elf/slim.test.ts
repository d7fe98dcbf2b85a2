import t from 'tap';
import { copyFileSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireSamePrograms } from '../../../../image/elf/check.ts';
import { LinkedSet } from '../../../../image/elf/bind.ts';
import { elfClosure } from '../../../../image/elf/elf.ts';
import { dt, parseImage, type Image, type Symbol } from '../../../../image/elf/tables.ts';
import * as files from '../../../../image/lib/files.ts';
import { namesDefinedTwice, namesLookedUp, slimPrograms } from '../../../../image/elf/slim.ts';

const symbol = (name: string, section = 7): Symbol => ({ name, section, type: 2, value: 0n, size: 0 });

t.test('a name that two files define stays where they can meet', t => {
  const files = {
    '/program': { soname: null, scope: ['/program', '/liba'], defines: ['override', 'unmet'] },
    '/liba': { soname: 'liba', scope: ['/liba'], defines: ['override', 'own', 'inline'] },
    '/libb': { soname: 'libb', scope: ['/libb'], defines: ['unmet', 'inline', 'asked'] },
    '/libc': { soname: 'libc', scope: ['/libc'], defines: [], asks: ['asked'] },
  };
  const symbols = new Map(
    Object.entries(files).map(([path, { defines, ...rest }]) => [
      path,
      [
        ...defines.map(name => symbol(name)),
        ...('asks' in rest ? rest.asks : []).map(name => symbol(name, 0)),
      ],
    ]),
  );
  const linked = {
    file: (path: string) => files[path as keyof typeof files],
    scope: (path: string) => files[path as keyof typeof files].scope,
  } as unknown as LinkedSet;
  t.same([...namesDefinedTwice(symbols, linked)].sort(), ['inline', 'override']);
  t.end();
});

t.test('names that stand as texts in a file that calls dlsym', t => {
  const definitions = ['whole', 'ends_so', 'inside', 'of_its_own'].map(name => symbol(name));
  const rows: [name: string, asks: string, text: string, found: string[]][] = [
    ['a text', 'dlsym', 'x\0whole\0', ['whole']],
    ['the end of a longer text', 'dlvsym', 'this ends_so\0it_ends_so\0', ['ends_so']],
    ['no end', 'dlsym', 'inside_of\0', []],
    ['without dlsym', 'malloc', 'whole\0', []],
    ['defined by that file alone', 'dlsym', 'of_its_own\0', []],
  ];
  const program = files.readBytes('/usr/bin/ls');
  for (const [name, asks, text, wanted] of rows) {
    // Only its sections matter: the texts lie behind them.
    const file = Buffer.concat([program, Buffer.from(`\0${text}`)]);
    const symbols = new Map([
      ['/asking', [symbol(asks, 0), symbol('of_its_own')]],
      ['/library', definitions.slice(0, 3)],
    ]);
    t.same([...namesLookedUp(new Map([['/asking', file]]), symbols)], wanted, name);
  }
  t.end();
});

const program = '/usr/bin/ls';
t.test('programs made smaller', async t => {
  const root = t.testdir({});
  for (const path of await elfClosure('', [program])) {
    mkdirSync(dirname(root + path), { recursive: true });
    copyFileSync(realpathSync(path), root + path);
  }
  const originals = new Map(
    files
      .walk(join(root, 'usr'))
      .map(path => [path.slice(root.length), files.readBytes(path)] as [string, Buffer]),
  );
  slimPrograms(root);
  const library = [...originals.keys()].find(path => /\/libpcre2-8\.so/.test(path));
  if (library === undefined) throw new Error('ls needs no library to break');
  const smaller = files.readBytes(root + library);
  t.not(smaller.length, originals.get(library)!.length, 'smaller');

  const check = (change: (file: Buffer, image: Image) => void) => {
    const changed = Buffer.from(smaller);
    change(changed, parseImage(changed)!);
    const linked = (bytesOf: (path: string) => Buffer) => new LinkedSet(root, bytesOf);
    requireSamePrograms(
      originals,
      linked(path => originals.get(path)!),
      linked(path => (path === library ? changed : files.readBytes(root + path))),
      new Set(['pcre2_match_8', 'of nobody']),
    );
  };
  t.doesNotThrow(() => check(() => {}), 'as it is written');

  const at = (image: Image, tag: number) => image.offsetOf(image.tag(tag)!);
  const rows: [name: string, wrong: RegExp, change: (file: Buffer, image: Image) => void][] = [
    [
      'a word with another addend',
      /is .*libpcre2\S+ now/,
      (file, image) => {
        // The first entry of DT_RELR is an address.
        const place = image.offsetOf(Number(file.readBigUInt64LE(at(image, dt.relr))));
        file.writeBigUInt64LE(file.readBigUInt64LE(place) + 8n, place);
      },
    ],
    [
      'a word that is left out',
      /is no longer written/,
      (file, image) => {
        const last = at(image, dt.relr) + image.tag(dt.relrsz)! - 8;
        file.writeBigUInt64LE(1n, last);
      },
    ],
    [
      'a symbol that the hash table does not find',
      /pcre2_match_8 is no longer found[^]*pcre2_\w+ is defined nowhere/,
      (file, image) => {
        const table = at(image, dt.gnuHash);
        file.fill(0, table + 16, table + 16 + file.readUInt32LE(table + 8) * 8);
      },
    ],
    [
      'an unknown relocation',
      /libpcre2\S+: the relocation type 10 is not understood/,
      (file, image) => void file.writeUInt32LE(10, at(image, dt.rela) + 8),
    ],
    [
      'an unknown dynamic tag',
      /libpcre2\S+: the dynamic tag 0x7ffffffd is not understood/,
      (_, image) => {
        image.tags[0] = { tag: 0x7ffffffd, value: 0 };
        image.writeTags();
      },
    ],
    [
      'another order of starting',
      /its dynamic section has changed/,
      (_, image) => {
        image.setTag(12, 0x1000);
        image.writeTags();
      },
    ],
    [
      'the announcement of DT_RELR is missing',
      /wants version GLIBC_ABI_DT_RELX of libc\.so\.6/,
      file => void file.write('X', file.indexOf('GLIBC_ABI_DT_RELR') + 'GLIBC_ABI_DT_REL'.length),
    ],
    [
      'a changed byte of code',
      /libpcre2\S+: its \.text has changed/,
      file => {
        const { offset } = parseImage(originals.get(library)!)!.sections.get('.text')!;
        file.writeUInt8(file.readUInt8(offset) ^ 1, offset);
      },
    ],
    ['a changed program header', /its headers have changed/, file => void file.writeUInt8(7, 64 + 4)],
  ];
  if (!parseImage(smaller)!.bindsNow)
    rows.push([
      'jumps in another order, where they are bound when they are taken',
      /its dynamic section has changed/,
      (file, image) => {
        const [one, two] = [0, 24].map(distance => at(image, dt.jmprel) + distance) as [number, number];
        const first = Buffer.from(file.subarray(one, two));
        file.copyWithin(one, two, two + 24);
        first.copy(file, two);
      },
    ]);
  for (const [name, wrong, change] of rows) t.throws(() => check(change), { message: wrong }, name);
});
