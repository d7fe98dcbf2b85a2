import { cpus } from 'node:os';
import * as files from '../../image/files.ts';
import { checkout } from '../../image/host.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Writes out/bench-NAME.json: figures without the machine they were taken on mean nothing. */
export function publish(name: string, figures: Record<string, unknown>): void {
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown' };
  const file = checkout('out', `bench-${name}.json`);
  files.write(file, JSON.stringify({ machine, ...figures }, null, 2) + '\n');
  process.stdout.write(`${file}\n`);
}
