import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cached, work as leftovers, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout, runIn } from '../lib/host.ts';
import { step } from '../lib/progress.ts';
import { unpackAlone, type Packages } from '../debian/packages.ts';
import { crossedTarget, tool } from '../lib/crossing.ts';
import { target } from '../lib/target.ts';
import type { Arch } from '../../agent/arch.ts';
import { requireVermagic } from './vermagic.ts';

/**
 * Builds the kernel from Debian's source: tinyconfig, the fragments of kernel-config/, those of the architecture below
 * it, and the ZFS modules built against it. Its result holds the kernel's image, its configuration, and
 * modules/lib/modules/<release>.
 */

const kernelSource = 'linux-source-6.12';
const zfsSource = 'zfs-dkms';
/** What the kernel and its modules are made from. */
export const kernelPackages = [kernelSource, zfsSource];

/** Names and dates that the build would otherwise take from this machine (Documentation/kbuild/reproducible-builds). */
export const reproducible = {
  KBUILD_BUILD_TIMESTAMP: '2026-01-01',
  KBUILD_BUILD_USER: 'dabei',
  KBUILD_BUILD_HOST: 'dabei',
  KBUILD_BUILD_VERSION: '1',
};

const prefix = tool('');
/** Documentation/kbuild/kbuild.rst */
const crossing: Readonly<Record<string, string>> =
  crossedTarget === null ? {} : { ARCH: target.kernel.make, CROSS_COMPILE: prefix };
/** ./configure of ZFS, and of autoconf (autoconf.info, "Specifying Target Triplets"). */
const zfsCrossing =
  crossedTarget === null
    ? []
    : [`--host=${target.triplet}`, `KERNEL_ARCH=${target.kernel.make}`, `KERNEL_CROSS_COMPILE=${prefix}`];

/** Of make(1): compilers at a time. */
export const jobs = `-j${availableParallelism() + 1}`;
const linux = '/build/linux';

/** Where a kernel is compiled. */
export interface Workshop {
  /** Runs a program of the toolchain, which sees the directory as /build. @param cwd as it sees it */
  make: (doing: string, argv: readonly string[], cwd?: string, minutes?: number) => ReturnType<typeof runIn>;
  /** For what `make` does not find done by itself, in a build that was interrupted before. @param made is removed before */
  once: (name: string, made: string, doIt: () => Promise<unknown>) => Promise<void>;
}

/** @param sources kernelPackages, unpacked */
export function workshop(work: string, toolchain: Packages, sources: Packages): Workshop {
  files.makeDirectory(work);
  return {
    make: (doing, argv, cwd = linux, minutes = 60) =>
      runIn({
        doing,
        root: toolchain.path,
        mounts: { '/build': work, '/sources': sources.path },
        argv: ['env', `--chdir=${cwd}`, ...argv],
        env: { ...reproducible, ...crossing },
        timeoutSeconds: minutes * 60,
      }),
    once: async (name, made, doIt) => {
      const mark = join(work, `${name}.done`);
      if (files.exists(mark)) return;
      files.remove(join(work, made));
      await doIt();
      files.write(mark, '');
    },
  };
}

/**
 * Unpacks the kernel's source into linux/ of the workshop's directory, and configures it.
 * @throws Error if Kconfig does not accept a symbol that is asked for
 */
export async function configure(
  work: string,
  { asked, others }: Pick<KernelConfiguration, 'asked' | 'others'>,
  { make, once }: Workshop,
): Promise<void> {
  await step('kernel source', () =>
    once('source', 'linux', async () => {
      files.makeDirectory(join(work, 'linux'));
      const archive = `/sources/${kernelSource}/usr/src/${kernelSource}.tar.xz`;
      const argv = ['tar', '--extract', `--file=${archive}`, '--strip-components=1'];
      await make('unpacking the kernel source', argv);
    }),
  );
  await step('kernel configuration', async () => {
    await make('making the smallest configuration', ['make', '--silent', 'tinyconfig']);
    files.write(join(work, 'asked.config'), asked);
    for (const file of others) files.copy(file, join(work, 'linux', basename(file)));
    const merge = ['scripts/kconfig/merge_config.sh', '-m', '.config', '/build/asked.config'];
    await make('merging the fragments', merge);
    await make('completing the configuration', ['make', '--silent', 'olddefconfig']);
    requireSymbols(asked, files.readText(join(work, 'linux/.config')));
  });
}

/** @param toolchain toolchainSet (image/debian/package-sets.ts), unpacked */
export async function buildKernel(toolchain: Packages): Promise<Built> {
  const sources = await unpackAlone('sources', kernelPackages);
  const { asked, others } = configurationOf(target);
  const inputs = [
    ...['kernel 2', JSON.stringify(reproducible), toolchain, sources, asked],
    ...others.map(file => ({ file })),
    ...(crossedTarget === null ? [] : [JSON.stringify([crossing, zfsCrossing])]),
  ];
  const build = async (directory: string): Promise<void> => {
    const work = join(directory, leftovers);
    const { make, once } = workshop(work, toolchain, sources);
    await configure(work, { asked, others }, { make, once });
    const { kernel } = target;
    await step('kernel compilation', () =>
      make('compiling the kernel', ['make', jobs, kernel.image, 'modules'], linux, 180),
    );
    const release = files.readText(join(work, 'linux/include/config/kernel.release')).trim();
    await make(
      'installing the modules',
      ['make', '--silent', 'INSTALL_MOD_PATH=/build/modules', 'INSTALL_MOD_STRIP=1', 'modules_install'],
      linux,
    );
    await step('ZFS modules', async () => {
      const tarball = files
        .list(join(sources.path, zfsSource, 'usr/src'))
        .find(name => name.startsWith('zfs-'));
      const copy = ['cp', '-r', `/sources/${zfsSource}/usr/src/${tarball}`, '/build/zfs'];
      const configure = [
        './configure',
        '--with-config=kernel',
        `--with-linux=${linux}`,
        `--with-linux-obj=${linux}`,
        ...zfsCrossing,
      ];
      await once('zfs', 'zfs', async () => {
        await make('copying the ZFS source', copy, '/build');
        await make('configuring ZFS', configure, '/build/zfs');
      });
      await make('compiling ZFS', ['make', '--silent', jobs], '/build/zfs');
      for (const module of ['spl', 'zfs']) {
        const installed = `/build/modules/lib/modules/${release}/extra/${module}.ko`;
        const objcopy = [tool('objcopy'), '--strip-debug', `module/${module}.ko`, installed];
        files.makeDirectory(join(work, `modules/lib/modules/${release}/extra`));
        await make(`installing ${module}.ko`, objcopy, '/build/zfs');
      }
      const installed = join(work, 'modules/lib/modules', release);
      const read = (name: string) => files.readBytes(join(installed, `extra/${name}.ko`));
      const own = files.walk(join(installed, 'kernel')).find(path => path.endsWith('.ko'))!;
      requireVermagic(files.readBytes(own), { spl: read('spl'), zfs: read('zfs') });
    });
    const depmod = ['depmod', '--basedir=/build/modules', release];
    await make('indexing the modules', depmod, '/build');

    files.copy(join(work, 'linux', kernel.path), join(directory, kernel.image));
    for (const [made, name] of Object.entries({ '.config': 'config', 'Module.symvers': 'symvers' }))
      files.copy(join(work, 'linux', made), join(directory, name));
    files.remove(join(directory, 'modules'));
    files.rename(join(work, 'modules'), join(directory, 'modules'));
    for (const link of ['build', 'source'])
      files.remove(join(directory, 'modules/lib/modules', release, link));
    files.write(join(directory, 'release'), release);
  };
  return cached('kernel', inputs, build, { resumes: true });
}

interface KernelConfiguration {
  fragments: readonly string[];
  asked: string;
  others: readonly string[];
}

/**
 * What the kernel of an architecture is asked to be: the fragments of kernel-config/, then those of its own directory there,
 * of which a line replaces the same symbol of the others.
 * @returns `fragments`: their paths, in order; `asked`: the text to merge; `others`: paths of the files that it names
 */
export function configurationOf({ machine }: Pick<Arch, 'machine'>): KernelConfiguration {
  const common = checkout('kernel-config');
  const own = join(common, machine);
  const all = files.walk(common);
  const of = (directory: string) => all.filter(path => dirname(path) === directory);
  const fragments = [...of(common), ...of(own).filter(path => path.endsWith('.config'))];
  return {
    fragments,
    asked: settings(fragments.map(files.readText).join('\n')),
    others: of(own).filter(path => !path.endsWith('.config')),
  };
}

/**
 * Kconfig silently drops a symbol whose dependencies are not met, and a missing driver makes a machine unreachable.
 * @param asked text of all fragments
 * @param config the final .config
 * @throws Error naming every symbol that differs, with its requested and its actual value
 */
export function requireSymbols(asked: string, config: string): void {
  const final = symbols(config);
  const lost = [...symbols(asked)]
    .filter(([name, value]) => (final.get(name) ?? 'n') !== value)
    .map(([name, value]) => `  ${name}: asked ${value}, is ${final.get(name) ?? 'n'}`);
  if (lost.length > 0)
    throw new Error(`these kernel symbols have another value after the merge:\n${lost.join('\n')}`);
}

/**
 * A fragment without comments and blank lines. The kernel is built from this text, and its cache key hashes it, so an
 * edited comment does not rebuild the kernel.
 */
export function settings(fragment: string): string {
  return [...symbols(fragment)]
    .map(([name, value]) => (value === 'n' ? `# ${name} is not set\n` : `${name}=${value}\n`))
    .join('');
}

/** "CONFIG_X=y" and "# CONFIG_X is not set" of a kernel configuration. */
export function symbols(text: string): Map<string, string> {
  const entries = [...text.matchAll(/^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)$/gm)];
  return new Map(entries.map(([, set, value, unset]) => [set ?? unset ?? '', value ?? 'n']));
}
