import { arch } from '../../agent/arch.ts';
import { BuildError, type Missing } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { target } from '../lib/target.ts';
import { idOf, type Need, type Plan } from './needs.ts';

/**
 * image/debian.lock.json: the versions and hashes that an image was built from. It reproduces the same bytes for as
 * long as the mirror has the files; its hashes replace the signed lists that they came from.
 */

export interface LockFile {
  version: 1;
  /** Debian's names of the architectures of the image and of the machine that built it; absent in files of version 0.2.0. */
  architectures?: readonly [image: string, machine: string];
  /** By the need's id; optional needs that the build did without are absent. */
  needs: Readonly<Record<string, Omit<Plan, 'warnings'>>>;
}

export const lockFilePath = checkout('image/debian.lock.json');

/** @throws BuildError LOCK_FILE */
export function readLockFile(path = lockFilePath): LockFile {
  const fail = (problem: string) =>
    new BuildError('LOCK_FILE', {
      doing: `reading ${path}`,
      problem,
      remedy: 'write it with npm run image -- --lock, or build without --locked',
    });
  if (!files.exists(path)) throw fail('there is no lock file');
  let read: LockFile;
  try {
    read = JSON.parse(files.readText(path)) as LockFile;
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
  if (read.version !== 1 || typeof read.needs !== 'object')
    throw fail('it is not a valid lock file of version 1');
  const { architectures = [arch.debian, arch.debian] } = read;
  if (architectures[0] !== target.debian || architectures[1] !== arch.debian)
    throw fail(`it is for an image for ${architectures[0]}, built on ${architectures[1]}`);
  return read;
}

/** Formats one item per line, so that diffs show changed versions clearly. */
export function formatLockFile(plans: ReadonlyMap<string, Plan>): string {
  const needs = [...plans].sort().map(([id, { items, versions }]) => {
    const lines = items.map(item => `        ${JSON.stringify(item)}`).join(',\n');
    return `    ${JSON.stringify(id)}: {\n      "items": [\n${lines}\n      ],\n      "versions": ${JSON.stringify(versions)}\n    }`;
  });
  const architectures = JSON.stringify([target.debian, arch.debian]);
  return `{\n  "version": 1,\n  "architectures": ${architectures},\n  "needs": {\n${needs.join(',\n')}\n  }\n}\n`;
}

/** @returns null for needs that the locked build did without */
export function planOf(lock: LockFile, need: Need): Plan | null {
  const found = lock.needs[idOf(need)];
  return found ? { ...found, warnings: [] } : null;
}

/** @throws BuildError LOCK_GONE naming everything that the mirror no longer has */
export function requireLocked(gone: readonly Missing[]): void {
  if (gone.length === 0) return;
  const lines = gone.flatMap(({ kind, name, version, tried }) => [
    `\n  ${kind} ${name} ${version}`,
    ...tried.map(line => `\n    tried ${line}`),
  ]);
  throw new BuildError('LOCK_GONE', {
    doing: 'fetching what the lock file names',
    problem: `${gone.length} of its versions are no longer available:${lines.join('')}`,
    remedy: "build without --locked, or lock today's versions with npm run image -- --lock",
  });
}
