import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BuildError } from './errors.ts';
import * as files from './files.ts';
import { withLock } from './lock.ts';
import { step } from './progress.ts';
import type { PlannedStep } from '../time/forecast.ts';

/**
 * Keeps results of long builds outside the checkout, under a key that hashes every input. A new clone finds them again,
 * and a stale result is never used.
 *
 * INVARIANT: a directory `<name>-<key>` in the cache is complete. The build creates it under another name and renames
 * it at the end, so an interrupted build leaves nothing that looks finished.
 * INVARIANT: it never changes afterwards. If two builds need it at the same time, one builds it and the other waits.
 */

export const cacheDirectory = process.env['DABEI_CACHE'] ?? join(homedir(), '.cache', 'nix-dabei');

/** The kernel takes longest: an hour on one busy core. */
const lockSeconds = 3 * 3600;

/** A finished build: its directory, and its key, which later builds hash. */
export interface Built {
  key: string;
  path: string;
}

/** Anything that affects the result: strings, earlier builds (by their key), file contents. */
export type Input = string | Built | { file: string };

let planned: PlannedStep[] | null = null;

/**
 * The steps that a build would take, in order, without taking any: inside `build`, `cached` only checks whether a
 * result exists. Keys depend only on other keys and on sources, so all of them are known in advance.
 * @param build must not read the result of a step
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
 * Builds into an empty directory, or returns what an earlier run built from the same inputs.
 * @param name for people: part of the directory's name and of the progress line
 * @param inputs everything that the result depends on, including the version of the recipe
 * @param resumes `build` accepts a directory that an earlier, interrupted call of it left behind; otherwise it gets an
 *   empty one. What is below `work` there is removed when it is done
 */
export async function cached(
  name: string,
  inputs: readonly Input[],
  build: (directory: string) => Promise<void>,
  { resumes = false } = {},
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
    // The previous holder of the lock may have built it.
    if (files.exists(path)) return;
    const building = `.building-${name}-${key}`;
    const fresh = join(cacheDirectory, `${building}-${process.pid}`);
    if (!resumes || !takeOver(building, fresh)) {
      removeLeft(building, fresh);
      files.makeDirectory(fresh);
    }
    if (resumes) files.write(join(fresh, bootMark), bootId());
    const whole = join(fresh, wholeMark);
    try {
      // Otherwise an earlier build was interrupted while it removed what it needed no more.
      if (!files.exists(whole))
        await step(name, () => build(fresh), join(cacheDirectory, 'logs', `${name}-${key}.log`));
    } catch (error) {
      // A program ran out of time or out of space; what it made before is as good as ever.
      const isKept = resumes && error instanceof BuildError && error.code === 'BUILD_STEP';
      if (!isKept) files.remove(fresh);
      throw error;
    }
    if (resumes) {
      files.write(whole, '');
      files.remove(join(fresh, work));
      for (const mark of [bootMark, wholeMark]) files.remove(join(fresh, mark));
    }
    files.rename(fresh, path);
  });
  return { key, path };
}

/** In a directory that can be taken over: which start of this machine it is from. */
const bootMark = '.boot-id';
/** In one whose build has ended. */
const wholeMark = '.whole';
/** Where a build that can be taken over has what nobody needs afterwards. */
export const work = 'work';

/** proc_sys_kernel(5), /proc/sys/kernel/random/boot_id */
const bootId = (): string => files.readText('/proc/sys/kernel/random/boot_id');

/**
 * Gives a directory of an interrupted build to this one. One from before the machine's last start does not count: files that
 * were written just before a power cut may be empty.
 * @returns whether there was one
 */
function takeOver(building: string, fresh: string): boolean {
  for (const left of leftBehind(building, fresh)) {
    if (files.readIfThere(join(left, bootMark)) !== bootId()) continue;
    files.rename(left, fresh);
    return true;
  }
  return false;
}

function removeLeft(building: string, fresh: string): void {
  for (const left of leftBehind(building, fresh)) files.remove(left);
}

/** Directories of builds that were killed, and of an earlier process with this one's number. */
function leftBehind(building: string, fresh: string): string[] {
  return files
    .list(cacheDirectory)
    .filter(entry => entry.startsWith(`${building}-`))
    .filter(entry => !files.exists(join('/proc', entry.slice(building.length + 1))))
    .map(entry => join(cacheDirectory, entry))
    .concat(files.exists(fresh) ? [fresh] : []);
}

/** Where an entry of the cache is once it is complete. */
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
 * @param without names below it to ignore, such as "bundle/"
 */
export function tree(directory: string, without: readonly string[] = []): Input[] {
  return files
    .walk(directory)
    .filter(path => !without.some(name => path.startsWith(join(directory, name))))
    .flatMap(path => [path.slice(directory.length), { file: path }]);
}
