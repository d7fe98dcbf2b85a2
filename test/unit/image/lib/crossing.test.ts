import t from 'tap';
import { rowOf } from '../../../../agent/arch.ts';
import { commandFor, environmentFor, toolFor } from '../../../../image/lib/crossing.ts';
import { rebuiltSources } from '../../../../image/reductions/libraries.ts';
import { staticPrograms } from '../../../../image/reductions/programs.ts';

/** Commands of recipes, where they are for another architecture. */

const row = rowOf('arm64');
const compiler = 'aarch64-linux-gnu-gcc --sysroot=/sysroot';
const cmake = [
  ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
  ...['-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc', '-DCMAKE_SYSROOT=/sysroot'],
  ...['-DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER', '-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY'],
  '-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY',
];

t.test('commands of another architecture', async t => {
  const worlds: [name: string, argv: string[], crossed: string[]][] = [
    ['autoconf', ['./configure', '--quiet'], ['./configure', '--host=aarch64-linux-gnu', '--quiet']],
    [
      'autoconf with variables',
      ['env', 'CFLAGS=-Os', 'LDFLAGS=-static', './configure', '--quiet'],
      ['env', 'CFLAGS=-Os', 'LDFLAGS=-static', './configure', '--host=aarch64-linux-gnu', '--quiet'],
    ],
    ['a ./configure that is not of autoconf', ['sh', './configure'], ['sh', './configure']],
    ['cmake', ['cmake', '-B', 'build'], ['cmake', ...cmake, '-B', 'build']],
    [
      'cmake with variables',
      ['env', 'CFLAGS=-Os', 'cmake', '-B', 'b'],
      ['env', 'CFLAGS=-Os', 'cmake', ...cmake, '-B', 'b'],
    ],
    ['make', ['make', '-C', 'lib'], ['make', '-C', 'lib', `CC=${compiler}`]],
    [
      'make with variables',
      ['env', 'CFLAGS=-Os', 'make', 'all'],
      ['env', 'CFLAGS=-Os', 'make', 'all', `CC=${compiler}`],
    ],
    ['anything else', ['sed', '-i', 's/make/x/', 'Makefile'], ['sed', '-i', 's/make/x/', 'Makefile']],
  ];
  for (const [name, argv, crossed] of worlds) {
    t.strictSame(commandFor(row, argv), crossed, name);
    t.equal(commandFor(null, argv), argv, `${name}: as it is, on the target itself`);
  }
});

t.test('every recipe compiles with the cross compiler', async t => {
  for (const { source, commands } of [...rebuiltSources, ...staticPrograms]) {
    const crossed = commands.map(argv => commandFor(row, argv));
    t.ok(
      crossed.some(argv => argv.includes(`CC=${compiler}`)),
      `${source}: make`,
    );
    const configures = commands.some(argv => argv.includes('cmake') || argv.includes('./configure'));
    t.equal(configures, true, `${source} is configured`);
    const told = crossed.some(argv => argv.includes('--host=aarch64-linux-gnu') || argv.includes(cmake[0]!));
    // iproute2 reads the compiler from its environment.
    t.equal(told, source !== 'iproute2', `${source}: ./configure`);
  }
});

t.test('names of programs, and variables', async t => {
  t.equal(toolFor(row, 'strip'), 'aarch64-linux-gnu-strip');
  t.equal(toolFor(null, 'strip'), 'strip');
  t.strictSame(environmentFor(null), {});
  t.strictSame(environmentFor(row), {
    CC: compiler,
    AR: 'aarch64-linux-gnu-ar',
    PKG_CONFIG_LIBDIR: '/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:/sysroot/usr/share/pkgconfig',
    PKG_CONFIG_SYSROOT_DIR: '/sysroot',
  });
});
