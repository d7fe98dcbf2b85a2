import { join } from 'node:path';
import * as clock from '../../agent/host/clock.ts';
import * as files from '../lib/files.ts';
import { run } from '../lib/host.ts';
import type { Plan, PoolFile } from './needs.ts';
import { poolPath } from './pool.ts';

/**
 * A local archive with exactly the packages of one plan, made from cached files. An installer that uses it needs no
 * network and cannot choose any other version.
 */

/**
 * @param directory to create
 * @param cache directory that contains the pool
 * @returns the line of sources.list(5) that names the archive
 */
export async function makeArchive(
  directory: string,
  plan: Plan,
  { cache, suite, architecture }: { cache: string; suite: string; architecture: string },
): Promise<string> {
  const index = `main/binary-${architecture}/Packages`;
  const debs = plan.items.flatMap(item => item.files);
  const packages = (await inBatches(debs, file => stanza(file, cache))).join('\n');
  const dist = join(directory, 'dists', suite);
  files.write(join(dist, index), packages);
  const sum = await files.sha256(join(dist, index));
  const release = [
    ...[`Codename: ${suite}`, `Suite: ${suite}`, 'Components: main', `Architectures: ${architecture}`],
    `Date: ${clock.now().toUTCString()}`,
    `SHA256:\n ${sum} ${files.sizeOf(join(dist, index))} ${index}\n`,
  ];
  files.write(join(dist, 'Release'), release.join('\n'));
  files.symlink(join(cache, 'pool'), join(directory, 'pool'));
  // The signed lists give the hash of every file here; copy: makes the files visible to dpkg inside the new root.
  return `deb [trusted=yes] copy:${directory} ${suite} main`;
}

/** The package's own paragraph, as in a Packages file. dpkg-deb(1) */
async function stanza(file: PoolFile, cache: string): Promise<string> {
  const path = poolPath(file);
  const { stdout } = await run({
    doing: `reading ${path}`,
    argv: ['dpkg-deb', '--field', join(cache, path)],
    timeoutSeconds: 60,
  });
  return `${stdout.trimEnd()}\nFilename: ${path}\nSize: ${file.size}\nSHA256: ${file.sha256}\n`;
}

/** Maps a few items at a time, and keeps the order of the input. */
async function inBatches<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += 8)
    results.push(...(await Promise.all(all.slice(at, at + 8).map(work))));
  return results;
}
