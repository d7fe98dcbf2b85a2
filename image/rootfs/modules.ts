import { join, posix } from 'node:path';
import type { Packages } from '../debian/packages.ts';
import type { Built } from '../lib/cache.ts';
import { tool } from '../lib/crossing.ts';
import * as files from '../lib/files.ts';
import { runIn } from '../lib/host.ts';
import { target } from '../lib/target.ts';
import { furtherInitrds } from './further-initrds.ts';

/** The kernel's modules in the image, and in further initrds. */

export interface ModuleParts {
  kernel: Built;
  /** With binutils for the target. */
  toolchain: Packages;
}

/** Modules of kernel-config/test-only.config, and the modules that only these need; radios without hardware (kernel-config/wifi.config). */
const testOnlyModules: readonly string[] = [
  ...['veth', 'dummy', 'tun', 'wireguard', 'udp_tunnel', 'ip6_udp_tunnel'],
  ...['libchacha', 'libpoly1305', 'libchacha20poly1305'],
  ...['libcurve25519', 'libcurve25519-generic', 'mac80211_hwsim', ...target.ownModules],
];

/** Where they are, below a root. */
export const modules = 'usr/lib/modules';

/** Copies the kernel's modules, except those for tests. `indexModules` is for later, when each has its place. */
export async function copyModules(root: string, { kernel, toolchain }: ModuleParts): Promise<void> {
  files.copy(join(kernel.path, 'modules/lib/modules'), join(root, modules));
  for (const path of files.walk(join(root, modules))) {
    if (testOnlyModules.includes(posix.basename(path, '.ko'))) files.remove(path);
  }
  // Names of local symbols only serve backtraces; the kernel resolves a module's imports by global names.
  await runIn({
    doing: 'removing local symbols from the modules',
    root: toolchain.path,
    mounts: { '/image': root },
    argv: [
      ...['find', `/image/${modules}`, '-name', '*.ko'],
      ...['-exec', tool('strip'), '--strip-unneeded', '--remove-section=.comment', '{}', '+'],
    ],
    timeoutSeconds: 300,
  });
}

/**
 * Indexes the modules of the image; and for each further initrd that has modules, those of both, since its index lies over that of the
 * image.
 * @param directory contains root/ and those of the further initrds
 * @throws Error naming modules of the image that need others, which it does not have
 */
export async function indexModules(directory: string, parts: ModuleParts): Promise<void> {
  const root = join(directory, 'root');
  const release = files.readText(join(parts.kernel.path, 'release'));
  const index = (of: string) => writeIndex(of, release, parts);
  for (const further of furtherInitrds) {
    const own = join(directory, further.directory);
    if (!files.exists(join(own, modules))) continue;
    const both = join(directory, 'both');
    files.symlink('usr/lib', join(both, 'lib'));
    for (const from of [root, own]) {
      for (const path of files.walk(join(from, modules)))
        files.copy(path, join(both, path.slice(from.length)));
    }
    for (const name of await index(both))
      files.copy(join(both, modules, release, name), join(own, modules, release, name));
    files.remove(both);
  }
  await index(root);
  const whole = join(root, modules, release);
  const needs = files.readText(join(parts.kernel.path, 'modules/lib/modules', release, 'modules.dep'));
  const lacking = lackingModules(needs, path => files.exists(join(whole, path)));
  if (lacking.length > 0)
    throw new Error(`modules of the image need others, which it does not have:\n  ${lacking.join('\n  ')}`);
}

/** @param of a root with modules @returns names of files beside them: the index by which modprobe(8) and udev find modules */
export async function writeIndex(
  of: string,
  release: string,
  { toolchain }: Pick<ModuleParts, 'toolchain'>,
): Promise<string[]> {
  await runIn({
    doing: 'indexing the modules of the image',
    root: toolchain.path,
    mounts: { '/image': of },
    argv: ['depmod', '--basedir=/image', release],
    timeoutSeconds: 300,
  });
  const written = files.list(join(of, modules, release)).filter(name => name.startsWith('modules.'));
  for (const name of unusedIndices) files.remove(join(of, modules, release, name));
  return written.filter(name => !unusedIndices.includes(name));
}

/** Index files of depmod(8) that neither kmod nor dabei opens. */
const unusedIndices = ['modules.symbols', 'modules.symbols.bin', 'modules.order'];

/**
 * @param index modules.dep of all modules, depmod(8)
 * @param isThere whether a path of it is in the image
 * @returns "module needs module", for each that is there and needs one that is not
 */
export function lackingModules(index: string, isThere: (path: string) => boolean): string[] {
  return index.split('\n').flatMap(line => {
    const [path = '', ...needed] = line.split(/:? +|:$/).filter(Boolean);
    if (path === '' || !isThere(path)) return [];
    return needed.filter(each => !isThere(each)).map(each => `${path} needs ${each}`);
  });
}
