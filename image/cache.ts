import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as files from './files.ts';
import { step } from './progress.ts';
import type { PlannedStep } from './time/forecast.ts';

/**
 * Long builds are kept outside of the checkout, under a key that hashes every input, so a clean clone finds them again
 * and nothing stale is ever used.
 *
 * INVARIANT: a directory `<name>-<key>` in the cache is complete. It is built beside its place and renamed into it,
 * so a build that was interrupted leaves nothing that looks finished.
 * INVARIANT: it is never changed afterwards, and two builds at the same time do not meet.
 */

export const cacheDirectory = process.env['DABEI_CACHE'] ?? join(homedir(), '.cache', 'nix-dabei');

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
  const path = join(cacheDirectory, `${name}-${key}`);
  if (planned !== null) {
    planned.push({ name, isCached: files.exists(path) });
    return { key, path };
  }
  if (!files.exists(path)) {
    const fresh = join(cacheDirectory, `.building-${name}-${key}-${process.pid}`);
    files.makeDirectory(fresh);
    try {
      await step(name, () => build(fresh), join(cacheDirectory, 'logs', `${name}-${key}.log`));
    } catch (error) {
      files.remove(fresh);
      throw error;
    }
    // Somebody else may have built the same at the same time.
    if (files.exists(path)) files.remove(fresh);
    else files.rename(fresh, path);
  }
  return { key, path };
}

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
