import { gunzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';
import * as clock from '../../agent/host/clock.ts';
import { BuildError } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { run } from '../lib/host.ts';
import { step, tell } from '../lib/progress.ts';
import { suiteOf, type Kind } from './archives.ts';
import type { Context } from './context.ts';
import { parseRelease, verify, type Release } from './release.ts';
import { Breaker, transfer } from './transfer.ts';
import { arch } from '../../agent/arch.ts';

/**
 * Signed package lists. Each requested index has one directory, laid out like a Debian archive so that apt can read it.
 * The build replaces the directory only after it has verified the whole index, and keeps the verified one until then.
 */

/** Identifies one index of a suite. */
export type Index = 'binary' | 'source' | 'installer' | 'firmware';

type PathOf = (component: string, architecture: string) => string;
const binary: PathOf = (component, architecture) => `${component}/binary-${architecture}/Packages.gz`;
const indexPaths: Readonly<Record<Index, PathOf>> = {
  binary,
  source: component => `${component}/source/Sources.gz`,
  // The packages of Debian's installer are separate: they "provide" names of normal packages.
  installer: (component, architecture) => `${component}/debian-installer/binary-${architecture}/Packages.gz`,
  firmware: binary,
};

/** Of an index that has one component only. */
const ownComponents: Readonly<Partial<Record<Index, readonly string[]>>> = {
  installer: ['main'],
  firmware: ['non-free-firmware'],
};

export interface Lists {
  suite: string;
  kind: Kind;
  index: Index;
  /** Debian's name of it; lists of sources are the same for all. */
  architecture: string;
  /** An archive that contains these lists only. */
  archive: string;
  components: readonly string[];
  /** Changes with every new release file. */
  id: string;
}

/** How long the cache answers for the mirror. The mirror drops old versions only at point releases. */
const maximumAgeDays = 7;

/** Asks the mirror for each index at most once during one fetch. */
export class ListSource {
  readonly #context: Context;
  readonly #breaker: Breaker;
  /** Results of asking the mirror, by archive. */
  readonly #asked = new Map<string, Lists | BuildError>();

  constructor(context: Context, breaker: Breaker) {
    this.#context = context;
    this.#breaker = breaker;
  }

  /**
   * Lists of a suite: the cached ones while they are recent, otherwise freshly fetched ones.
   * @param architecture Debian's name of it
   * @param anew ignore that the cached ones are recent
   * @returns null if this machine has no archive of that kind configured
   * @throws BuildError FETCH_LISTS if neither the mirror nor the cache has verified lists
   */
  async get(
    release: string,
    kind: Kind,
    index: Index,
    architecture = arch.debian,
    anew = false,
  ): Promise<Lists | null> {
    const addresses = (await this.#context.archives())[kind];
    if (addresses.length === 0) return null;
    const suite = suiteOf(release, kind);
    const components = ownComponents[index] ?? this.#context.components;
    // A cache belongs to one machine: its own lists have no suffix.
    const foreign = architecture === arch.debian || index === 'source' ? '' : `-${architecture}`;
    const archive = join(this.#context.directory, 'lists', `${suite}-${index}${foreign}`);
    const place = { suite, kind, index, architecture, components, archive };
    const asked = this.#asked.get(archive);
    if (asked instanceof BuildError) throw asked;
    if (asked !== undefined) return asked;
    const age = ageDays(place);
    if (age < (anew || this.#context.update ? 0 : maximumAgeDays)) return known(place);
    const answer = await this.#ask(place, addresses, age);
    this.#asked.set(archive, answer);
    if (answer instanceof BuildError) throw answer;
    return answer;
  }

  async #ask(place: Place, addresses: readonly string[], age: number): Promise<Lists | BuildError> {
    const { suite, index, architecture } = place;
    const name = `package lists of ${suite} (${index === 'source' ? index : `${index}, ${architecture}`})`;
    const tried: string[] = [];
    const fetched = await step(name, async () => {
      for (const address of addresses) {
        const problem = await fetchLists(this.#context, this.#breaker, address, place);
        if (problem === null) return true;
        tried.push(`${address}: ${problem}`);
      }
      return false;
    });
    if (fetched) return known(place);
    if (age !== Infinity) {
      const since = `${age.toFixed(0)} days ago`;
      tell(
        `WARNING: ${name}: none is available today (${tried.join('; ')}); using those of ${since}, which were verified then`,
      );
      return known(place);
    }
    return new BuildError('FETCH_LISTS', {
      doing: `fetching the ${name}`,
      problem: `no copy with a valid signature and hash is available:${tried.map(line => `\n  tried ${line}`).join('')}`,
      remedy:
        'check that this machine reaches its Debian mirror (apt-get update); if the mirror is being updated, try again in some hours',
    });
  }
}

type Place = Omit<Lists, 'id'>;

const inReleaseOf = ({ archive, suite }: Place): string => join(archive, 'dists', suite, 'InRelease');

/** The lists in the cache. */
async function known(place: Place): Promise<Lists> {
  return { ...place, id: (await files.sha256(inReleaseOf(place))).slice(0, 20) };
}

function ageDays(place: Place): number {
  const path = inReleaseOf(place);
  if (!files.exists(path)) return Infinity;
  return (clock.now().getTime() - files.modifiedAt(path).getTime()) / 86_400_000;
}

/** @returns why the update failed; null on success */
async function fetchLists(
  context: Context,
  breaker: Breaker,
  address: string,
  place: Place,
): Promise<string | null> {
  const { limits, keyring } = context;
  const fresh = `${place.archive}.fresh`;
  const directory = join(fresh, 'dists', place.suite);
  files.remove(fresh);
  files.makeDirectory(directory);
  try {
    const at = `${address}dists/${place.suite}/`;
    const inRelease = join(directory, 'InRelease');
    const outcome = await transfer({ urls: [`${at}InRelease`] }, inRelease, limits, breaker);
    if (!outcome.done) return lastPart(outcome.tried);
    const verified = await verify(inRelease, keyring);
    if ('problem' in verified) return `InRelease: ${verified.problem}`;
    const release = parseRelease(verified.text);
    if (release.codename !== place.suite) return `InRelease is that of ${release.codename}`;
    if (await isExpired(release)) return `InRelease has expired on ${release.validUntil?.toISOString()}`;
    const old = inReleaseOf(place);
    if (files.exists(old) && (await files.sha256(old)) === (await files.sha256(inRelease))) {
      files.touch(old);
      return null;
    }
    for (const component of place.components) {
      const problem = await fetchIndex(context, release, at, component, place, directory, breaker);
      if (problem !== null) return problem;
    }
    const before = `${place.archive}.before`;
    files.remove(before);
    files.makeDirectory(dirname(place.archive));
    if (files.exists(place.archive)) files.rename(place.archive, before);
    files.rename(fresh, place.archive);
    files.remove(before);
    return null;
  } finally {
    files.remove(fresh);
  }
}

/**
 * Fetches an index by its name. In the middle of a mirror's update, that file may have another hash; then fetches it by
 * its hash. wiki.debian.org/DebianRepository/Format#Acquire-By-Hash
 */
async function fetchIndex(
  { limits }: Context,
  release: Release,
  at: string,
  component: string,
  { index, architecture }: Place,
  directory: string,
  breaker: Breaker,
): Promise<string | null> {
  const name = indexPaths[index](component, architecture);
  const listed = release.indexes.get(name);
  if (listed === undefined) return null;
  const byHash = `${dirname(name)}/by-hash/SHA256/${listed.sha256}`;
  const urls = [`${at}${name}`, ...(release.byHash ? [`${at}${byHash}`] : [])];
  const path = join(directory, name);
  files.makeDirectory(dirname(path));
  const outcome = await transfer({ urls, expected: listed }, path, limits, breaker);
  return outcome.done ? null : outcome.tried.map(lastPart).join(', then ');
}

/** "http://…/Packages.gz: reason" -> "Packages.gz: reason" */
const lastPart = (tried: string | readonly string[]): string =>
  [tried]
    .flat()
    .join('; ')
    .replace(/https?:\/\/\S*\/(?=[^/\s]+: )/g, '');

/**
 * Whether expired release files are rejected is a setting of this machine (apt.conf(5), Acquire::Check-Valid-Until).
 */
async function isExpired({ validUntil }: Release): Promise<boolean> {
  if (validUntil === null || validUntil > clock.now()) return false;
  const { stdout } = await run({
    doing: 'asking apt whether it accepts expired lists',
    argv: ['apt-config', 'dump', '--format', '%f=%v%n', 'Acquire::Check-Valid-Until'],
    timeoutSeconds: 60,
  });
  return !/^Acquire::Check-Valid-Until=(false|no|0|off|without|disable)$/m.test(stdout);
}

/** The texts of the index, one per component. */
export function readIndexes(found: Lists): string[] {
  return found.components
    .map(component =>
      join(found.archive, 'dists', found.suite, indexPaths[found.index](component, found.architecture)),
    )
    .filter(files.exists)
    .map(path => gunzipSync(files.readBytes(path)).toString());
}
