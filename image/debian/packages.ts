import { join } from 'node:path';
import { cacheDirectory, cached, keyOf, type Built } from '../cache.ts';
import { FetchMissing, type Missing } from '../errors.ts';
import * as files from '../files.ts';
import { debianMirror, run, runIn } from '../host.ts';
import { note, step } from '../progress.ts';

/**
 * Debian packages as input of the build. The versions are resolved first, from an apt state of our own, and are part of
 * every key, so a new version on the mirror builds anew and an unchanged one does not.
 */

const suite = 'trixie';
const components = 'main,contrib';
/** The packages of Debian's own installer, in the place of a release: apart from the others, whose names they provide. */
export const installer = 'installer';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Package lists older than this are fetched again; the mirror drops old versions only at point releases. */
const listsMaxAgeDays = 7;

export interface PackageSet {
  name: string;
  packages: readonly string[];
  /** extract: files only. apt: a working system with its maintainer scripts run, in which programs are built. */
  variant: 'extract' | 'apt';
  /** Debian release; without it the image's own. */
  release?: string;
}

export interface Packages extends Built {
  versions: Readonly<Record<string, string>>;
}

/** Unpacks a set of packages with everything they depend on. */
export async function unpack(set: PackageSet): Promise<Packages> {
  const { release = suite } = set;
  const versions = await resolve(set.packages, release);
  const recipe = [`unpack 1 ${set.variant} ${release} ${components}`, JSON.stringify(versions)];
  const built = await cached(set.name, recipe, async directory => {
    await run({
      doing: `unpacking the Debian packages of the ${set.name}`,
      argv: [
        'mmdebstrap',
        '--mode=root',
        `--variant=${set.variant}`,
        `--components=${components}`,
        `--include=${set.packages.join(',')}`,
        `--keyring=${keyring}`,
        '--aptopt=APT::Install-Recommends "false"',
        '--dpkgopt=path-exclude=/usr/share/man/*',
        '--dpkgopt=path-exclude=/usr/share/locale/*',
        release,
        join(directory, 'root'),
        await debianMirror(),
      ],
      timeoutSeconds: 1800,
      onLine: note,
    });
  });
  return { ...built, path: join(built.path, 'root'), versions };
}

/**
 * Fetches single packages without what they depend on and unpacks their files, one directory a package.
 * @param name of the directory in the cache
 * @param release the Debian release that they are taken from, or `installer`
 * @throws FetchMissing
 */
export async function unpackAlone(
  name: string,
  names: readonly string[],
  release = suite,
): Promise<Packages> {
  const doing = `fetching the packages of the ${name}`;
  const items = names.map(item => ({ kind: 'package' as const, name: item }));
  const versions = Object.fromEntries(
    Object.entries(await orMissing(doing, items, () => resolve(names, release))).filter(([name]) =>
      names.includes(name),
    ),
  );
  const built = await cached(name, ['unpackAlone 1', JSON.stringify(versions)], async directory => {
    const exact = Object.entries(versions).map(([name, version]) => `${name}=${version}`);
    await orMissing(doing, items, () => apt(doing, ['download', ...exact], { release, cwd: directory }));
    for (const name of names) {
      const archive = files.list(directory).find(file => file.startsWith(`${name}_`));
      if (archive === undefined) throw new Error(`apt-get did not fetch ${name}`);
      const argv = ['dpkg-deb', '--extract', join(directory, archive), join(directory, name)];
      await run({ doing: `unpacking ${name}`, argv, timeoutSeconds: 600 });
      files.remove(join(directory, archive));
    }
  });
  return { ...built, versions };
}

/**
 * Fetches a Debian source package and unpacks it with Debian's patches: the tree lies in `<name>` of the directory.
 * @param release the Debian release that the source is taken from
 * @throws FetchMissing
 */
export async function unpackSource(name: string, tools: Packages, release = suite): Promise<Packages> {
  const lookUp = async () => {
    const argv = ['source', '--print-uris', name];
    const records = await apt(`looking up the source of ${name}`, argv, { release });
    return /_(\S+)\.dsc /.exec(records)?.[1] ?? '';
  };
  const doing = `fetching the source of ${name}`;
  const item = { kind: 'source' as const, name };
  const version = await orMissing(doing, [item], () => remembered([`source ${name}`], lookUp, release));
  const built = await cached(`${name}-source`, ['unpackSource 1', name, version], async directory => {
    // Without the version: file names lack its epoch, and apt-get finds no version by a part of it.
    const argv = ['source', '--download-only', name];
    await orMissing(doing, [item], () => apt(doing, argv, { release, cwd: directory }));
    const description = files.list(directory).find(file => file.endsWith(`_${version}.dsc`));
    if (description === undefined) throw new Error(`apt-get did not fetch the source of ${name}`);
    await runIn({
      doing: `unpacking the source of ${name}`,
      root: tools.path,
      mounts: { '/build': directory },
      // apt has checked the signatures of the lists that this file's hash stands in.
      argv: ['dpkg-source', '--no-check', '--extract', `/build/${description}`, `/build/${name}`],
      timeoutSeconds: 300,
    });
  });
  return { ...built, versions: { [name]: version } };
}

/** Has a failure of apt told as what is missing. */
async function orMissing<T>(
  doing: string,
  items: readonly Pick<Missing, 'kind' | 'name'>[],
  work: () => Promise<T>,
): Promise<T> {
  return work().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = items.map(item => ({ ...item, version: '', tried: [reason] }));
    throw new FetchMissing(doing, missing, error);
  });
}

/** Which version of which package an installation of these would bring, by apt's own solver; asked once a list. */
async function resolve(packages: readonly string[], release = suite): Promise<Record<string, string>> {
  return remembered(packages, () => solve(packages, release), release);
}

/** Answers stay right until the package lists change. */
async function remembered<T>(
  question: readonly string[],
  ask: () => Promise<T>,
  release = suite,
): Promise<T> {
  await refreshLists(release);
  const known = join(stateOf(release), 'resolved', `${keyOf(question)}.json`);
  if (!files.exists(known)) files.write(known, JSON.stringify(await ask(), null, 2));
  return JSON.parse(files.readText(known)) as T;
}

async function solve(packages: readonly string[], release: string): Promise<Record<string, string>> {
  const argv = ['install', '--simulate', ...packages];
  const simulation = await apt('resolving package versions', argv, { release });
  // "Inst libc6 (2.41-12 Debian:13.0/stable [amd64])", apt-get(8) --simulate
  const lines = [...simulation.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = '', version = '']) => [
    name,
    version,
  ]);
  return Object.fromEntries(lines.sort());
}

/** apt's own files, one directory a release, so that no release stands in for another. */
const stateOf = (release: string) => join(cacheDirectory, release === suite ? 'apt' : `apt-${release}`);

async function refreshLists(release: string): Promise<void> {
  const state = stateOf(release);
  const stamp = join(state, 'fetched-3');
  const fresh =
    files.exists(stamp) && Date.now() - files.modifiedAt(stamp).getTime() < listsMaxAgeDays * 86_400_000;
  if (fresh && !process.argv.includes('--update')) return;
  await step('reading the Debian package lists', async () => {
    for (const part of ['lists/partial', 'archives/partial']) files.makeDirectory(join(state, part));
    files.write(join(state, 'status'), '');
    const [from, parts] = release === installer ? [suite, 'main/debian-installer'] : [release, components];
    const repository = `[signed-by=${keyring}] ${await debianMirror()} ${from} ${parts.replace(',', ' ')}`;
    // Debian's installer has its sources where the other packages have theirs.
    const kinds = release === installer ? ['deb'] : ['deb', 'deb-src'];
    files.write(join(state, 'sources.list'), kinds.map(kind => `${kind} ${repository}\n`).join(''));
    await apt('reading the Debian package lists', ['update', '--error-on=any'], { release });
    files.remove(join(state, 'resolved'));
    files.write(stamp, '');
  });
}

/** apt-get on a state of our own: this machine's packages neither count nor change. apt.conf(5) */
async function apt(
  doing: string,
  argv: readonly string[],
  { release = suite, cwd = stateOf(release) } = {},
): Promise<string> {
  const state = stateOf(release);
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'APT::Architecture': 'amd64',
    'Acquire::Retries': '3',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const result = await run({
    doing,
    argv: ['apt-get', '-q', ...options, ...argv],
    cwd,
    timeoutSeconds: 900,
    onLine: note,
  });
  return result.stdout;
}
