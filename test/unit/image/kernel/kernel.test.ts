import t from 'tap';
import { rows } from '../../../../agent/arch.ts';
import { configurationOf, requireSymbols, settings } from '../../../../image/kernel/kernel.ts';
import * as files from '../../../../image/lib/files.ts';
import { checkout } from '../../../../image/lib/host.ts';

const config = [
  'CONFIG_NET=y',
  'CONFIG_EXT4_FS=m',
  '# CONFIG_DEBUG_INFO is not set',
  'CONFIG_CMDLINE="a b"',
].join('\n');

t.test('symbols that hold', async t => {
  const asked = [
    'CONFIG_NET=y',
    'CONFIG_EXT4_FS=m',
    '# CONFIG_DEBUG_INFO is not set',
    '# CONFIG_GONE is not set',
  ];
  t.doesNotThrow(() => requireSymbols([...asked, 'CONFIG_CMDLINE="a b"', '# a comment'].join('\n'), config));
});

t.test('every symbol that does not hold is named', async t => {
  const asked = ['CONFIG_NET=n', 'CONFIG_EXT4_FS=y', 'CONFIG_LOST=m', 'CONFIG_DEBUG_INFO=y'].join('\n');
  const lines = [
    'these kernel symbols have another value after the merge:',
    '  CONFIG_NET: asked n, is y',
    '  CONFIG_EXT4_FS: asked y, is m',
    '  CONFIG_LOST: asked m, is n',
    '  CONFIG_DEBUG_INFO: asked y, is n',
  ];
  t.throws(() => requireSymbols(asked, config), { message: lines.join('\n') });
});

t.test('comments and blank lines name no other kernel', async t => {
  const said = settings(`# Of an earlier room.\n\n${config}\n# CONFIG_LATER is mentioned here\n`);
  t.equal(said, settings(config));
  t.equal(said, `${config}\n`);
  t.not(said, settings(config.replace('EXT4_FS=m', 'EXT4_FS=y')));
});

t.test('a symbol that a later line sets again has that value, and stands once', async t => {
  t.equal(settings('CONFIG_A=y\nCONFIG_B=m\nCONFIG_A=n\n'), '# CONFIG_A is not set\nCONFIG_B=m\n');
});

t.test("errors of ARM's server cores are mended", async t => {
  const { asked } = configurationOf({ machine: 'aarch64' });
  // Those of Neoverse N1, N2, V1, V2 and Cobalt that corrupt memory or hang (arch/arm64/Kconfig); allnoconfig leaves all of them out.
  for (const number of [1286807, 1463225, 1508412, 1542419, 3194386, 4118414])
    t.ok(asked.includes(`CONFIG_ARM64_ERRATUM_${number}=y\n`), String(number));
});

t.test('what each architecture asks for', async t => {
  for (const row of rows) {
    const { asked, others } = configurationOf(row);
    const names = asked.match(/CONFIG_\w+/g) ?? [];
    t.equal(new Set(names).size, names.length, `${row.machine}: each symbol once`);
    const line = (text: string) => asked.split('\n').includes(text);
    t.ok(line('CONFIG_EFI_STUB=y'), `${row.machine}: the common ones`);
    t.equal(line('CONFIG_EFI_ZBOOT=y'), row.kernel.zboot, `${row.machine}: an EFI program`);
    // kexec-pe-zboot.c of kexec-tools knows no other compression that this kernel has.
    t.equal(line('CONFIG_KERNEL_GZIP=y'), row.kernel.zboot, `${row.machine}: its compression`);
    for (const file of others)
      t.ok(asked.includes(`="${file.slice(file.lastIndexOf('/') + 1)}"`), `${file} is a value`);
    t.equal(asked.includes('"boot.bconf"'), others.length > 0, row.machine);
  }
});

t.test('the parameters that are built in are the same everywhere', async t => {
  const base = files.readText(checkout('kernel-config/base.config'));
  // A bootconfig sets no early parameter (init/main.c); this one has a symbol, too.
  t.match(base, /^CONFIG_PANIC_ON_OOPS=y$/m);
  const all = /^CONFIG_CMDLINE="(.+)"$/m.exec(base)?.[1]?.split(' ') ?? [];
  const words = all.filter(word => word !== 'oops=panic');
  t.ok(words.length > 0);
  const texts = files.walk(checkout('kernel-config')).filter(path => path.endsWith('.bconf'));
  t.ok(texts.length > 0);
  for (const path of texts) {
    const lines = files.readText(path).matchAll(/^kernel\.(\w+) = (\S+)$/gm);
    t.same(
      [...lines].map(([, name, value]) => `${name}=${value}`),
      words,
      path,
    );
  }
});
