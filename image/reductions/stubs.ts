import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout, runIn } from '../lib/host.ts';
import type { Packages } from '../debian/packages.ts';

/** Builds a small replacement for libselinux: without SELinux in the kernel, the real one could only ever report "disabled". */
export async function buildStubs(toolchain: Packages): Promise<Built> {
  const source = checkout('image/reductions/stubs/selinux.c');
  return cached('stubs', ['stubs 1', toolchain, { file: source }], async directory => {
    // Every symbol of the real library has this version.
    files.write(join(directory, 'versions'), 'LIBSELINUX_1.0 { global: *; };\n');
    files.copy(source, join(directory, 'selinux.c'));
    await runIn({
      doing: 'building the stub for libselinux',
      root: toolchain.path,
      mounts: { '/build': directory },
      argv: [
        ...['env', '--chdir=/build', 'gcc', '-Os', '-shared', '-fPIC', '-s', '-Wl,--build-id=none'],
        ...['-Wl,-z,now', '-Wl,-soname,libselinux.so.1', '-Wl,--version-script,versions'],
        ...['-o', 'libselinux.so.1', 'selinux.c'],
      ],
      timeoutSeconds: 60,
    });
    for (const left of ['versions', 'selinux.c']) files.remove(join(directory, left));
  });
}
