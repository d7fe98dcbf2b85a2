import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from '../build.ts';
import { media } from '../media/media.ts';
import { cacheDirectory } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout, requireRoot, run } from '../lib/host.ts';
import { note, step, tell } from '../lib/progress.ts';
import { target } from '../lib/target.ts';

/**
 * `npm run image:twice -- [--once] [--no-kernel] [--arch NAME]`: builds the image twice from scratch from the same Debian packages,
 * each time into an empty cache, and compares the results byte by byte. This takes an hour on two cores; with
 * --no-kernel, which takes the kernel from the cache, a quarter of that. With --once, the existing cache replaces the
 * first build: each entry in it was built from scratch, too (cache.ts).
 */

/** Fetched, not built: both builds start with the same. */
const fetched =
  /^(debian|((cross-)?toolchain|packages|(cross-)?library-tools|sysroot|emulator|media-tools|loader-modules|sources|installer|[a-z0-9-]+-source)-[0-9a-f]{20})$/;
const kernel = /^kernel-[0-9a-f]{20}$/;
const results = [
  target.kernel.image,
  'initrd',
  'dabei',
  'layout.json',
  'parts.json',
  ...media.flatMap(({ files }) => files),
];

async function buildFromScratch(name: string, keepKernel: boolean): Promise<string> {
  const cache = join(cacheDirectory, 'twice', name);
  files.remove(cache);
  files.makeDirectory(cache);
  const taken = (entry: string) => fetched.test(entry) || (keepKernel && kernel.test(entry));
  for (const entry of files.list(cacheDirectory).filter(taken))
    files.symlink(join(cacheDirectory, entry), join(cache, entry));
  await step(name, () =>
    run({
      doing: `building the image, ${name}`,
      argv: [
        ...[process.execPath, checkout('image/start.mjs'), checkout('image/build.ts'), '--cache-only'],
        ...['--arch', target.machine],
      ],
      cwd: checkout(),
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', DABEI_CACHE: cache },
      timeoutSeconds: 4 * 3600,
      onLine: note,
    }),
  );
  return cache;
}

/** The names of what this build built in a cache, without what it fetched or took from another cache. */
const builtIn = (cache: string): string[] =>
  files
    .list(cache)
    .filter(name => /-[0-9a-f]{20}$/.test(name) && files.kind(join(cache, name)) === 'directory');

/** SHA-256 of every file in these directories of a cache, by the file's name and that of its step. */
async function hashes(cache: string, directories: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const directory of directories) {
    for (const path of files.walk(join(cache, directory)).filter(path => files.kind(path) === 'file'))
      found.set(path.slice(cache.length + 1), await files.sha256(path));
  }
  return found;
}

requireRoot();
const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    'no-kernel': { type: 'boolean', default: false },
    // image/lib/target.ts
    arch: { type: 'string' },
  },
});
// Fetches missing packages first, so that both builds find the same ones.
await buildImage({ output: false });
const earlier = values.once ? cacheDirectory : await buildFromScratch('first build', values['no-kernel']);
const later = await buildFromScratch('second build', values['no-kernel']);
const first = await hashes(earlier, builtIn(values.once ? later : earlier));
const second = await hashes(later, builtIn(later));
const differing = [...new Set([...first.keys(), ...second.keys()])]
  .filter(name => first.get(name) !== second.get(name))
  .sort();
for (const name of differing) tell(`differs: ${name}`);
for (const [name, hash] of first) if (results.includes(name.split('/').at(-1)!)) tell(`${hash}  ${name}`);
tell(
  differing.length === 0
    ? `${first.size} files are identical in both builds`
    : `${differing.length} of ${first.size} files differ; both builds stay in ${join(cacheDirectory, 'twice')}`,
);
if (differing.length === 0) files.remove(join(cacheDirectory, 'twice'));
process.exitCode = differing.length === 0 ? 0 : 1;
