import { join } from 'node:path';
import { cached, tree } from '../../../image/lib/cache.ts';
import { checkout } from '../../../image/lib/host.ts';
import { buildKernel } from '../../../image/kernel/kernel.ts';
import { unpackEmulator } from '../../../image/debian/emulator.ts';
import { unpack } from '../../../image/debian/packages.ts';
import { bootLoaderSet, imageSet, toolchainSet } from '../../../image/debian/package-sets.ts';
import { target } from '../../../image/lib/target.ts';

/** Large inputs of worlds, made once and kept in the cache. */

let archive: Promise<string> | undefined;

/** The tarball of the test system: nixpkgs' contract with almost nothing in it (test/fixtures/tiny-nixos). */
export function tinyNixos(): Promise<string> {
  return (archive ??= build());
}

async function build(): Promise<string> {
  const { makeTinyNixos } = await import('../../fixtures/tiny-nixos/make.ts');
  const toolchain = await unpack(toolchainSet);
  const packages = await unpack(imageSet);
  const bootLoaders = await unpack(bootLoaderSet);
  const emulator = await unpackEmulator();
  const kernel = await buildKernel(toolchain);
  const name = 'tiny-nixos.tar.gz';
  const sources = tree(checkout('test/fixtures/tiny-nixos'));
  const recipe = ['tiny-nixos 2', packages, bootLoaders, kernel, ...sources];
  const built = await cached('tiny-nixos', recipe, async directory => {
    await makeTinyNixos({
      packagesRoot: packages.path,
      bootPackagesRoot: bootLoaders.path,
      toolchainRoot: toolchain.path,
      emulator,
      kernel: join(kernel.path, target.kernel.image),
      modules: join(kernel.path, 'modules'),
      output: join(directory, name),
    });
  });
  return join(built.path, name);
}
