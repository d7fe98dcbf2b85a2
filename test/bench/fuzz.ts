import { fuzz, type Fuzzed } from '../fuzz/target.ts';
import { targets } from '../fuzz/index.ts';
import { table } from '../vm/harness/table.ts';
import type { BenchOptions } from './options.ts';

/**
 * `npm run bench -- fuzz [--inputs N] [--seed N] [--only TARGET]`: so many distinct inputs for each decoder of what comes
 * from outside. A fault is printed with the seed that makes its input again: `--seed` is that of the whole run.
 */
export async function benchFuzz({ inputs = 100_000, seed = 1, only }: BenchOptions): Promise<void> {
  const chosen = targets.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0)
    throw new Error(`--only takes one of: ${targets.map(({ name }) => name).join(', ')}`);
  const results: Fuzzed[] = [];
  for (const target of chosen) {
    const result = await fuzz(target, inputs, seed);
    results.push(result);
    process.stdout.write(`${target.name}: ${result.inputs} inputs, ${result.faults.length} faults\n`);
    for (const { problem, seed } of result.faults) process.stdout.write(`  seed ${seed}: ${problem}\n`);
  }
  const rows = results.map(({ target, inputs, parsed, seconds, slowestMilliseconds, faults }) => [
    target,
    String(inputs),
    `${Math.round((100 * parsed) / Math.max(1, inputs))} %`,
    seconds.toFixed(0),
    slowestMilliseconds.toFixed(0),
    String(faults.length),
  ]);
  const heading = ['decoder', 'inputs', 'parsed', 'seconds', 'slowest ms', 'faults'];
  process.stdout.write(`\nseed ${seed}\n${table(heading, rows)}\n`);
  if (results.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
}
