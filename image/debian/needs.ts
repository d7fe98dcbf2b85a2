import { entryPath, keyOf } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import type { Kind } from './archives.ts';
import type { Listed } from './control.ts';

/**
 * What a build needs of Debian, and the plan that meets each need. Both are data: printed, compared, written into the
 * lock file.
 */

export interface PackageSet {
  name: string;
  packages: readonly string[];
  /** extract: files only. apt: a working system, with maintainer scripts run, in which programs are built. */
  variant: 'extract' | 'apt';
  /** Debian release; the default is the image's own. */
  release?: string;
  /** Debian's name of an architecture; the default is that of this machine. Of another one, programs cannot run: `extract`, or `unpackForeign`. */
  architecture?: string;
}

export type Need =
  /** Packages, with all their dependencies. */
  | { kind: 'set'; set: PackageSet; release: string }
  /** Single packages; of Debian's installer, of its firmware that is not free, or of a release. */
  | {
      kind: 'packages';
      name: string;
      names: readonly string[];
      release: string;
      installer: boolean;
      firmware?: true;
      architecture?: string;
    }
  | { kind: 'source'; name: string; release: string };

/** A file of an archive's pool. */
export interface PoolFile extends Omit<Listed, 'path'> {
  /** Where to fetch it: the same bytes, one address for each list that names them. */
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
  /** By package or source; for a set of packages, what installing only these packages would bring. */
  versions: Readonly<Record<string, string>>;
  /** For people: the differences from the first choice of the lists. */
  warnings: readonly string[];
}

/** Debian's name of the architecture that a need is of; undefined: this machine's own, or, of a source, none. */
export function architectureOf(need: Need): string | undefined {
  if (need.kind === 'source') return undefined;
  return need.kind === 'set' ? need.set.architecture : need.architecture;
}

/** Names a need in the lock file and in messages. */
export function idOf(need: Need): string {
  const architecture = architectureOf(need);
  const of = architecture === undefined ? '' : ` (${architecture})`;
  if (need.kind === 'set') return `set ${need.set.name}${of}`;
  return need.kind === 'packages' ? `packages ${need.name}${of}` : `source ${need.release} ${need.name}`;
}

/**
 * Name in the cache, and every input of the unpacked result. The version of a package does not determine its bytes: an archive of
 * one's own may have built the same version again.
 */
export function entryOf(need: Need, { items }: Plan): { name: string; recipe: string[] } {
  const contents = items.map(contentOf).sort();
  switch (need.kind) {
    case 'set': {
      const { name, variant } = need.set;
      return { name, recipe: [`unpack 2 ${variant} ${need.release}`, ...contents] };
    }
    case 'packages':
      return { name: need.name, recipe: ['unpackAlone 2', ...contents] };
    case 'source':
      return { name: `${need.name}-source`, recipe: ['unpackSource 2', ...contents] };
  }
}

const contentOf = ({ name, version, files }: Item): string =>
  [name, version, ...files.map(({ sha256 }) => sha256).sort()].join(' ');

/** Whether an earlier run has unpacked it. */
export function isUnpacked(need: Need, plan: Plan): boolean {
  const { name, recipe } = entryOf(need, plan);
  return files.exists(entryPath(name, keyOf(recipe)));
}
