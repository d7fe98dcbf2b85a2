import { join } from 'node:path';
import { cacheDirectory } from '../../image/cache.ts';
import { finishInstall, startInstall } from '../vm/install.ts';
import { openSite } from '../vm/site.ts';
import { publish } from './report.ts';

const stepMiB = 8;

/** The most memory with which the demo's installation fails. */
export async function benchMemory(): Promise<void> {
  publish('ram', await leastMemory('the installation', { fails: 128, works: 512 }, installs));
}

/**
 * By bisection in steps of 8 MiB.
 * @param bounds in MiB; with the upper one it must work
 */
export async function leastMemory(
  what: string,
  bounds: { fails: number; works: number },
  tryWith: (memoryMiB: number) => Promise<boolean>,
): Promise<{ works: number; fails: number; unit: 'MiB' }> {
  let { fails, works } = bounds;
  if (!(await tryWith(works))) throw new Error(`${what} already fails with ${works} MiB`);
  while (works - fails > stepMiB) {
    const middle = Math.round((fails + works) / 2 / stepMiB) * stepMiB;
    const good = await tryWith(middle);
    process.stdout.write(`${middle} MiB: ${what} ${good ? 'works' : 'fails'}\n`);
    if (good) works = middle;
    else fails = middle;
  }
  process.stdout.write(`${what} works with ${works} MiB and fails with ${fails} MiB\n`);
  return { works, fails, unit: 'MiB' };
}

async function installs(memoryMiB: number): Promise<boolean> {
  const site = await openSite(join(cacheDirectory, 'bench'));
  try {
    const disk = site.disk('target', 4096);
    const machine = await startInstall(site, await site.installConfig(), { memoryMiB, disks: [disk] });
    await finishInstall(site, machine);
    return true;
  } catch {
    return false;
  } finally {
    await site.close();
  }
}
