import { parseArgs } from 'node:util';

/** What `npm run bench` takes besides the names of benches; each bench looks at what concerns it. */
export interface BenchOptions {
  /** How often each thing is measured, where a bench takes medians. */
  runs?: number;
  /** Where the picture of the bench "timeline" is written. */
  svg?: string;
  /** Of the bench "fuzz": distinct inputs for each decoder, where its random numbers begin, and one decoder alone. */
  inputs?: number;
  seed?: number;
  only?: string;
  /** Of the bench "fleet": how many machines at once, one round for each number. */
  machines?: readonly number[];
}

/** @returns null for arguments that mean nothing */
export function parseOptions(
  args: readonly string[],
): { names: readonly string[]; options: BenchOptions } | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string' },
        svg: { type: 'string' },
        inputs: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        machines: { type: 'string' },
        // image/lib/target.ts
        arch: { type: 'string' },
      },
      allowPositionals: true,
    });
    const { runs, svg, inputs, seed, only, machines } = values;
    if (machines !== undefined && !/^([1-9]|1\d)(,([1-9]|1\d))*$/.test(machines)) return null;
    if (runs !== undefined && !/^[1-9]\d?$/.test(runs)) return null;
    if ([inputs, seed].some(value => value !== undefined && !/^\d{1,9}$/.test(value))) return null;
    return {
      names: positionals,
      options: {
        ...(runs === undefined ? {} : { runs: Number(runs) }),
        ...(svg === undefined ? {} : { svg }),
        ...(inputs === undefined ? {} : { inputs: Number(inputs) }),
        ...(seed === undefined ? {} : { seed: Number(seed) }),
        ...(only === undefined ? {} : { only }),
        ...(machines === undefined ? {} : { machines: machines.split(',').map(Number) }),
      },
    };
  } catch {
    return null;
  }
}
