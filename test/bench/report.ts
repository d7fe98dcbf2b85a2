import { cpus } from 'node:os';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';
import { accelerator } from '../vm/harness/machine/accelerator.ts';
import * as clock from '../../agent/host/clock.ts';
import { image } from '../vm/harness/image.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Writes out/bench-NAME.json: figures without the machine and the image that they were taken with mean nothing. */
export async function publish(name: string, figures: Record<string, unknown>): Promise<void> {
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    accelerator: await accelerator(),
  };
  const measured = {
    date: clock.now().toISOString().slice(0, 10),
    bzImage: await files.sha256(image.kernel),
    initrd: await files.sha256(image.initrd),
  };
  const file = checkout('out', `bench-${name}.json`);
  files.write(file, JSON.stringify({ machine, image: measured, ...figures }, null, 2) + '\n');
  process.stdout.write(`${file}\n`);
}
