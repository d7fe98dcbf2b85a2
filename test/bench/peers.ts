import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { image } from '../vm/harness/image.ts';
import { stageDone } from '../vm/guests/install.ts';
import { openSite, type Site } from '../vm/harness/site.ts';
import { table } from '../vm/harness/table.ts';
import {
  comparisonHead,
  comparisonRows,
  published,
  publishedHead,
  publishedRows,
  type Peer,
} from './comparison.ts';
import { bootUnattended, fetchInstaller, firstQuestion, type Installer } from './debian-installer.ts';
import { leastMemory } from './memory.ts';
import { momentOf, outOfMemory, requireNoneKilled, type Moment } from './moment.ts';
import type { BenchOptions } from './options.ts';
import { publish } from './report.ts';
import { target } from '../../image/lib/target.ts';

/** With less than 780 MB the installer helps itself by doing less (its guide, 2.5); that is for the least RAM. */
const memoryMiB = 1024;
const bounds = { fails: 64, works: 512 };
const stepMiB = 16;

/**
 * The image beside Debian's network installer in the same machine: bytes, least RAM with the network up, and seconds, the
 * two in turn. Both have a serial console and a lease; neither has a disk, which neither has come to at that point.
 */
export async function benchPeers({ runs = 5 }: BenchOptions): Promise<void> {
  const installer = await fetchInstaller();
  const [ours, theirs] = [[] as Ours[], [] as Theirs[]];
  for (let run = 1; run <= runs; run++) {
    ours.push(await atSite(site => bootOurs(site, memoryMiB)));
    theirs.push(await atSite(site => bootTheirs(site, installer)));
    process.stdout.write(
      `${run}/${runs}: ${JSON.stringify(ours.at(-1))}, ${JSON.stringify(theirs.at(-1))}\n`,
    );
  }
  const reaches = (boot: (site: Site, memoryMiB: number) => Promise<unknown>) => (memoryMiB: number) =>
    atSite(site => boot(site, memoryMiB));
  const least = {
    ours: await leastMemory('nix-dabei', bounds, reaches(bootOurs), stepMiB),
    theirs: await leastMemory(
      "Debian's installer",
      bounds,
      reaches((site, memoryMiB) => bootUnattended(site, installer, memoryMiB)),
      stepMiB,
    ),
  };
  const peers: Record<'ours' | 'theirs', Peer> = {
    ours: {
      bytes: files.sizeOf(image.kernel) + files.sizeOf(image.initrd),
      leastMiB: least.ours.works,
      prompt: ours.map(({ prompt }) => prompt),
      network: ours.map(({ network }) => network),
      reached: ours.map(({ reached }) => reached),
    },
    theirs: {
      bytes: installer.bytes,
      leastMiB: least.theirs.works,
      prompt: theirs.map(({ prompt }) => prompt),
      reached: theirs.map(({ reached }) => reached),
    },
  };
  process.stdout.write(`${table(comparisonHead, comparisonRows(peers.ours, peers.theirs))}\n\n`);
  process.stdout.write(`${table(publishedHead, publishedRows())}\n`);
  await publish('peers', {
    memoryMiB,
    installer: installer.version,
    ...peers,
    least,
    published,
  });
}

interface Ours {
  prompt: Moment;
  network: Moment;
  reached: Moment;
}

async function bootOurs(site: Site, memoryMiB: number): Promise<Ours> {
  const machine = await site.startImage({
    name: 'dabei',
    memoryMiB,
    cpu: target.qemu.debianProcessor,
    parameters: [site.rescueParameter()],
    limitSeconds: 210,
  });
  await machine.console.waitFor(/Press Enter for a shell/, 60, [/^error IMAGE_INCOMPLETE: .*/m, outOfMemory]);
  const prompt = momentOf(machine);
  await stageDone(machine, 'network', 90);
  const network = momentOf(machine);
  await stageDone(machine, 'ssh', 60);
  await site.ssh().waitUntilUp(60);
  requireNoneKilled(machine);
  return { prompt, network, reached: momentOf(machine) };
}

interface Theirs {
  prompt: Moment;
  reached: Moment;
}

/** Twice: a machine that asks has no network, and one that has it was told not to ask. */
async function bootTheirs(site: Site, installer: Installer): Promise<Theirs> {
  const prompt = await firstQuestion(site, installer, memoryMiB);
  return { prompt, reached: await bootUnattended(site, installer, memoryMiB) };
}

async function atSite<T>(work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSite(join(cacheDirectory, 'bench-peers'));
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}
