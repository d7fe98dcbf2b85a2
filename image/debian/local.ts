import { join } from 'node:path';
import * as clock from '../../agent/host/clock.ts';
import * as files from '../lib/files.ts';
import { run } from '../lib/host.ts';
import type { Plan, PoolFile } from './needs.ts';
import { poolPath } from './pool.ts';
import { arch } from '../../agent/arch.ts';

/**
 * An archive with exactly the packages of one plan, out of files in the cache: whatever installs from it can choose nothing
 * else and needs no network.
 */

/**
 * @param directory is made
 * @param cache that the pool lies in
 * @returns the line of sources.list(5) that names the archive
 */
export async function makeArchive(
  directory: string,
  plan: Plan,
  { cache, suite }: { cache: string; suite: string },
): Promise<string> {
  const index = `main/binary-${arch.debian}/Packages`;
  const debs = plan.items.flatMap(item => item.files);
  const packages = (await inBatches(debs, file => stanza(file, cache))).join('\n');
  const dist = join(directory, 'dists', suite);
  files.write(join(dist, index), packages);
  const sum = await files.sha256(join(dist, index));
  const release = [
    ...[`Codename: ${suite}`, `Suite: ${suite}`, 'Components: main', `Architectures: ${arch.debian}`],
    `Date: ${clock.now().toUTCString()}`,
    `SHA256:\n ${sum} ${files.sizeOf(join(dist, index))} ${index}\n`,
  ];
  files.write(join(dist, 'Release'), release.join('\n'));
  files.symlink(join(cache, 'pool'), join(directory, 'pool'));
  // Its files are what signed lists name, by their hash; copy: puts them where dpkg in the new root sees them.
  return `deb [trusted=yes] copy:${directory} ${suite} main`;
}

/** Of a Packages file, from the package itself. dpkg-deb(1) */
async function stanza(file: PoolFile, cache: string): Promise<string> {
  const path = poolPath(file);
  const { stdout } = await run({
    doing: `reading ${path}`,
    argv: ['dpkg-deb', '--field', join(cache, path)],
    timeoutSeconds: 60,
  });
  return `${stdout.trimEnd()}\nFilename: ${path}\nSize: ${file.size}\nSHA256: ${file.sha256}\n`;
}

/** A few at a time, in the order of the input. */
async function inBatches<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += 8)
    results.push(...(await Promise.all(all.slice(at, at + 8).map(work))));
  return results;
}
