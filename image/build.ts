import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAgent } from './agent/agent.ts';
import { unpackMediaTools } from './media/boot/media-tools.ts';
import { buildFirmware, firmwareNeeds } from './media/firmware/firmware.ts';
import { media, mediaWith } from './media/media.ts';
import type { MediumParts } from './media/medium.ts';
import { cached, planSteps, tree, type Built } from './lib/cache.ts';
import { requireStubsEnough, requireSymbolsBound } from './elf/check.ts';
import * as files from './lib/files.ts';
import { checkout, requireHostPackages, requireRoot } from './lib/host.ts';
import { trimIcu } from './reductions/icu.ts';
import { buildInitrd, shareBusybox, type Compression } from './rootfs/initrd.ts';
import { buildKernel } from './kernel/kernel.ts';
import { rebuild, rebuiltSources } from './reductions/libraries.ts';
import { unpackLibraryTools } from './reductions/library-tools.ts';
import { fetchAll, type Fetched } from './debian/fetch.ts';
import { kernelNeeds, optionalNeeds, requiredNeeds } from './debian/inputs.ts';
import { formatLockFile, lockFilePath } from './debian/lock-file.ts';
import type { Need } from './debian/needs.ts';
import { installer as installerRelease, unpack, unpackAlone, type Packages } from './debian/packages.ts';
import { unpackEmulator } from './debian/emulator.ts';
import { expectSteps, stepsTaken, tell } from './lib/progress.ts';
import { buildStaticProgram, staticPrograms } from './reductions/programs.ts';
import { Fallbacks, parseReductions, type Fallback, type FallbackOptions } from './reductions/fallbacks.ts';
import { buildStubs } from './reductions/stubs.ts';
import { furtherInitrds, takeFurther } from './rootfs/further-initrds.ts';
import { indexModules } from './rootfs/modules.ts';
import { assembleRoot, type Parts } from './rootfs/root.ts';
import { explain } from './report/explain.ts';
import { filesInOrder, listParts, writeParts } from './rootfs/parts.ts';
import { slimPrograms } from './elf/slim.ts';
import { describeImage, writeOutput, type MadeMedium } from './report/output.ts';
import * as sets from './debian/package-sets.ts';
import { cpuSeconds } from './time/cpu.ts';
import { describeForecast, forecast } from './time/forecast.ts';
import { describeSpent, mergeReport, reportFile } from './time/report.ts';
import * as clock from '../agent/host/clock.ts';
import { variants, type Variant } from '../agent/variants.ts';
import { BuildError } from './lib/errors.ts';
import { requireWhole, target } from './lib/target.ts';

export interface BuildOptions extends FallbackOptions {
  compression?: Compression;
  /** Whether to write out/, or to fill the cache only. */
  output?: boolean;
  /** For each list, a further ISO with the initrds of these. */
  isos?: readonly (readonly Variant[])[];
  /** Further Debian files that the caller needs: the build fetches everything before it compiles anything. */
  also?: readonly Need[];
}

export interface BuiltImage {
  image: Built;
  toolchain: Packages;
  /** The parts for which the image has Debian's own files instead of smaller ones. */
  fallbacks: readonly Fallback[];
}

/** Builds the image: this is the whole sequence. The cache supplies each step that an earlier run completed. */
export async function buildImage(options: BuildOptions = {}): Promise<BuiltImage> {
  requireWhole(target);
  await fetchInputs(options);
  const started = { seconds: clock.uptimeSeconds(), cpuSeconds: cpuSeconds() };
  await tellForecast(options);
  const fallbacks = new Fallbacks(options);
  const parts = await withoutStubsThatLack(await buildParts(fallbacks), fallbacks);
  const image =
    (await fallbacks.reduce('elf', () => packImage(parts, fallbacks, options))) ??
    (await packImage(parts, fallbacks, options));
  const description = await describeImage(image, parts, fallbacks.taken);
  const firmware = await buildFirmware(allVariants(options), parts);
  const made: MadeMedium[] = [];
  for (const medium of mediaWith(options.isos ?? []))
    made.push({ medium, built: await medium.make({ ...parts, image, description, firmware }) });
  if (options.output ?? true) await writeOutput(image, made, { ...parts, firmware }, fallbacks.taken);
  tellSpent(started);
  return { image, toolchain: parts.toolchain, fallbacks: fallbacks.taken };
}

type AllParts = Parts & Pick<MediumParts, 'programs' | 'mediaTools'>;

/** Everything that the image and its media are made from. */
async function buildParts(fallbacks: Fallbacks): Promise<AllParts> {
  const toolchain = await unpack(sets.toolchainSet);
  const packages = await unpack(sets.imageSet);
  const emulator = await unpackEmulator();
  const kernel = await buildKernel(toolchain);
  const icu = await fallbacks.reduce('icu', () => trimIcu(toolchain, packages, emulator));
  const tools = await unpackLibraryTools();
  const rebuilt = [await fallbacks.reduce('stubs', () => buildStubs(toolchain))];
  for (const recipe of rebuiltSources)
    rebuilt.push(await fallbacks.reduce(recipe.source, () => rebuild(recipe, tools)));
  const installer = await fallbacks.reduce('installer', () =>
    unpackAlone('installer', Object.keys(sets.installerPrograms), installerRelease),
  );
  const agent = await buildAgent(toolchain, packages, emulator);
  const programs: Built[] = [];
  for (const program of staticPrograms) programs.push(await buildStaticProgram(program, tools, emulator));
  const mediaTools = await unpackMediaTools();
  const had = rebuilt.filter(built => built !== null);
  const made = { kernel, icu, installer, rebuilt: had, agent, programs };
  return { toolchain, packages, emulator, ...made, mediaTools };
}

/**
 * Debian's own program may need more symbols of a library than the stub has (udev of Debian 13 calls eight further
 * functions of libselinux). If the stub is then incomplete, the image gets Debian's library, too.
 */
async function withoutStubsThatLack<P extends Parts>(parts: P, fallbacks: Fallbacks): Promise<P> {
  if (fallbacks.taken.length === 0 || fallbacks.has('stubs')) return parts;
  const { packages, icu, installer, rebuilt, agent, kernel } = parts;
  const built = [packages, icu, installer, agent, kernel, ...rebuilt].filter(part => part !== null);
  const enough = await fallbacks.reduce('stubs', () =>
    cached('stubs-check', ['stubs-check 1', ...built], async directory => {
      await assembleRoot(join(directory, 'root'), parts);
      await requireStubsEnough(join(directory, 'root'), parts.emulator);
      files.remove(join(directory, 'root'));
    }),
  );
  return enough === null
    ? { ...parts, rebuilt: rebuilt.filter(({ path }) => !basename(path).startsWith('stubs-')) }
    : parts;
}

/** Files below image/ that make a medium, or measure the result: changing one of them does not rebuild the image. */
const notInImage = [
  ...['media', 'reductions/programs.ts', 'reductions/budgets.ts', 'report', 'time'],
  ...['debian.lock.json', 'start.mjs', 'top.ts'],
];

/** Builds kernel, initrd and `dabei`. @throws CannotReduce if a program cannot be made smaller and may not fall back */
async function packImage(parts: Parts, fallbacks: Fallbacks, { compression = 'small' }: BuildOptions) {
  const { toolchain, packages, kernel, icu, installer, rebuilt, agent } = parts;
  const slimmed = !fallbacks.has('elf');
  const built = [toolchain, packages, kernel, icu, agent, installer, ...rebuilt].filter(
    part => part !== null,
  );
  // A part that fell back has no key, but which parts fell back decides the image's content.
  const choices = JSON.stringify({ compression, fallBack: fallbacks.taken.map(({ part }) => part) });
  const recipe = ['image 2', choices, ...built, ...tree(checkout('image'), notInImage)];
  return cached('image', recipe, async directory => {
    const owners = await assembleRoot(join(directory, 'root'), parts);
    if (slimmed) slimPrograms(join(directory, 'root'));
    await requireSymbolsBound(join(directory, 'root'), parts.emulator);
    shareBusybox(directory);
    takeFurther(directory, owners);
    await indexModules(directory, parts);
    const listed = listParts(join(directory, 'root'), owners);
    writeParts(directory, listed);
    const epoch = newestProgram(join(packages.path, 'usr/bin'));
    const layout = await buildInitrd(toolchain, directory, filesInOrder(listed), epoch, compression);
    files.copy(join(kernel.path, target.kernel.image), join(directory, target.kernel.image));
    files.copy(join(agent.path, 'dabei'), join(directory, 'dabei'));
    for (const name of ['root', ...furtherInitrds.map(({ directory }) => directory)])
      files.remove(join(directory, name));
    files.write(join(directory, 'layout.json'), JSON.stringify({ epoch, ...layout }));
  });
}

/** Prints how long the build will take. The lines of each step report progress later. */
async function tellForecast(options: BuildOptions): Promise<void> {
  const steps = await planSteps(async () => {
    const silent = new Fallbacks(options, () => {});
    const parts = await buildParts(silent);
    await packImage(parts, silent, options);
    await buildFirmware(allVariants(options), parts);
  });
  // Their keys depend on the finished image.
  const isCached = steps.every(({ isCached }) => isCached);
  const further = mediaWith(options.isos ?? []).slice(media.length);
  for (const name of ['bundle', 'iso', 'raw', ...further.map(({ name }) => name)])
    steps.push({ name, isCached });
  const cores = availableParallelism();
  const expected = forecast(steps, cores);
  for (const line of describeForecast(expected, cores)) tell(line);
  expectSteps(expected);
}

function tellSpent(started: { seconds: number; cpuSeconds: number }): void {
  const taken = stepsTaken();
  if (taken.length === 0) return;
  const last = {
    seconds: clock.uptimeSeconds() - started.seconds,
    cpuSeconds: cpuSeconds() - started.cpuSeconds,
  };
  const report = mergeReport(files.readIfThere(reportFile), availableParallelism(), last, taken);
  files.write(reportFile, JSON.stringify(report, null, 2) + '\n');
  tell(describeSpent(last, taken));
}

/**
 * Fetches every external input of an image into the cache.
 * @throws FetchMissing naming everything missing without which the requested image cannot be built
 */
async function fetchInputs(options: BuildOptions, kernelOnly = false): Promise<Fetched> {
  const { also = [], strict = false } = options;
  requireRoot();
  // The image keeps the modes of directories that are created here.
  process.umask(0o022);
  await requireHostPackages({
    '/usr/bin/mmdebstrap': 'mmdebstrap',
    '/usr/bin/unshare': 'util-linux',
    '/usr/bin/gpgv': 'gpgv',
  });
  if (kernelOnly) return fetchAll(kernelNeeds);
  const required = [...requiredNeeds, ...firmwareNeeds(allVariants(options)), ...also];
  return strict ? fetchAll([...required, ...optionalNeeds]) : fetchAll(required, optionalNeeds);
}

const allVariants = ({ isos = [] }: BuildOptions): Variant[] => [...new Set(isos.flat())];

/** @throws BuildError USAGE naming what is no variant, or what excludes each other */
function parseVariants(names: readonly string[]): Variant[] {
  const doing = 'reading --variant';
  if (names.includes('wifi') && names.includes('wifi-intel'))
    throw new BuildError('USAGE', {
      doing,
      problem: 'wifi has everything that wifi-intel has',
      remedy: 'name one of them',
    });
  const unknown = names.filter(name => !variants.some(variant => variant === name));
  if (unknown.length === 0) return variants.filter(variant => names.includes(variant));
  throw new BuildError('USAGE', {
    doing,
    problem: `there is no variant named ${unknown.map(name => JSON.stringify(name)).join(' or ')}`,
    remedy: `name one or more of these, each after --variant of its own: ${variants.join(' ')}`,
  });
}

/** The image's date is that of its newest program, so the same packages always give the same bytes. */
function newestProgram(directory: string): number {
  const dates = files.list(directory).map(name => files.modifiedAt(join(directory, name)).getTime());
  return Math.floor(Math.max(...dates) / 1000);
}

/**
 * `npm run image -- [--quick] [--explain] [--update] [--cache-only] [--fall-back PART,…|all] [--strict] [--fetch-only]
 * [--kernel-only] [--variant NAME]... [--arch NAME] [--lock] [--locked]`: --quick compresses for development; --update
 * fetches Debian's package lists again; --fall-back uses Debian's own files without trying (reductions/reductions.ts) and
 * --strict never does; --fetch-only compiles nothing, --kernel-only nothing but the kernel and ZFS; --variant also makes
 * an ISO that has that part (agent/variants.ts); --arch builds for another architecture (lib/target.ts); --lock records
 * the versions that the image is built from, --locked builds from them (debian/lock-file.ts).
 */
if (process.argv[1] === import.meta.filename) {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ quick: flag, explain: flag, update: flag, 'cache-only': flag, strict: flag },
      ...{ 'fetch-only': flag, 'kernel-only': flag, lock: flag, locked: flag },
      ...{
        'fall-back': { type: 'string' },
        arch: { type: 'string' },
        variant: { type: 'string', multiple: true },
      },
    },
  });
  const options: BuildOptions = {
    compression: values.quick ? 'quick' : 'small',
    output: !values['cache-only'],
    fallBack: values['fall-back'] === undefined ? [] : parseReductions(values['fall-back']),
    strict: values.strict,
    isos: values.variant === undefined ? [] : [parseVariants(values.variant)],
  };
  if (!values['fetch-only'] && !values['kernel-only']) requireWhole(target);
  const { plans } = await fetchInputs(options, values['kernel-only']);
  if (values['kernel-only']) {
    const { path } = await buildKernel(await unpack(sets.toolchainSet));
    tell(`the kernel for ${target.machine} is in ${path}`);
  } else if (!values['fetch-only']) {
    const { image, toolchain } = await buildImage(options);
    if (values.explain) await explain(toolchain, image);
  }
  if (values.lock) {
    files.write(lockFilePath, formatLockFile(plans));
    tell(`${lockFilePath}: written`);
  }
}
