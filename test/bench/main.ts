import { benchBoot } from './boot.ts';
import { benchMemory } from './memory.ts';
import { requireImage, requireVirtualMachines } from '../vm/image.ts';

/** `npm run bench -- boot|ram`: a table for people, and the same as JSON in out/bench-NAME.json. */
const benches: Readonly<Record<string, () => Promise<void>>> = { boot: benchBoot, ram: benchMemory };

const names = process.argv.slice(2);
if (names.length === 0 || names.some(name => !(name in benches))) {
  process.stdout.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exit(2);
}
await requireVirtualMachines();
await requireImage();
for (const name of names) await benches[name]!();
