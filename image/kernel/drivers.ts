import { join, posix } from 'node:path';
import { tool } from '../lib/crossing.ts';
import { cached, work as leftovers, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { step } from '../lib/progress.ts';
import { target } from '../lib/target.ts';
import { unpackAlone, type Packages } from '../debian/packages.ts';
import {
  configurationOf,
  configure,
  jobs,
  kernelPackages,
  reproducible,
  settings,
  symbols,
  workshop,
} from './kernel.ts';
import { requireVermagic } from './vermagic.ts';

/**
 * Drivers of wireless cards, for a kernel that was compiled without them: they cost 6 CPU minutes, and only variants have them. Its result
 * holds modules/lib/modules/<release>/kernel, and the index `needs` of those modules and the kernel's.
 */

const fragment = 'kernel-config/variants/wifi-drivers.config';

/** Below the source: directories of the drivers, and of what they select. */
const directories = ['drivers/net/wireless', 'drivers/bus/mhi', 'drivers/soc/qcom', 'net/qrtr'];
/** Modules in directories that have others, too. */
const single = ['crypto/michael_mic.ko'];
const drivers = /^CONFIG_(ATH|BRCM|IWL|MT7|RTL_CARDS$|RTW8)/;
/** What drivers select, which is in `directories` and `single`. */
const selected = ['CRYPTO_MICHAEL_MIC', 'MHI_BUS', 'QCOM_QMI_HELPERS', 'QRTR', 'QRTR_MHI'].map(
  name => `CONFIG_${name}`,
);
/** Selected, and without effect: CONFIG_ALLOW_DEV_COREDUMP is not set (drivers/base/Kconfig). */
const idle = 'CONFIG_WANT_DEV_COREDUMP';

/** @param toolchain toolchainSet (image/debian/package-sets.ts), unpacked */
export async function buildDrivers(kernel: Built, toolchain: Packages): Promise<Built> {
  const sources = await unpackAlone('sources', kernelPackages);
  const { asked: common, others } = configurationOf(target);
  const asked = settings(`${common}\n${files.readText(checkout(fragment))}`);
  const constants = JSON.stringify([reproducible, directories, single]);
  const inputs = ['drivers 1', constants, kernel, toolchain, sources, asked];
  const build = async (directory: string): Promise<void> => {
    const work = join(directory, leftovers);
    const { make, once } = workshop(work, toolchain, sources);
    await configure(work, { asked, others }, { make, once });
    requireSameKernel(
      files.readText(join(kernel.path, 'config')),
      files.readText(join(work, 'linux/.config')),
    );
    const release = files.readText(join(kernel.path, 'release'));
    const ofKernel = join(kernel.path, 'modules/lib/modules', release);
    const linux = join(work, 'linux');
    await step('compilation of drivers', async () => {
      const below = [...directories.map(each => `${each}/`), ...single.map(each => each.replace(/ko$/, 'o'))];
      await make('compiling drivers', ['make', jobs, ...below]);
      const listed = directories.flatMap(each =>
        files.readText(join(linux, each, 'modules.order')).split('\n'),
      );
      const modules = [...listed.filter(Boolean).map(each => each.replace(/[.]o$/, '.ko')), ...single].filter(
        each => !files.exists(join(ofKernel, 'kernel', each)),
      );
      // Without vmlinux, modpost knows no symbol of the kernel; depmod, below, knows all.
      await make('linking drivers', ['make', jobs, 'KBUILD_MODPOST_WARN=1', ...modules]);
      for (const module of modules)
        files.copy(join(linux, module), join(work, 'modules/lib/modules', release, 'kernel', module));
    });
    const installed = join(work, 'modules/lib/modules', release);
    const made = files.walk(join(installed, 'kernel'));
    requireVermagic(
      files.readBytes(files.walk(join(ofKernel, 'kernel')).find(path => path.endsWith('.ko'))!),
      Object.fromEntries(made.map(path => [posix.basename(path), files.readBytes(path)])),
    );
    const strip = [tool('strip'), '--strip-unneeded', '--remove-section=.comment', '{}', '+'];
    const everyOne = ['find', '/build/modules', '-name', '*.ko', '-exec', ...strip];
    await make('removing local symbols from drivers', everyOne, '/build');
    files.copy(join(kernel.path, 'modules'), join(work, 'all'));
    for (const path of made)
      files.copy(path, join(work, 'all/lib/modules', release, path.slice(installed.length)));
    files.copy(join(kernel.path, 'symvers'), join(work, 'symvers'));
    const depmod = ['depmod', '--errsyms', '--symvers=/build/symvers', '--basedir=/build/all', release];
    requireResolved((await make('indexing drivers', depmod, '/build')).stderr);
    files.copy(join(work, 'all/lib/modules', release, 'modules.dep'), join(directory, 'needs'));
    files.rename(join(work, 'modules'), join(directory, 'modules'));
  };
  return cached('wireless-drivers', inputs, build, { resumes: true });
}

/**
 * Modules fit a kernel that was compiled with other options only as far as these options concern nobody else.
 * @param kernel its .config
 * @param further that of the drivers
 * @throws Error naming each symbol that may concern the kernel, or a module of it
 */
export function requireSameKernel(kernel: string, further: string): void {
  const before = symbols(kernel);
  const after = symbols(further);
  const faults = [...new Set([...before.keys(), ...after.keys()])].flatMap(name => {
    const [was, is] = [before.get(name) ?? 'n', after.get(name) ?? 'n'];
    const isOwn = drivers.test(name) || name === idle || (selected.includes(name) && is === 'm');
    return was === is || (was === 'n' && isOwn)
      ? []
      : [`  ${name}: ${was} in the kernel, ${is} with drivers`];
  });
  if (faults.length > 0)
    throw new Error(`drivers would need another kernel (${fragment}):\n${faults.join('\n')}`);
}

/** @param said by depmod(8), with --errsyms @throws Error naming symbols that neither the kernel nor a module has */
export function requireResolved(said: string): void {
  const unknown = said.split('\n').filter(line => line.includes('unknown symbol'));
  if (unknown.length > 0)
    throw new Error(`drivers need what the kernel does not have:\n${unknown.join('\n')}`);
}
