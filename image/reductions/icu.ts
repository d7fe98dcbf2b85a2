import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { tool } from '../lib/crossing.ts';
import { runIn } from '../lib/host.ts';
import { runTarget } from '../debian/emulator.ts';
import type { Packages } from '../debian/packages.ts';
import { CannotReduce } from './fallbacks.ts';
import { target } from '../lib/target.ts';

/**
 * Reduces ICU's data to what Node needs to start and to format English. Debian's libicudata has 32 MB, a fifth of the
 * whole root; nearly all of it is names in 500 languages.
 */

/** Items to keep, by name in the archive (icupkg(8) --list). */
const kept: readonly RegExp[] = [
  // Number, date and list formats; plural rules; what "en" falls back to.
  /^(root|en|en_US|res_index|supplementalData|numberingSystems|plurals|pluralRanges|dayPeriods|likelySubtags|keyTypeData)\.res$/,
  /^(icustd|icuver|metadata|langInfo|timezoneTypes|metaZones|zoneinfo64|currencyNumericCodes)\.res$/,
  /^(curr|zone)\/(root|en|en_US|res_index|pool|supplementalData)\.res$/,
  // Unicode: properties, normalisation (host names are IDN), case, collation, converters' names.
  /^(pool|grammaticalFeatures|genderList)\.res$/,
  /^(?!unames).*\.(icu|nrm)$/,
  /^coll\/(root|en|res_index|ucadata)\.(res|icu)$/,
];

/** Uses each kind of data that Node reads; if one is missing, Node ends with "out of memory". */
const trial = `
  const date = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'long', timeZone: 'Europe/Zurich' });
  const words = ['b', 'ä', 'a'].sort(new Intl.Collator('en').compare);
  const host = new URL('http://MÜNCHEN.example/').host;
  const number = (1234567.5).toLocaleString('en') + new Intl.PluralRules('en').select(1);
  console.log([date.format(0), words, host, number, 'Å'.normalize('NFD').length].join(' '));`;
const trialResult = 'January 1, 1970 at 1:00:00 AM GMT+1 a,ä,b xn--mnchen-3ya.example 1,234,567.5one 2';

/** @param toolchain with a compiler for the target */
export async function trimIcu(
  toolchain: Packages,
  packages: Packages,
  emulator: Packages | null,
): Promise<Built> {
  const recipe = ['icu 2', trial, kept.map(String).join(), toolchain, packages];
  return cached('icu', recipe, async directory => {
    const library = files.list(join(packages.path, target.libraries)).find(isIcuData);
    if (library === undefined)
      throw new CannotReduce('looking for ICU data', 'libicudata is not among the unpacked packages');
    const version = /\.so\.(\d+)/.exec(library)?.[1];
    const run = (doing: string, argv: readonly string[]) =>
      runIn({
        doing,
        root: toolchain.path,
        mounts: { '/build': directory, '/libraries': join(packages.path, target.libraries) },
        argv: ['env', '--chdir=/build', ...argv],
        timeoutSeconds: 300,
      });
    const data = `icudt${version}l.dat`;
    // The library has a single symbol, and its .rodata section is exactly the archive.
    await run('taking ICU data out of its library', [
      ...[tool('objcopy'), '--output-target=binary', '--only-section=.rodata', `/libraries/${library}`, data],
    ]);
    const listing = await run('listing ICU data', ['icupkg', '--list', data]);
    const items = listing.stdout.split('\n').filter(item => kept.some(pattern => pattern.test(item)));
    files.write(join(directory, 'kept.txt'), items.join('\n') + '\n');
    files.makeDirectory(join(directory, 'items'));
    await run('taking out ICU data', ['icupkg', '--extract', 'kept.txt', '--destdir', 'items', data]);
    // The archive's file name becomes part of every item's name, by which ICU looks items up.
    files.makeDirectory(join(directory, 'small'));
    await run('packing ICU data', [
      'icupkg',
      '--add',
      'kept.txt',
      '--sourcedir',
      'items',
      'new',
      `small/${data}`,
    ]);
    files.write(join(directory, 'data.S'), assembly(`icudt${version}_dat`, `small/${data}`));
    const soname = `libicudata.so.${version}`;
    const link = [
      tool('gcc'),
      '-shared',
      '-nostdlib',
      `-Wl,-soname,${soname}`,
      '-Wl,--build-id=none',
      '-o',
      soname,
      'data.S',
    ];
    await run('linking ICU data', link);
    for (const left of [data, 'small', 'data.S', 'kept.txt', 'items']) files.remove(join(directory, left));
    const { stdout } = await runTarget(emulator, {
      doing: 'formatting with the smaller ICU data',
      root: packages.path,
      mounts: { '/build': directory },
      argv: ['node', '--eval', trial],
      env: { LD_LIBRARY_PATH: '/build' },
      timeoutSeconds: 60,
    });
    if (stdout.trim() !== trialResult)
      throw new CannotReduce('formatting with the smaller ICU data', `the result is ${stdout.trim()}`);
  });
}

const isIcuData = (name: string): boolean => /^libicudata\.so\.\d+\.\d+$/.test(name);

/** udata.h: the archive must be aligned to 16 bytes. */
const assembly = (symbol: string, archive: string): string => `
.section .note.GNU-stack,"",@progbits
.section .rodata
.globl ${symbol}
.type ${symbol}, @object
.balign 16
${symbol}:
.incbin "${archive}"
.size ${symbol}, . - ${symbol}
`;
