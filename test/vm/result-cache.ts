import { build } from 'esbuild';
import { join } from 'node:path';
import { keyOf, tree } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';
import { image } from './harness/image.ts';
import { worldsDirectory, type Result } from './world.ts';
import { worldsByFile } from './worlds/index.ts';

/**
 * Results of worlds, kept by what they depend on: the image, the fixtures, and all sources that the file of the world
 * imports. A run that was interrupted goes on where it stopped, and a change to one world has no other run again.
 */
export class Remembered {
  readonly #results = new Map<string, Result>();
  readonly #places: ReadonlyMap<string, string>;

  private constructor(places: ReadonlyMap<string, string>) {
    this.#places = places;
    for (const place of new Set(places.values())) {
      if (!files.exists(place)) continue;
      for (const result of JSON.parse(files.readText(place)) as Result[])
        this.#results.set(result.world, result);
    }
  }

  static async open(): Promise<Remembered> {
    const places = new Map<string, string>();
    for (const [name, inputs] of await importsOf(Object.keys(worldsByFile))) {
      const sources = inputs.flatMap(path => [path, { file: checkout(path) }]);
      const key = keyOf([files.readText(image.sums), ...tree(checkout('test/fixtures')), ...sources]);
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
    const beside = [...this.#results.values()].filter(({ world }) => this.#places.get(world) === place);
    files.write(place, JSON.stringify(beside, null, 2));
  }
}

/** Paths in the checkout of all that a file of worlds is made of, itself and what runs every world among them. */
async function importsOf(names: readonly string[]): Promise<Map<string, string[]>> {
  const { metafile } = await build({
    absWorkingDir: checkout(),
    entryPoints: [...names.map(name => `test/vm/worlds/${name}.ts`), 'test/vm/world.ts'],
    bundle: true,
    write: false,
    outdir: 'out',
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: { '.nix': 'text' },
    logLevel: 'warning',
  });
  const outputs = Object.values(metafile.outputs);
  const of = (path: string) => Object.keys(outputs.find(({ entryPoint }) => entryPoint === path)!.inputs);
  const always = of('test/vm/world.ts');
  return new Map(
    names.map(name => [name, [...new Set([...of(`test/vm/worlds/${name}.ts`), ...always])].toSorted()]),
  );
}
