import { join } from 'node:path';
import { buildAgent } from './agent.ts';
import { buildBundle, bundleOnly } from './bundle.ts';
import { cached, tree, type Built } from './cache.ts';
import { requireSymbolsBound } from './check.ts';
import * as files from './files.ts';
import { checkout, requireHostPackages, requireRoot } from './host.ts';
import { trimIcu } from './icu.ts';
import { buildInitrd, type Compression } from './initrd.ts';
import { buildKernel } from './kernel.ts';
import { buildLibrary, libraries } from './libraries.ts';
import { unpack } from './packages.ts';
import { tell } from './progress.ts';
import { buildStaticProgram, staticPrograms } from './programs.ts';
import { assembleRoot } from './root.ts';
import { slimPrograms } from './slim.ts';
import { describeImage, writeOutput } from './output.ts';
import { imageSet, librarySet, toolchainSet } from './sets.ts';

/** Builds the image: this is the whole sequence. Each step is skipped where an earlier run left its result in the cache. */
export async function buildImage(compression: Compression = 'small'): Promise<Built> {
  requireRoot();
  await requireHostPackages({ '/usr/bin/mmdebstrap': 'mmdebstrap', '/usr/bin/unshare': 'util-linux' });
  const toolchain = await unpack(toolchainSet);
  const packages = await unpack(imageSet);
  const kernel = await buildKernel(toolchain);
  const icu = await trimIcu(toolchain, packages);
  const tools = await unpack(librarySet);
  const rebuilt: Built[] = [];
  for (const library of libraries) rebuilt.push(await buildLibrary(library, tools));
  const agent = await buildAgent(toolchain, packages);
  const parts = { toolchain, packages, kernel, icu, rebuilt, agent };
  const recipe = [
    'image 1',
    compression,
    toolchain,
    packages,
    kernel,
    icu,
    agent,
    ...tree(checkout('image'), bundleOnly),
  ];
  const image = await cached('image', recipe, async directory => {
    await assembleRoot(join(directory, 'root'), parts);
    slimPrograms(join(directory, 'root'));
    await requireSymbolsBound(join(directory, 'root'));
    const epoch = newestProgram(join(packages.path, 'usr/bin'));
    const layout = await buildInitrd(toolchain, directory, epoch, compression);
    files.copy(join(kernel.path, 'bzImage'), join(directory, 'bzImage'));
    files.copy(join(agent.path, 'dabei'), join(directory, 'dabei'));
    files.remove(join(directory, 'root'));
    files.write(join(directory, 'layout.json'), JSON.stringify({ epoch, ...layout }));
  });
  const programs: Built[] = [];
  for (const program of staticPrograms) programs.push(await buildStaticProgram(program, tools));
  const bundle = await buildBundle(toolchain, image, await describeImage(image, parts), programs);
  await writeOutput(image, bundle, parts);
  return image;
}

/** The image's date: that of the newest program in it, so the same packages always give the same bytes. */
function newestProgram(directory: string): number {
  const dates = files.list(directory).map(name => files.modifiedAt(join(directory, name)).getTime());
  return Math.floor(Math.max(...dates) / 1000);
}

if (process.argv[1] === import.meta.filename) {
  await buildImage(process.argv.includes('--quick') ? 'quick' : 'small').catch(error => {
    tell(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
