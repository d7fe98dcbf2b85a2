import { attempt } from '../lib/host.ts';
import { kinds, type Kind } from './archives.ts';
import type { Context } from './context.ts';
import { isInside, paragraphsOf, parseChecksums, type Paragraph } from './control.ts';
import { readIndexes, type Index, type Lists, type ListSource } from './lists.ts';
import { architectureOf, type Item, type Need, type Plan, type PoolFile } from './needs.ts';
import { solve } from './solve.ts';
import { BuildError } from '../lib/errors.ts';

/**
 * Resolves a need to versions, files and hashes, all of them out of signed lists. If a version is not available, tries
 * the other versions of the same list, then -updates and -security.
 */

/** Everything that an answer depends on. */
export interface Session {
  context: Context;
  lists: ListSource;
}

export type Resolved = Omit<Plan, 'warnings'>;

export interface Unavailable {
  name: string;
  version: string;
}

/**
 * @param without versions that the archives lack
 * @returns null if no list names another version
 * @throws BuildError FETCH_LISTS, FETCH_RESOLVE
 */
export async function resolve(
  session: Session,
  need: Need,
  without: readonly Unavailable[],
): Promise<Resolved | null> {
  if (need.kind === 'set') return resolveSet(session, need, without);
  const index = indexOf(need);
  const names = need.kind === 'source' ? [need.name] : need.names;
  const read = need.kind === 'source' ? sourceItem : packageItem;
  const architecture = architectureOf(need);
  const items: Item[] = [];
  for (const name of names) {
    const lookup = { name, release: need.release, index, architecture, read, without };
    const item = await firstOf(session, lookup);
    if (item === null) return null;
    items.push(item);
  }
  return { items, versions: versionsOf(items) };
}

/** The lists that name what a need asks for. */
export function indexOf(need: Need): Index {
  if (need.kind !== 'packages') return need.kind === 'source' ? 'source' : 'binary';
  return need.installer ? 'installer' : need.firmware ? 'firmware' : 'binary';
}

const versionsOf = (items: readonly Item[]): Record<string, string> =>
  Object.fromEntries(items.map(({ name, version }): [string, string] => [name, version]).sort());

interface Lookup {
  name: string;
  release: string;
  index: Index;
  architecture: string | undefined;
  read: (paragraph: Paragraph, kind: Kind) => Item | null;
  without: readonly Unavailable[];
}

/** The newest available version of the release itself; then those of the other suites. */
async function firstOf(session: Session, lookup: Lookup): Promise<Item | null> {
  const { name, release, index, architecture, read, without } = lookup;
  let failure: BuildError | undefined;
  for (const kind of kinds) {
    const found = await session.lists.get(release, kind, index, architecture).catch((error: unknown) => {
      if (!(error instanceof BuildError)) throw error;
      failure ??= error;
      return null;
    });
    if (found === null) continue;
    const items = (paragraphs(found, [name]).get(name) ?? [])
      .flatMap(paragraph => read(paragraph, kind) ?? [])
      .filter(item => !without.some(other => other.name === name && other.version === item.version));
    const newest = await newestOf(items);
    if (newest !== null) return newest;
  }
  if (failure !== undefined) throw failure;
  return null;
}

/** Orders versions as Debian does; dpkg(1), --compare-versions. */
async function newestOf(items: readonly Item[]): Promise<Item | null> {
  let newest: Item | null = null;
  for (const item of items) {
    const newer =
      newest === null ||
      (
        await attempt({
          doing: 'comparing versions',
          argv: ['dpkg', '--compare-versions', item.version, 'gt', newest.version],
          timeoutSeconds: 60,
        })
      ).exitCode === 0;
    if (newer) newest = item;
  }
  return newest;
}

async function resolveSet(
  session: Session,
  need: Extract<Need, { kind: 'set' }>,
  without: readonly Unavailable[],
): Promise<Resolved | null> {
  const { set, release } = need;
  const { architecture } = set;
  const own = await session.lists.get(release, 'release', 'binary', architecture);
  if (own === null) return null;
  const ways: (() => Promise<{ lists: Lists[]; preferFirst: boolean }>)[] = [
    async () => ({ lists: [own], preferFirst: true }),
  ];
  if (without.length > 0) {
    const all = async () => [own, ...(await otherLists(session, release, architecture))];
    ways.push(
      async () => ({ lists: await all(), preferFirst: true }),
      // If one package comes from -security, all must: packages of one source often depend on each other's exact
      // version.
      async () => ({ lists: await all(), preferFirst: false }),
    );
  }
  let failure: unknown;
  for (const way of ways) {
    const question = { ...(await way()), without };
    try {
      const versions = await solve(session.context, { ...question, packages: set.packages });
      // A working system also has the essential packages and apt (mmdebstrap(1), variants).
      const whole =
        set.variant === 'apt'
          ? await solve(session.context, { ...question, packages: ['?essential', 'apt', ...set.packages] })
          : {};
      const items = locate(question.lists, { ...whole, ...versions });
      return { items, versions };
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      failure ??= error;
    }
  }
  if (without.length > 0) return null;
  throw failure;
}

/** The suites beside the release that are available. */
async function otherLists(
  session: Session,
  release: string,
  architecture: string | undefined,
): Promise<Lists[]> {
  const found: Lists[] = [];
  for (const kind of kinds.filter(kind => kind !== 'release')) {
    const one = await session.lists.get(release, kind, 'binary', architecture).catch(() => null);
    if (one !== null) found.push(one);
  }
  return found;
}

/** The addresses of these versions; several archives may carry the same version. */
function locate(found: readonly Lists[], versions: Readonly<Record<string, string>>): Item[] {
  const items = new Map<string, Item>();
  for (const one of found) {
    for (const [name, stanzas] of paragraphs(one, Object.keys(versions))) {
      for (const stanza of stanzas) {
        const item = packageItem(stanza, one.kind);
        if (item === null || item.version !== versions[name]) continue;
        items.set(name, merged(items.get(name), item));
      }
    }
  }
  const lost = Object.keys(versions).filter(name => !items.has(name));
  if (lost.length > 0) throw new Error(`apt resolves packages that its lists do not name: ${lost.join(' ')}`);
  return [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Merges two addresses of the same bytes; if the same version has other bytes there, ignores that address. */
function merged(known: Item | undefined, found: Item): Item {
  const [file, other] = [known?.files[0], found.files[0]];
  if (known === undefined || file === undefined || other === undefined) return found;
  if (file.sha256 !== other.sha256) return known;
  return { ...known, files: [{ ...file, at: [...file.at, ...other.at] }] };
}

/** Reads a paragraph of a Packages file. @returns null if a field is missing or leads out of the archive */
export function packageItem(paragraph: Paragraph, kind: Kind): Item | null {
  const field = (name: string) => paragraph.get(name) ?? '';
  const path = field('Filename');
  const file: PoolFile = {
    size: Number(field('Size')),
    sha256: field('SHA256'),
    at: [{ kind, path }],
  };
  if (!isInside(path) || !/^[0-9a-f]{64}$/.test(file.sha256) || field('Version') === '') return null;
  return { name: field('Package'), version: field('Version'), files: [file] };
}

/** Reads a paragraph of a Sources file: the description and its tarballs. */
export function sourceItem(paragraph: Paragraph, kind: Kind): Item | null {
  const field = (name: string) => paragraph.get(name) ?? '';
  const found = parseChecksums(field('Checksums-Sha256')).map(({ path, size, sha256 }) => ({
    ...{ size, sha256 },
    at: [{ kind, path: `${field('Directory')}/${path}` }],
  }));
  const complete = found.some(({ at }) => at[0]?.path.endsWith('.dsc'));
  if (!complete || !found.every(({ at }) => at.every(({ path }) => isInside(path)))) return null;
  return { name: field('Package'), version: field('Version'), files: found };
}

/** Parsed indexes; their text takes 120 MB. */
const texts = new Map<string, string[]>();
export const forgetIndexes = (): void => texts.clear();

function paragraphs(found: Lists, names: readonly string[]): Map<string, Paragraph[]> {
  const key = `${found.archive} ${found.id}`;
  const read = texts.get(key) ?? readIndexes(found);
  texts.set(key, read);
  const wanted = new Set(names);
  const all = new Map<string, Paragraph[]>();
  for (const text of read)
    for (const [name, some] of paragraphsOf(text, wanted)) all.set(name, [...(all.get(name) ?? []), ...some]);
  return all;
}
