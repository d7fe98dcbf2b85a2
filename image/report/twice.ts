import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from '../build.ts';
import { media } from '../media/media.ts';
import { cacheDirectory } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout, requireRoot, run } from '../lib/host.ts';
import { note, step, tell } from '../lib/progress.ts';
import { arch } from '../../agent/arch.ts';

/**
 * `npm run image:twice -- [--once] [--no-kernel]`: builds the image twice from scratch, from the same Debian packages, each
 * time into an empty cache, and compares what comes out byte by byte. Takes an hour on two cores; without the kernel, which
 * is then taken from the cache, a quarter of that. With --once what lies in the cache is the first build: each entry there
 * was made from scratch, too (cache.ts).
 */

/** What is fetched, not built: both builds start from the same. */
const fetched =
  /^(debian|(toolchain|packages|library-tools|sources|installer|[a-z0-9-]+-source)-[0-9a-f]{20})$/;
const kernel = /^kernel-[0-9a-f]{20}$/;
const results = [
  arch.kernel.image,
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
      argv: [process.execPath, checkout('image/start.mjs'), checkout('image/build.ts'), '--cache-only'],
      cwd: checkout(),
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', DABEI_CACHE: cache },
      timeoutSeconds: 4 * 3600,
      onLine: note,
    }),
  );
  return cache;
}

/** The names of what was built in a cache, not fetched or taken from another one. */
const builtIn = (cache: string): string[] =>
  files
    .list(cache)
    .filter(name => /-[0-9a-f]{20}$/.test(name) && files.kind(join(cache, name)) === 'directory');

/** SHA-256 of every file in these directories of a cache, by its name and that of the step that built it. */
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
  options: { once: { type: 'boolean', default: false }, 'no-kernel': { type: 'boolean', default: false } },
});
// Fetches what is not there yet, so that both builds find the same packages.
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
