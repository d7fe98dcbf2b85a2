import t from 'tap';
import { elfClosure, parseElf, resolveInRoot } from '../../../../image/elf/elf.ts';

/** A 64-bit little-endian ELF file with one PT_LOAD over everything, and what `parseElf` reads. */
function makeElf(needs: {
  interpreter?: string;
  needed?: string[];
  runpath?: string;
  rpath?: string;
}): Buffer {
  const texts = [
    '',
    ...(needs.needed ?? []),
    needs.runpath ?? '',
    needs.rpath ?? '',
    needs.interpreter ?? '',
  ];
  const offsets: number[] = [];
  let strings = '';
  for (const text of texts) {
    offsets.push(strings.length);
    strings += `${text}\0`;
  }
  const stringsAt = 64 + 3 * 56;
  const at = (text: string) => offsets[texts.indexOf(text)]!;
  const dynamic: [number, number][] = (needs.needed ?? []).map(name => [1, at(name)]);
  if (needs.runpath) dynamic.push([29, at(needs.runpath)]);
  if (needs.rpath) dynamic.push([15, at(needs.rpath)]);
  // As if loaded at 0x400000: addresses are not offsets.
  dynamic.push([5, 0x400000 + stringsAt], [0, 0]);
  const dynamicAt = stringsAt + strings.length;
  const file = Buffer.alloc(dynamicAt + dynamic.length * 16);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeBigUInt64LE(64n, 0x20);
  file.writeUInt16LE(56, 0x36);
  const segments: [type: number, offset: number, size: number][] = [
    [1, 0, file.length],
    [2, dynamicAt, dynamic.length * 16],
  ];
  if (needs.interpreter) segments.push([3, stringsAt + at(needs.interpreter), needs.interpreter.length + 1]);
  file.writeUInt16LE(segments.length, 0x38);
  segments.forEach(([type, offset, size], index) => {
    const header = 64 + index * 56;
    file.writeUInt32LE(type, header);
    file.writeBigUInt64LE(BigInt(offset), header + 8);
    file.writeBigUInt64LE(BigInt(0x400000 + offset), header + 16);
    file.writeBigUInt64LE(BigInt(size), header + 32);
  });
  file.write(strings, stringsAt, 'latin1');
  dynamic.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + index * 16);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + index * 16 + 8);
  });
  return file;
}

const loader = '/lib64/ld.so';
const libraries = '/usr/lib/x86_64-linux-gnu';

t.test('the dynamic section', async t => {
  const rows: [string, Parameters<typeof makeElf>[0], ReturnType<typeof parseElf>][] = [
    [
      'program',
      { interpreter: loader, needed: ['liba.so.1', 'libc.so.6'] },
      { interpreter: loader, needed: ['liba.so.1', 'libc.so.6'], searchPath: [] },
    ],
    [
      'RUNPATH',
      { runpath: '$ORIGIN/../lib:/opt' },
      { interpreter: null, needed: [], searchPath: ['$ORIGIN/../lib', '/opt'] },
    ],
    ['RPATH', { rpath: '/opt' }, { interpreter: null, needed: [], searchPath: ['/opt'] }],
    [
      'RUNPATH wins over RPATH',
      { rpath: '/old', runpath: '/new' },
      { interpreter: null, needed: [], searchPath: ['/new'] },
    ],
  ];
  for (const [name, input, wanted] of rows) t.same(parseElf(makeElf(input)), wanted, name);
  const whole = makeElf({ needed: ['libc.so.6'] });
  t.throws(() => parseElf(whole.subarray(0, whole.length - 20)), RangeError, 'a file that is cut off');
});

t.test('closure', async t => {
  const root = t.testdir({
    lib64: t.fixture('symlink', 'usr/lib64'),
    bin: t.fixture('symlink', 'usr/bin'),
    opt: { own: { 'libown.so': makeElf({}) } },
    usr: {
      bin: {
        tool: makeElf({
          interpreter: loader,
          needed: ['liba.so.1', 'libown.so'],
          runpath: '$ORIGIN/../../opt/own',
        }),
        script: '#!/bin/sh -e\n',
        sh: makeElf({ interpreter: loader }),
        lost: makeElf({ needed: ['libgone.so'] }),
        circle: t.fixture('symlink', 'circle'),
      },
      lib64: { 'ld.so': t.fixture('symlink', '../lib/x86_64-linux-gnu/ld.so') },
      lib: {
        'x86_64-linux-gnu': {
          'ld.so': makeElf({}),
          'liba.so.1': t.fixture('symlink', 'liba.so.1.2'),
          'liba.so.1.2': makeElf({ needed: ['libb.so'] }),
          'libb.so': makeElf({ needed: ['liba.so.1'] }),
        },
      },
    },
  });
  const startup = [`${libraries}/ld.so`, '/usr/lib64/ld.so'];
  t.same(
    await elfClosure(root, ['/bin/tool']),
    [
      '/opt/own/libown.so',
      '/usr/bin/tool',
      ...[`${libraries}/ld.so`, `${libraries}/liba.so.1`, `${libraries}/liba.so.1.2`, `${libraries}/libb.so`],
      '/usr/lib64/ld.so',
    ],
    'links and their ends, directories resolved, own search path, libraries that need each other',
  );
  t.same(await elfClosure(root, ['/usr/bin/script']), ['/usr/bin/script', '/usr/bin/sh', ...startup].sort());
  t.same(await elfClosure(root, ['libb.so']), [
    `${libraries}/liba.so.1`,
    `${libraries}/liba.so.1.2`,
    `${libraries}/libb.so`,
  ]);
  await t.rejects(elfClosure(root, ['/usr/bin/lost']), /lost needs the library libgone\.so/);
  await t.rejects(elfClosure(root, ['/usr/bin/none']), /\/usr\/bin\/none is not a file/);
  await t.rejects(elfClosure(root, ['/usr/bin/circle']), /too many symbolic links/);
});

t.test('links are followed inside of the root', async t => {
  const root = t.testdir({
    etc: { alternatives: { editor: t.fixture('symlink', '/usr/bin/ed') } },
    usr: { bin: { editor: t.fixture('symlink', '/etc/alternatives/editor'), ed: '' } },
    up: t.fixture('symlink', '../../../usr'),
  });
  t.same(resolveInRoot(root, '/usr/bin/editor'), {
    real: '/usr/bin/ed',
    links: ['/usr/bin/editor', '/etc/alternatives/editor'],
  });
  t.same(resolveInRoot(root, '/up/bin/ed'), { real: '/usr/bin/ed', links: [] }, '.. ends at the root');
});
