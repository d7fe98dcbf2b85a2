import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import { finishInstall, startInstall } from '../vm/guests/install.ts';
import { openSite } from '../vm/harness/site.ts';
import { table } from '../vm/harness/table.ts';
import type { BenchOptions } from './options.ts';
import { median, publish } from './report.ts';

const memoryMiB = 1024;

interface Sample {
  /** Seconds from QEMU's start until a command over SSH succeeded. */
  sshd: number;
  /** Seconds from QEMU's start until the machine rebooted, installed. */
  installed: number;
}

/** Seconds to "sshd answers" and to "installed", BIOS and UEFI: the median of three runs each, nothing else running. */
export async function benchBoot({ runs = 3 }: BenchOptions): Promise<void> {
  const results: Record<string, Sample[]> = {};
  for (const firmware of ['bios', 'uefi'] as const) {
    results[firmware] = [];
    for (let run = 1; run <= runs; run++) {
      const sample = await measure(firmware);
      process.stdout.write(
        `${firmware} ${run}/${runs}: sshd ${sample.sshd} s, installed ${sample.installed} s\n`,
      );
      results[firmware].push(sample);
    }
  }
  const rows = Object.entries(results).map(([firmware, samples]) => [
    firmware,
    ...(['sshd', 'installed'] as const).map(what => median(samples.map(sample => sample[what])).toFixed(1)),
  ]);
  process.stdout.write(`${table(['firmware', 'sshd answers, s', 'installed, s'], rows)}\n`);
  await publish('boot', { memoryMiB, samples: results });
}

async function measure(firmware: 'bios' | 'uefi'): Promise<Sample> {
  const site = await openSite(join(cacheDirectory, 'bench'));
  try {
    const disk = site.disk('target', 4096);
    const machine = await startInstall(site, await site.installConfig(), {
      memoryMiB,
      firmware,
      disks: [disk],
    });
    await site.ssh().waitUntilUp(180);
    const sshd = round(machine.seconds());
    await finishInstall(site, machine);
    return { sshd, installed: round(machine.seconds()) };
  } finally {
    await site.close();
  }
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;
