import t from 'tap';
import { requireVermagic, vermagicOf } from '../../../../image/kernel/vermagic.ts';

/** As modpost writes it: texts of .modinfo that end with a NUL, the last word of vermagic with a space behind it. */
const module = (...texts: string[]) =>
  Buffer.from(`\x7fELF code\0${texts.map(text => `${text}\0`).join('')}symbols\0`);
const magic = '6.12.90-dabei SMP preempt mod_unload';
const own = module('license=GPL', `vermagic=${magic} `, 'name=loop');

t.test('what a module is built for', async t => {
  t.equal(vermagicOf(own), magic);
  t.equal(vermagicOf(Buffer.from(`\0vermagic=${magic}`)), magic, 'at the end of the file');
  t.equal(vermagicOf(module('license=GPL')), null);
  t.equal(vermagicOf(module('notvermagic=1')), null);
});

t.test('modules that the kernel would reject', async t => {
  t.doesNotThrow(() => requireVermagic(own, { zfs: module(`vermagic=${magic} `), spl: own }));
  const worlds: [name: string, others: Record<string, Buffer>, lines: string[]][] = [
    ['another release', { spl: own, zfs: module('vermagic=6.12.90 SMP ') }, ['  zfs: 6.12.90 SMP']],
    ['another architecture', { zfs: module(`vermagic=${magic} aarch64`) }, [`  zfs: ${magic} aarch64`]],
    ['none', { spl: module(), zfs: module() }, ['  spl: none', '  zfs: none']],
  ];
  for (const [name, others, lines] of worlds)
    t.throws(
      () => requireVermagic(own, others),
      { message: [`the kernel has the vermagic ${magic}, these modules another:`, ...lines].join('\n') },
      name,
    );
});
