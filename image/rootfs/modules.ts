import { join, posix } from 'node:path';
import type { Packages } from '../debian/packages.ts';
import type { Built } from '../lib/cache.ts';
import { tool } from '../lib/crossing.ts';
import * as files from '../lib/files.ts';
import { runIn } from '../lib/host.ts';
import { target } from '../lib/target.ts';

/** The kernel's modules in the image. */

interface Parts {
  kernel: Built;
  /** With binutils for the target. */
  toolchain: Packages;
}

/** Modules of kernel-config/test-only.config, and the modules that only these need. */
const testOnlyModules: readonly string[] = [
  ...['veth', 'dummy', 'tun', 'wireguard', 'udp_tunnel', 'ip6_udp_tunnel'],
  ...['libchacha', 'libpoly1305', 'libchacha20poly1305'],
  ...['libcurve25519', 'libcurve25519-generic', ...target.ownModules],
];

/** Copies the kernel's modules, except those for tests, and indexes them again. */
export async function copyModules(root: string, { kernel, toolchain }: Parts): Promise<void> {
  const modules = join(root, 'usr/lib/modules');
  files.copy(join(kernel.path, 'modules/lib/modules'), modules);
  for (const path of files.walk(modules)) {
    if (testOnlyModules.includes(posix.basename(path, '.ko'))) files.remove(path);
  }
  const inside = (doing: string, argv: readonly string[]) =>
    runIn({ doing, root: toolchain.path, mounts: { '/image': root }, argv, timeoutSeconds: 300 });
  // Names of local symbols only serve backtraces; the kernel resolves a module's imports by global names.
  await inside('removing local symbols from the modules', [
    ...['find', '/image/usr/lib/modules', '-name', '*.ko'],
    ...['-exec', tool('strip'), '--strip-unneeded', '--remove-section=.comment', '{}', '+'],
  ]);
  const release = files.readText(join(kernel.path, 'release'));
  await inside('indexing the modules of the image', ['depmod', '--basedir=/image', release]);
  for (const path of files.walk(modules))
    if (unusedIndices.includes(posix.basename(path))) files.remove(path);
}

/** Index files of depmod(8) that neither kmod nor dabei opens. */
const unusedIndices = ['modules.symbols', 'modules.symbols.bin', 'modules.order'];
