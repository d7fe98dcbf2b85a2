import { inject } from 'postject';
import { join } from 'node:path';
import { cached, tree, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { tool } from '../lib/crossing.ts';
import { checkout, runIn } from '../lib/host.ts';
import { runTarget } from '../debian/emulator.ts';
import type { Packages } from '../debian/packages.ts';
import { target } from '../lib/target.ts';
import { bundle } from './bundle.ts';

/**
 * Builds `dabei`: the agent as one executable.
 *
 * The format is Node's single executable application: the bundle, with V8's code cache, becomes an ELF note in Debian's
 * 27 KB `node`, which loads the runtime from the shared libnode. Node looks for the bundle only if a marker in its own
 * code is set. With a shared libnode, the library contains that marker, so the build changes the library in the image,
 * too (nodejs.org/api/single-executable-applications).
 */

const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const libnode = `${target.libraries}/libnode.so.115`;

/**
 * Leaves `dabei` and the changed `libnode.so.115` in the cache.
 * @param toolchain with a compiler for the target
 */
export async function buildAgent(
  toolchain: Packages,
  packages: Packages,
  emulator: Packages | null,
): Promise<Built> {
  const sources = [
    ...tree(checkout('agent')),
    ...tree(checkout('nix/host-flake')),
    ...tree(checkout('nix/infra')),
    { file: checkout('nix/infra-host.nix') },
    { file: checkout('package-lock.json') },
  ];
  const own = ['agent', 'bundle'].map(name => ({ file: checkout(`image/agent/${name}.ts`) }));
  // V8 rejects a code cache of another version or with other flags; the emulator decides about some of them.
  const inputs = [
    'agent 1',
    packages,
    toolchain,
    ...sources,
    ...own,
    ...(emulator === null ? [] : [emulator]),
  ];
  return cached('agent', inputs, async directory => {
    await bundle(join(directory, 'dabei.cjs'));
    files.write(
      join(directory, 'sea.json'),
      JSON.stringify({
        main: '/build/dabei.cjs',
        output: '/build/dabei.blob',
        disableExperimentalSEAWarning: true,
        useCodeCache: true,
      }),
    );
    await runTarget(emulator, {
      doing: 'compiling the code cache of dabei',
      root: packages.path,
      mounts: { '/build': directory },
      // Without a fixed seed, hash tables in the code cache differ from run to run.
      argv: ['node', '--random-seed=1', '--experimental-sea-config', '/build/sea.json'],
      timeoutSeconds: 300,
    });
    const program = join(directory, 'dabei');
    files.copy(join(packages.path, 'usr/bin/node'), program);
    // postject requires the marker in the program itself; this adds it in a section that is never loaded.
    files.write(join(directory, 'marker'), `${fuse}:0\0`);
    await runIn({
      doing: 'adding the marker section',
      root: toolchain.path,
      mounts: { '/build': directory },
      argv: [tool('objcopy'), '--add-section', '.note.marker=/build/marker', '/build/dabei'],
      timeoutSeconds: 60,
    });
    await inject(program, 'NODE_SEA_BLOB', files.readBytes(join(directory, 'dabei.blob')), {
      sentinelFuse: fuse,
    });
    files.setMode(program, 0o755);
    files.write(join(directory, 'libnode.so.115'), armed(files.readBytes(join(packages.path, libnode))));
    for (const left of ['sea.json', 'dabei.blob', 'marker']) files.remove(join(directory, left));
    const version = await runTarget(emulator, {
      doing: 'starting dabei once',
      root: packages.path,
      mounts: { '/build': directory },
      argv: ['/build/dabei', '--version'],
      env: { LD_LIBRARY_PATH: '/build' },
      timeoutSeconds: 60,
    });
    if (!version.stdout.startsWith('dabei '))
      throw new Error(`the executable does not start: ${version.stdout}`);
  });
}

/** Returns libnode with its marker set. @throws Error unless the marker occurs exactly once */
function armed(library: Buffer): Buffer {
  const marker = Buffer.from(`${fuse}:0`);
  const at = library.indexOf(marker);
  if (at < 0 || library.indexOf(marker, at + 1) >= 0)
    throw new Error('libnode must contain its marker exactly once');
  const changed = Buffer.from(library);
  changed.write('1', at + marker.length - 1);
  return changed;
}
