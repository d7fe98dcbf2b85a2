import { join } from 'node:path';
import { cacheDirectory } from '../../image/cache.ts';
import { finishInstall, startInstall } from '../vm/install.ts';
import { openSite } from '../vm/site.ts';
import { publish } from './report.ts';

const stepMiB = 8;
const lowest = 128;
const highest = 512;

/** The most memory with which the demo's installation fails, by bisection in steps of 8 MiB. */
export async function benchMemory(): Promise<void> {
  let fails = lowest;
  let works = highest;
  if (!(await installs(works))) throw new Error(`the installation already fails with ${works} MiB`);
  while (works - fails > stepMiB) {
    const middle = Math.round((fails + works) / 2 / stepMiB) * stepMiB;
    const good = await installs(middle);
    process.stdout.write(`${middle} MiB: ${good ? 'installs' : 'fails'}\n`);
    if (good) works = middle;
    else fails = middle;
  }
  process.stdout.write(`the installation works with ${works} MiB and fails with ${fails} MiB\n`);
  publish('ram', { works, fails, unit: 'MiB' });
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
