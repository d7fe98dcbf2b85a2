import { parseArgs } from 'node:util';
import * as clock from '../../agent/host/clock.ts';
import { coreLimitSeconds, coreWorlds } from './core.ts';
import { target } from '../../image/lib/target.ts';
import { accelerator } from './harness/machine/accelerator.ts';
import { requireImage, requireVirtualMachines } from './harness/image.ts';
import { Remembered } from './result-cache.ts';
import { runWorld, type Result, type World } from './world.ts';
import { worlds } from './worlds/index.ts';
import { table } from './harness/table.ts';

/**
 * `npm run test:worlds -- [--core] [--only NAME]... [--jobs 1|2] [--fresh] [--list] [--arch NAME]`
 *
 * A run that was interrupted goes on where it stopped (result-cache.ts); only what passed is not run again. --fresh runs
 * everything. --arch tests an image for another architecture (image/lib/target.ts), in the worlds that are for every one.
 * Ends with the line "N passed, N failed".
 */
const { values } = parseArgs({
  options: {
    core: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    arch: { type: 'string' },
  },
});

const possible = target.grubBiosTarget === null ? worlds.filter(({ everywhere }) => everywhere) : worlds;
const chosen = choose();
if (values.list) {
  const isCore = (name: string) => coreWorlds.some(({ world }) => world === name);
  for (const { name, about } of chosen) say(`${isCore(name) ? 'core ' : '     '}${name.padEnd(24)} ${about}`);
} else {
  process.exitCode = await runAll();
}

function choose(): readonly World[] {
  const unknown = values.only?.filter(name => !worlds.some(world => world.name === name)) ?? [];
  if (unknown.length > 0) {
    say(`no world is named ${unknown.join(' or ')}; --list shows them`);
    process.exit(2);
  }
  const asked = values.only ?? (values.core ? coreWorlds.map(({ world }) => world) : null);
  const isPossible = (name: string) => possible.some(world => world.name === name);
  const left = values.only?.filter(name => !isPossible(name)) ?? [];
  if (left.length > 0) {
    say(`not for ${target.machine}: ${left.join(' ')}; --list shows the worlds that are`);
    process.exit(2);
  }
  return asked?.filter(isPossible).map(name => worlds.find(world => world.name === name)!) ?? possible;
}

async function runAll(): Promise<number> {
  // More than two emulated machines on a small host only take time from each other, and limits would be missed.
  const jobs = Math.min(2, Math.max(1, Number(values.jobs) || 1));
  await requireVirtualMachines();
  await requireImage();
  say(`${chosen.length} worlds, ${jobs} at a time, ${await accelerator()}`);
  const remembered = await Remembered.open();
  const results = new Map<string, Result>();
  const queue = chosen.filter(({ name }) => {
    const before = values.fresh ? undefined : remembered.get(name);
    if (before?.passed) results.set(name, before);
    return !before?.passed;
  });
  if (results.size > 0) say(`${results.size} passed in an earlier run of the same`);

  const worker = async () => {
    for (let world = queue.shift(); world; world = queue.shift()) {
      say(`${world.name}: started (${world.about})`);
      const result = await runWorld(world);
      say(`${world.name}: ${result.passed ? 'passed' : 'FAILED'} (${result.seconds} s)`);
      for (const line of result.measured ?? []) say(indent(line));
      if (result.problem !== undefined) say(indent(result.problem));
      results.set(world.name, result);
      remembered.keep(result);
    }
  };
  const started = clock.uptimeSeconds();
  await Promise.all(Array.from({ length: jobs }, worker));

  const rows = chosen.map(({ name }) => results.get(name)!).map(toRow);
  say(`\n${table(['world', 'result', 'seconds', 'boots', 'least free MiB'], rows)}`);
  const failed = [...results.values()].filter(result => !result.passed).length;
  const limit = values.core ? `; core worlds may take ${coreLimitSeconds} s on a quiet machine` : '';
  say(`in ${Math.round(clock.uptimeSeconds() - started)} s${limit}`);
  say(`${results.size - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function toRow(result: Result): string[] {
  const { world, passed, seconds, boots, leastFreeMiB } = result;
  return [
    world,
    passed ? 'passed' : 'FAILED',
    String(seconds),
    String(boots),
    leastFreeMiB?.toString() ?? '',
  ];
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
