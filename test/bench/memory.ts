import { join } from 'node:path';
import type { ConfigInput } from '../../agent/config/schema.ts';
import { cacheDirectory } from '../../image/lib/cache.ts';
import { serveCache } from '../vm/harness/binary-cache.ts';
import { finishInstall, startInstall } from '../vm/guests/install.ts';
import { anyPrebuilt, prebuiltDisk } from '../vm/guests/prebuilt.ts';
import { openSite, type Site } from '../vm/harness/site.ts';
import { outOfMemory, requireNoneKilled } from './moment.ts';
import { publish } from './report.ts';

const bounds = { fails: 128, works: 512 };
const diskMegabytes = 4096;

/** The most memory with which the demo's installation fails. */
export async function benchMemory(): Promise<void> {
  const installs = (memoryMiB: number) => installsWith(memoryMiB, site => site.installConfig());
  await publish('ram', await leastMemory('the installation', bounds, installs));
}

/** The same for a system that was built elsewhere. */
export async function benchMemoryPrebuilt(): Promise<void> {
  const site = await openSite(join(cacheDirectory, 'bench'));
  const example = await site.installConfig();
  await site.close();
  const prebuilt = await anyPrebuilt(example, { memoryMiB: 512, diskMegabytes });
  const server = await serveCache(prebuilt.directory);
  try {
    const substituters = [server.urlFor('').replace(/\/$/, '')];
    const system = { storePath: prebuilt.storePath, substituters, trustedPublicKeys: [prebuilt.publicKey] };
    const installs = (memoryMiB: number) => installsWith(memoryMiB, each => each.installConfig({ system }));
    await publish('ram-prebuilt', await leastMemory('the prebuilt installation', bounds, installs));
  } finally {
    await server.close();
  }
}

/**
 * By bisection; why an attempt failed is printed, since a limit that was missed on a busy host is no lack of memory.
 * @param bounds in MiB, multiples of the step; with the upper one it must work
 * @param attempt throws where the memory does not do
 */
export async function leastMemory(
  what: string,
  bounds: { fails: number; works: number },
  attempt: (memoryMiB: number) => Promise<unknown>,
  stepMiB = 8,
): Promise<{ works: number; fails: number; unit: 'MiB' }> {
  const tryWith = (memoryMiB: number) =>
    attempt(memoryMiB).then(
      () => true,
      (error: unknown) => {
        process.stdout.write(`${memoryMiB} MiB: ${signIn(String(error))}\n`);
        return false;
      },
    );
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

/** What a failure says of itself: an error of dabei's, a word of the kernel, or its first line. */
function signIn(text: string): string | undefined {
  return (/^error [A-Z_]+: .*/m.exec(text) ?? outOfMemory.exec(text) ?? /.*/.exec(text))?.[0];
}

async function installsWith(
  memoryMiB: number,
  configure: (site: Site) => Promise<ConfigInput>,
): Promise<void> {
  const site = await openSite(join(cacheDirectory, 'bench'));
  try {
    const disk = site.disk(prebuiltDisk, diskMegabytes);
    const machine = await startInstall(site, await configure(site), { memoryMiB, disks: [disk] });
    await finishInstall(site, machine);
    requireNoneKilled(machine);
  } finally {
    await site.close();
  }
}
