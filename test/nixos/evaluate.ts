import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../agent/host/files.ts';
import { hostFlake } from '../../agent/plan/host-flake/host-flake.ts';
import type { RuntimeInfo } from '../../agent/plan/host-flake/runtime-info.ts';
import { machines, type ExampleMachine } from '../unit/plan/machines.ts';
import { arms } from './machines-of-arm.ts';
import { faults, type Evaluated } from './faults.ts';
import { matrix } from './matrix.ts';

/**
 * Evaluates host flakes against a real nixpkgs tree and looks at the values: that of every example machine, those with AArch64
 * processors among them, or with --matrix that of every layout with every firmware, network and kind of flake.
 *
 *   node --import=tsx --import=./test/support/nix-text.mjs test/nixos/evaluate.ts [--matrix] NIXPKGS [NAME...]
 *
 * A NAME stands for all that contain it. Needs nix-instantiate in PATH and about 1 GB of RAM; 10 s a machine, no
 * network. Prints a table; ends with 1 where something does not hold.
 */

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { matrix: { type: 'boolean', default: false } },
});
const [nixpkgs, ...only] = positionals;
if (nixpkgs === undefined) throw new Error('usage: evaluate.ts [--matrix] NIXPKGS [NAME...]');
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'dabei-evaluate-'));
let failures = 0;
try {
  for (const [name, machine] of Object.entries<ExampleMachine>(
    options.matrix ? matrix() : { ...machines, ...arms },
  )) {
    if (only.length > 0 && !only.some(part => name.includes(part))) continue;
    const directory = join(work, name);
    const generated = hostFlake(machine.config, machine.facts, machine.storage);
    for (const [file, text] of Object.entries(generated)) writeAtomic(join(directory, file), text, 0o644);
    const info = JSON.parse(generated['runtime-info.json']!) as RuntimeInfo;
    const wrong = await evaluate(directory).then(
      values => faults(info, values, expected(machine, info)),
      (error: unknown) => [String(error)],
    );
    console.log(`${wrong.length === 0 ? 'ok     ' : 'NOT OK '} ${name}`);
    for (const line of wrong) console.log(`          ${line}`);
    failures += wrong.length;
    remove(directory);
  }
} finally {
  remove(work);
}
process.exitCode = failures === 0 ? 0 : 1;

async function evaluate(directory: string): Promise<Evaluated> {
  const { stdout } = await run({
    doing: `evaluating ${directory}`,
    argv: [
      ...['nix-instantiate', '--eval', '--strict', '--json', join(here, 'evaluate.nix')],
      ...['--arg', 'nixpkgs', resolve(nixpkgs!), '--arg', 'directory', directory],
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutSeconds: 600,
  });
  return JSON.parse(stdout) as Evaluated;
}

/** user-flake.nix has one system of either style, each with a stateVersion of its own. */
function expected(
  { config }: ExampleMachine,
  info: RuntimeInfo,
): { scripted: boolean; stateVersion: string } {
  if (info.flake === null) return { scripted: false, stateVersion: config.system.stateVersion };
  const isNetworkd = info.flake.endsWith('networkd');
  return {
    scripted: !isNetworkd && !info.network.needsNetworkd,
    stateVersion: isNetworkd ? '24.11' : '25.11',
  };
}
