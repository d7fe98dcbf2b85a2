import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { tool } from '../lib/crossing.ts';
import { checkout, runIn } from '../lib/host.ts';
import type { Packages } from '../debian/packages.ts';

/**
 * Small replacements for large libraries, which could only ever answer "no" here. Name of the
 * source below stubs/ -> the library; the versions of its symbols are beside the source (ld(1), VERSION scripts).
 */
const stubs: Readonly<Record<string, string>> = {
  selinux: 'libselinux.so.1',
  systemd: 'libsystemd.so.0',
  edit: 'libedit.so.2',
};

export async function buildStubs(toolchain: Packages): Promise<Built> {
  const sources = files.walk(checkout('image/reductions/stubs'));
  const inputs = ['stubs 2', JSON.stringify(stubs), toolchain, ...sources.map(file => ({ file }))];
  return cached('stubs', inputs, async directory => {
    for (const [name, library] of Object.entries(stubs)) {
      const source = checkout(`image/reductions/stubs/${name}.c`);
      const versions = checkout(`image/reductions/stubs/${name}.versions`);
      const versioned = files.exists(versions);
      files.copy(source, join(directory, 'source.c'));
      if (versioned) files.copy(versions, join(directory, 'versions'));
      await runIn({
        doing: `building the stub for ${library}`,
        root: toolchain.path,
        mounts: { '/build': directory },
        argv: [
          ...['env', '--chdir=/build', tool('gcc'), '-Os', '-shared', '-fPIC', '-s', '-Wl,--build-id=none'],
          ...[
            '-Wl,-z,now',
            `-Wl,-soname,${library}`,
            ...(versioned ? ['-Wl,--version-script,versions'] : []),
          ],
          ...['-o', library, 'source.c'],
        ],
        timeoutSeconds: 60,
      });
      for (const left of ['versions', 'source.c']) files.remove(join(directory, left));
    }
  });
}
