import { basename, join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { run, runApart, runIn } from '../lib/host.ts';
import { arch } from '../../agent/arch.ts';
import { isCrossed, target } from '../lib/target.ts';
import { standard } from './context.ts';
import { planFor } from './fetch.ts';
import { makeArchive } from './local.ts';
import { entryOf, type Item, type Need, type PackageSet, type Plan } from './needs.ts';
import { poolPath } from './pool.ts';

/**
 * Debian packages as inputs of the build, unpacked in the cache. Their versions are part of every key: a new version on
 * the mirror triggers a rebuild, an unchanged one does not.
 */

export type { PackageSet } from './needs.ts';

const suite = standard.suite;
/**
 * Stands for a release in `unpackAlone`: the packages of Debian's installer, whose names overlap with normal packages.
 */
export const installer = 'installer';
/** The same for firmware, which Debian keeps apart because its sources are not published. */
export const firmware = 'firmware';

export interface Packages extends Built {
  versions: Readonly<Record<string, string>>;
}

/** What `unpack`, `unpackAlone` and `unpackSource` fetch for the same arguments; data for `fetchAll`. */
export const needs = {
  set: (set: PackageSet): Need => ({ kind: 'set', set, release: set.release ?? suite }),
  packages: (name: string, names: readonly string[], release = suite, architecture?: string): Need => {
    const ofInstaller = release === installer;
    const ofFirmware = release === firmware;
    // What the installer's packages replace is in the image.
    const own = isCrossed && ofInstaller ? target.debian : architecture;
    return {
      ...{ kind: 'packages', name, names },
      ...{ release: ofInstaller || ofFirmware ? suite : release, installer: ofInstaller },
      ...(ofFirmware ? { firmware: true as const } : {}),
      ...(own === undefined ? {} : { architecture: own }),
    };
  },
  source: (name: string, release = suite): Need => ({ kind: 'source', name, release }),
};

/** Unpacks a set of packages with all their dependencies. @throws FetchMissing */
export async function unpack(set: PackageSet): Promise<Packages> {
  const need = needs.set(set);
  const built = await unpacked(need, async (directory, plan) => {
    const archive = join(directory, 'archive');
    const release = set.release ?? suite;
    const { architecture = arch.debian } = set;
    const where = { cache: standard.directory, suite: release, architecture };
    const source = await makeArchive(archive, plan, where);
    await runApart({
      doing: `unpacking the Debian packages of the ${set.name}`,
      argv: [
        'mmdebstrap',
        '--mode=root',
        `--variant=${set.variant}`,
        // Of another architecture, nothing is run.
        `--architectures=${architecture}`,
        `--include=${set.packages.join(',')}`,
        '--aptopt=APT::Install-Recommends "false"',
        '--dpkgopt=path-exclude=/usr/share/man/*',
        '--dpkgopt=path-exclude=/usr/share/locale/*',
        release,
        join(directory, 'root'),
        source,
      ],
      timeoutSeconds: 1800,
    });
    files.remove(archive);
  });
  return { ...built, path: join(built.path, 'root') };
}

/** Where the packages of `unpackForeign` are, below the root. */
export const debs = 'debs';

/**
 * A system of another architecture before its first start: the files of all packages, of which none is installed yet, and in `/debs`
 * the packages themselves, from which dpkg(1) installs them where its programs run.
 * @throws FetchMissing
 */
export async function unpackForeign(set: PackageSet): Promise<Packages> {
  const need = needs.set(set);
  const plan = await planFor(need);
  const { name, recipe } = entryOf(need, plan);
  const built = await cached(`${name}-foreign`, ['foreign 1', ...recipe], async directory => {
    const root = join(directory, 'root');
    // The links of a merged /usr come first (usrmerge).
    const isFirst = ({ name }: Item) => Number(name === 'base-files');
    for (const item of plan.items.toSorted((one, other) => isFirst(other) - isFirst(one))) {
      const [file = ''] = pathsOf(item);
      const argv = ['dpkg-deb', '--extract', file, root];
      await run({ doing: `unpacking ${item.name}`, argv, timeoutSeconds: 600 });
      files.copy(file, join(root, debs, `${item.name}.deb`));
    }
  });
  return { ...built, path: join(built.path, 'root'), versions: plan.versions };
}

/**
 * Unpacks the files of single packages without their dependencies, one directory per package.
 * @param name of the directory in the cache
 * @param release the Debian release to take them from, or `installer`, or `firmware`
 * @param architecture Debian's name of it; the default is this machine's own
 * @throws FetchMissing
 */
export async function unpackAlone(
  name: string,
  names: readonly string[],
  release = suite,
  architecture?: string,
): Promise<Packages> {
  return unpacked(needs.packages(name, names, release, architecture), async (directory, plan) => {
    for (const item of plan.items) {
      const argv = ['dpkg-deb', '--extract', pathsOf(item)[0]!, join(directory, item.name)];
      await run({ doing: `unpacking ${item.name}`, argv, timeoutSeconds: 600 });
    }
  });
}

/**
 * Unpacks a Debian source package with Debian's patches, into `<name>` of the directory.
 * @param release the Debian release to take the source from
 * @throws FetchMissing
 */
export async function unpackSource(name: string, tools: Packages, release = suite): Promise<Packages> {
  return unpacked(needs.source(name, release), async (directory, plan) => {
    const paths = plan.items.flatMap(pathsOf);
    // dpkg-source looks for the tarballs in the directory of the description.
    for (const path of paths) files.copy(path, join(directory, basename(path)));
    const description = paths.map(path => basename(path)).find(path => path.endsWith('.dsc'));
    await runIn({
      doing: `unpacking the source of ${name}`,
      root: tools.path,
      mounts: { '/build': directory },
      // A signed list gives its hash.
      argv: ['dpkg-source', '--no-check', '--extract', `/build/${description}`, `/build/${name}`],
      timeoutSeconds: 300,
    });
  });
}

/** Fetches a need, unless an earlier run has unpacked it, and unpacks it into the cache. */
async function unpacked(
  need: Need,
  work: (directory: string, plan: Plan) => Promise<void>,
): Promise<Packages> {
  const plan = await planFor(need);
  const { name, recipe } = entryOf(need, plan);
  const built = await cached(name, recipe, directory => work(directory, plan));
  return { ...built, versions: plan.versions };
}

const pathsOf = (item: Item): string[] => item.files.map(file => join(standard.directory, poolPath(file)));
