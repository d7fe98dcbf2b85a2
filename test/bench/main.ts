import { benchBoot } from './boot.ts';
import { benchClosure } from './closure.ts';
import { benchKexec, benchKexecMemory } from './kexec.ts';
import { benchMemory, benchMemoryPrebuilt } from './memory.ts';
import { requireImage, requireVirtualMachines } from '../vm/image.ts';

/** `npm run bench -- boot|ram|ram-prebuilt|closure|kexec`: a table for people, and the same as JSON in out/bench-NAME.json. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  boot: benchBoot,
  ram: benchMemory,
  'ram-prebuilt': benchMemoryPrebuilt,
  closure: benchClosure,
  kexec: benchKexec,
  'ram-kexec': benchKexecMemory,
};

const names = process.argv.slice(2);
if (names.length === 0 || names.some(name => !(name in benches))) {
  process.stdout.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exit(2);
}
await requireVirtualMachines();
await requireImage();
for (const name of names) await benches[name]!();
