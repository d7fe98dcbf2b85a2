import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAgent } from './agent.ts';
import { buildBundle, bundleOnly } from './bundle.ts';
import { cached, tree, type Built } from './cache.ts';
import { requireSymbolsBound } from './check.ts';
import * as files from './files.ts';
import { checkout, requireHostPackages, requireRoot } from './host.ts';
import { trimIcu } from './icu.ts';
import { buildInitrd, shareBusybox, type Compression } from './initrd.ts';
import { buildKernel } from './kernel.ts';
import { rebuild, rebuiltSources } from './libraries.ts';
import { installer as installerRelease, unpack, unpackAlone } from './debian/packages.ts';
import { tell } from './progress.ts';
import { buildStaticProgram, staticPrograms } from './programs.ts';
import { buildStandIns } from './stand-ins.ts';
import { assembleRoot } from './root.ts';
import { explain } from './explain.ts';
import { filesInOrder, listParts, writeParts } from './parts.ts';
import { slimPrograms } from './slim.ts';
import { describeImage, writeOutput } from './output.ts';
import { imageSet, installerPrograms, librarySet, toolchainSet } from './debian/sets.ts';

/**
 * Builds the image: this is the whole sequence. Each step is skipped where an earlier run left its result in the cache.
 * @param output whether out/ is written, or only the cache
 */
export async function buildImage({ compression = 'small' as Compression, output = true } = {}) {
  requireRoot();
  // The image keeps the modes of directories that are made here.
  process.umask(0o022);
  await requireHostPackages({ '/usr/bin/mmdebstrap': 'mmdebstrap', '/usr/bin/unshare': 'util-linux' });
  const toolchain = await unpack(toolchainSet);
  const packages = await unpack(imageSet);
  const kernel = await buildKernel(toolchain);
  const icu = await trimIcu(toolchain, packages);
  const tools = await unpack(librarySet);
  const rebuilt = [await buildStandIns(toolchain)];
  for (const recipe of rebuiltSources) rebuilt.push(await rebuild(recipe, tools));
  const installer = await unpackAlone('installer', Object.keys(installerPrograms), installerRelease);
  const agent = await buildAgent(toolchain, packages);
  const parts = { toolchain, packages, kernel, icu, installer, rebuilt, agent };
  const recipe = [
    'image 1',
    compression,
    toolchain,
    packages,
    kernel,
    icu,
    agent,
    installer,
    ...rebuilt,
    ...tree(checkout('image'), bundleOnly),
  ];
  const image = await cached('image', recipe, async directory => {
    const owners = await assembleRoot(join(directory, 'root'), parts);
    slimPrograms(join(directory, 'root'));
    await requireSymbolsBound(join(directory, 'root'));
    shareBusybox(directory);
    const listed = listParts(join(directory, 'root'), owners);
    writeParts(directory, listed);
    const epoch = newestProgram(join(packages.path, 'usr/bin'));
    const layout = await buildInitrd(toolchain, directory, filesInOrder(listed), epoch, compression);
    files.copy(join(kernel.path, 'bzImage'), join(directory, 'bzImage'));
    files.copy(join(agent.path, 'dabei'), join(directory, 'dabei'));
    files.remove(join(directory, 'root'));
    files.write(join(directory, 'layout.json'), JSON.stringify({ epoch, ...layout }));
  });
  const programs: Built[] = [];
  for (const program of staticPrograms) programs.push(await buildStaticProgram(program, tools));
  const bundle = await buildBundle(toolchain, image, await describeImage(image, parts), programs);
  if (output) await writeOutput(image, bundle, parts);
  return { image, toolchain };
}

/** The image's date: that of the newest program in it, so the same packages always give the same bytes. */
function newestProgram(directory: string): number {
  const dates = files.list(directory).map(name => files.modifiedAt(join(directory, name)).getTime());
  return Math.floor(Math.max(...dates) / 1000);
}

/**
 * `npm run image -- [--quick] [--explain] [--update] [--cache-only]`: --quick compresses for development, --update fetches
 * Debian's package lists anew.
 */
if (process.argv[1] === import.meta.filename) {
  const main = async () => {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        explain: { type: 'boolean', default: false },
        update: { type: 'boolean', default: false },
        'cache-only': { type: 'boolean', default: false },
      },
    });
    const { image, toolchain } = await buildImage({
      compression: values.quick ? 'quick' : 'small',
      output: !values['cache-only'],
    });
    if (values.explain) await explain(toolchain, image);
  };
  await main().catch(error => {
    tell(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
