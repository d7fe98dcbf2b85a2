import { entryPath, keyOf } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import type { Kind } from './archives.ts';
import type { Listed } from './control.ts';

/** What a build needs of Debian, and what was found for it. Both are data: printed, compared, written into the lock file. */

export interface PackageSet {
  name: string;
  packages: readonly string[];
  /** extract: files only. apt: a working system with its maintainer scripts run, in which programs are built. */
  variant: 'extract' | 'apt';
  /** Debian release; without it the image's own. */
  release?: string;
}

export type Need =
  /** Packages with everything that they depend on. */
  | { kind: 'set'; set: PackageSet; release: string }
  /** Single packages; of Debian's installer, or of a release. */
  | { kind: 'packages'; name: string; names: readonly string[]; release: string; installer: boolean }
  | { kind: 'source'; name: string; release: string };

/** A file of an archive's pool. */
export interface PoolFile extends Omit<Listed, 'path'> {
  /** Where it lies: the same bytes, one place for each list that names them. */
  at: readonly { kind: Kind; path: string }[];
}

/** One version of one package or source. */
export interface Item {
  name: string;
  version: string;
  files: readonly PoolFile[];
}

export interface Plan {
  items: readonly Item[];
  /** What the key of the result hashes: of a set, what an installation of its packages alone would bring. */
  versions: Readonly<Record<string, string>>;
  /** For people: what is in it instead of what the lists name first. */
  warnings: readonly string[];
}

/** Names a need in the lock file and in messages. */
export function idOf(need: Need): string {
  if (need.kind === 'set') return `set ${need.set.name}`;
  return need.kind === 'packages' ? `packages ${need.name}` : `source ${need.release} ${need.name}`;
}

/** Name in the cache, and everything that the unpacked result depends on. */
export function entryOf(need: Need, { versions }: Plan): { name: string; recipe: string[] } {
  switch (need.kind) {
    case 'set': {
      const { name, variant } = need.set;
      return {
        name,
        recipe: [`unpack 1 ${variant} ${need.release} main,contrib`, JSON.stringify(versions)],
      };
    }
    case 'packages':
      return { name: need.name, recipe: ['unpackAlone 1', JSON.stringify(versions)] };
    case 'source':
      return {
        name: `${need.name}-source`,
        // Without its epoch, which no file name has.
        recipe: ['unpackSource 1', need.name, (versions[need.name] ?? '').replace(/^\d+:/, '')],
      };
  }
}

/** An earlier run has unpacked it. */
export function isUnpacked(need: Need, plan: Plan): boolean {
  const { name, recipe } = entryOf(need, plan);
  return files.exists(entryPath(name, keyOf(recipe)));
}
