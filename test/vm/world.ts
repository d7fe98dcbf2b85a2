import { basename, join } from 'node:path';
import * as files from '../../image/lib/files.ts';
import { cacheDirectory } from '../../image/lib/cache.ts';
import * as clock from '../../agent/host/clock.ts';
import { accelerator } from './harness/machine/accelerator.ts';
import { timeScale } from './harness/time-scale.ts';
import { openSite, type Site } from './harness/site.ts';

/**
 * A world: what a machine is given and what must come of it. Worlds are tables of data with a small script each
 * (worlds/*.ts); here is what holds for all of them.
 */
export interface World {
  name: string;
  /** What it shows, in one line. */
  about: string;
  /** For everything, boots included. A machine that hangs costs this much and no more. */
  limitSeconds: number;
  /** It needs no BIOS and nothing else of x86: `--arch` runs it, too. */
  everywhere?: boolean;
  /** Signs of trouble on a console (scan.ts) that belong to this world. */
  expected?: readonly RegExp[];
  /** Fails by throwing. */
  script: (site: Site, report: Report) => Promise<void>;
}

/** What a world tells besides passing. */
export interface Report {
  leastFreeMiB?: number;
}

export interface Result {
  world: string;
  passed: boolean;
  seconds: number;
  boots: number;
  leastFreeMiB?: number;
  measured?: readonly string[];
  problem?: string;
}

export const worldsDirectory = join(cacheDirectory, 'worlds');

/** Runs one world. Consoles stay for reading; disks stay only where something failed. */
export async function runWorld(world: World): Promise<Result> {
  const emulated = (await accelerator()) === 'tcg';
  let started = clock.uptimeSeconds();
  const report: Report = {};
  const directory = join(worldsDirectory, world.name);
  let site: Site | undefined;
  let problem: string | undefined;
  let limit: NodeJS.Timeout | undefined;
  try {
    // Another run may be in the middle of this world.
    site = await openSite(directory, (world.limitSeconds + 60) * timeScale);
    started = clock.uptimeSeconds();
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`the world took longer than ${world.limitSeconds} s`);
      limit = setTimeout(() => reject(error), world.limitSeconds * timeScale * 1000);
    });
    await Promise.race([world.script(site, report), late]);
  } catch (error) {
    problem = shorten(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(limit);
    await site?.close(({ machines }) => {
      problem ??= findingsOf(machines, world.expected, emulated);
      if (problem === undefined) removeDisks(directory);
    });
  }
  const seconds = Math.round(clock.uptimeSeconds() - started);
  const result = {
    world: world.name,
    passed: problem === undefined,
    seconds,
    boots: site?.machines.length ?? 0,
    ...report,
    ...(site === undefined || site.measured.length === 0 ? {} : { measured: site.measured }),
  };
  return problem === undefined ? result : { ...result, problem: `${problem}\n(all of it: ${directory})` };
}

function findingsOf(
  machines: Site['machines'],
  expected: World['expected'],
  emulated: boolean,
): string | undefined {
  for (const { console, consoleFile } of machines) {
    const found = console.findings(expected, emulated);
    if (found.length > 0) return `on the console ${basename(consoleFile)}:\n${found.join('\n')}`;
  }
  return undefined;
}

function removeDisks(directory: string): void {
  for (const file of files.list(directory)) {
    if (file.endsWith('.raw')) files.remove(join(directory, file));
  }
}

/** An assertion on a long text quotes all of it; its start and its end are enough here, the rest is in the files. */
function shorten(text: string): string {
  return text.length <= 3000 ? text : `${text.slice(0, 1500)}\n[…]\n${text.slice(-1500)}`;
}
