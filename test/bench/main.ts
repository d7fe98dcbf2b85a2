import { benchAccount } from './account.ts';
import { benchBoot } from './boot.ts';
import { benchClosure } from './closure.ts';
import { benchConfigUrl } from './config-url.ts';
import { benchFleet } from './fleet/fleet.ts';
import { benchFuzz } from './fuzz.ts';
import { benchKexec, benchKexecMemory } from './kexec.ts';
import { benchMemory, benchMemoryPrebuilt } from './memory.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { benchPeers } from './peers.ts';
import { benchTimeline } from './timeline.ts';
import { requireImage, requireVirtualMachines } from '../vm/harness/image.ts';

/**
 * `npm run bench -- NAME... [--runs N] [--svg FILE]`: a table for people, and the same as JSON in out/bench-NAME.json.
 * --runs is for the benches with medians, --svg for the picture of "timeline", --inputs, --seed and --only for "fuzz",
 * --machines 1,2 for "fleet"; --arch measures an image for another architecture.
 */
const benches: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  boot: benchBoot,
  timeline: benchTimeline,
  peers: benchPeers,
  ram: benchMemory,
  'ram-prebuilt': benchMemoryPrebuilt,
  closure: benchClosure,
  kexec: benchKexec,
  account: benchAccount,
  'ram-kexec': benchKexecMemory,
  fuzz: benchFuzz,
  fleet: benchFleet,
  'config-url': benchConfigUrl,
};

/** These run in this process. */
const withoutMachines: readonly string[] = ['fuzz', 'config-url'];

const asked = parseOptions(process.argv.slice(2));
if (asked === null || asked.names.length === 0 || asked.names.some(name => !Object.hasOwn(benches, name))) {
  const names = Object.keys(benches).join('|');
  process.stdout.write(`usage: npm run bench -- ${names} [--runs N] [--svg FILE]\n`);
  process.exit(2);
}
if (!asked.names.every(name => withoutMachines.includes(name))) {
  await requireVirtualMachines();
  await requireImage();
}
for (const name of asked.names) await benches[name]!(asked.options);
