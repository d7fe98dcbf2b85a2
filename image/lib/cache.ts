import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as files from './files.ts';
import { withLock } from './lock.ts';
import { step } from './progress.ts';
import type { PlannedStep } from '../time/forecast.ts';

/**
 * Long builds are kept outside of the checkout, under a key that hashes every input, so a clean clone finds them again
 * and nothing stale is ever used.
 *
 * INVARIANT: a directory `<name>-<key>` in the cache is complete. It is built beside its place and renamed into it,
 * so a build that was interrupted leaves nothing that looks finished.
 * INVARIANT: it is never changed afterwards. Of two builds at the same time, one builds it and the other waits.
 */

export const cacheDirectory = process.env['DABEI_CACHE'] ?? join(homedir(), '.cache', 'nix-dabei');

/** The kernel, the longest of all, takes an hour on one busy core. */
const lockSeconds = 3 * 3600;

/** A finished build: its directory, and its key for those that build on it. */
export interface Built {
  key: string;
  path: string;
}

/** Anything that decides what comes out: strings, earlier builds (by their key), file contents. */
export type Input = string | Built | { file: string };

let planned: PlannedStep[] | null = null;

/**
 * The steps that a build would take, in order, without taking any: inside of `build`, `cached` only looks whether a result is
 * there. Keys depend on keys and sources alone, so all of them are known beforehand.
 * @param build may look at no result of a step
 */
export async function planSteps(build: () => Promise<unknown>): Promise<PlannedStep[]> {
  const steps: PlannedStep[] = [];
  planned = steps;
  try {
    await build();
  } finally {
    planned = null;
  }
  return steps;
}

/**
 * Builds into an empty directory, or finds what an earlier run built from the same inputs.
 * @param name what it is, for people: part of the directory's name and of the progress line
 * @param inputs everything that the result depends on, the version of the recipe included
 */
export async function cached(
  name: string,
  inputs: readonly Input[],
  build: (directory: string) => Promise<void>,
): Promise<Built> {
  const key = keyOf(inputs);
  const path = entryPath(name, key);
  if (planned !== null) {
    planned.push({ name, isCached: files.exists(path) });
    return { key, path };
  }
  if (files.exists(path)) return { key, path };
  const lock = join(cacheDirectory, '.locks', `${name}-${key}`);
  await withLock(lock, name, lockSeconds, async () => {
    // Whoever held the lock before may have built it.
    if (files.exists(path)) return;
    const building = `.building-${name}-${key}`;
    const fresh = join(cacheDirectory, `${building}-${process.pid}`);
    // Left by builds that were killed.
    for (const left of files.list(cacheDirectory).filter(entry => entry.startsWith(`${building}-`))) {
      const alive = files.exists(join('/proc', left.slice(building.length + 1)));
      if (!alive || join(cacheDirectory, left) === fresh) files.remove(join(cacheDirectory, left));
    }
    files.makeDirectory(fresh);
    try {
      await step(name, () => build(fresh), join(cacheDirectory, 'logs', `${name}-${key}.log`));
    } catch (error) {
      files.remove(fresh);
      throw error;
    }
    files.rename(fresh, path);
  });
  return { key, path };
}

/** Where an entry of the cache lies once it is complete. */
export const entryPath = (name: string, key: string): string => join(cacheDirectory, `${name}-${key}`);

/** 80 bits of the SHA-256 over all inputs, each with its length before it. */
export function keyOf(inputs: readonly Input[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const value =
      typeof input === 'string' ? input : 'key' in input ? input.key : files.readBytes(input.file);
    hash.update(`${Buffer.byteLength(value)}:`).update(value);
  }
  return hash.digest('hex').slice(0, 20);
}

/**
 * All files below a directory of the checkout, as inputs, in a fixed order.
 * @param without names below it that do not count, such as "bundle/"
 */
export function tree(directory: string, without: readonly string[] = []): Input[] {
  return files
    .walk(directory)
    .filter(path => !without.some(name => path.startsWith(join(directory, name))))
    .flatMap(path => [path.slice(directory.length), { file: path }]);
}
