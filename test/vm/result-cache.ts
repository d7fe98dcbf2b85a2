import { build } from 'esbuild';
import { join } from 'node:path';
import { textLoader } from '../../image/agent/bundle.ts';
import { keyOf, tree } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';
import { image } from './harness/image.ts';
import { worldsDirectory, type Result } from './world.ts';
import { worldsByFile } from './worlds/index.ts';

/**
 * Results of worlds, kept by what they depend on: the image, the fixtures, and the program that esbuild makes of the file
 * of the world and all that it imports. A run that was interrupted goes on where it stopped; a change to one world has no
 * other run again, and a change to a comment has none.
 */
export class Remembered {
  readonly #results = new Map<string, Result>();
  readonly #places: ReadonlyMap<string, string>;

  private constructor(places: ReadonlyMap<string, string>) {
    this.#places = places;
    for (const place of new Set(places.values())) {
      for (const result of readResults(place)) this.#results.set(result.world, result);
    }
  }

  static async open(): Promise<Remembered> {
    const places = new Map<string, string>();
    for (const [name, programs] of await programsOf(Object.keys(worldsByFile))) {
      const given = process.env['DABEI_DISKO_SCRIPT'] ?? '';
      const key = keyOf([files.readText(image.sums), ...tree(checkout('test/fixtures')), given, ...programs]);
      const place = join(worldsDirectory, `results-${name}-${key}.json`);
      for (const world of worldsByFile[name]!) places.set(world.name, place);
    }
    return new Remembered(places);
  }

  get(world: string): Result | undefined {
    return this.#results.get(world);
  }

  keep(result: Result): void {
    this.#results.set(result.world, result);
    const place = this.#places.get(result.world)!;
    // Another run may have written, and may read at this moment.
    const beside = readResults(place).filter(({ world }) => world !== result.world);
    const whole = `${place}.${process.pid}`;
    files.write(whole, JSON.stringify([...beside, result], null, 2));
    files.rename(whole, place);
  }
}

function readResults(place: string): Result[] {
  return JSON.parse(files.readIfThere(place) ?? '[]') as Result[];
}

/** The files of worlds as programs, each with that which runs every world. */
export async function programsOf(names: readonly string[]): Promise<Map<string, readonly string[]>> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: checkout(),
    entryPoints: [...names.map(name => `test/vm/worlds/${name}.ts`), 'test/vm/world.ts'],
    bundle: true,
    write: false,
    outdir: 'out',
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: textLoader,
    // Without it, esbuild keeps comments that stand in expressions.
    minifyWhitespace: true,
    logLevel: 'warning',
  });
  const outputs = Object.entries(metafile.outputs);
  const program = (source: string) => {
    const [path] = outputs.find(([, { entryPoint }]) => entryPoint === source)!;
    return outputFiles.find(file => file.path === checkout(path))!.text;
  };
  const always = program('test/vm/world.ts');
  return new Map(names.map(name => [name, [program(`test/vm/worlds/${name}.ts`), always]]));
}
