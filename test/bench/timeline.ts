import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { checkout } from '../../image/lib/host.ts';
import { accelerator } from '../vm/harness/machine/accelerator.ts';
import { stageDone, startInstall } from '../vm/guests/install.ts';
import { openSite } from '../vm/harness/site.ts';
import type { Ssh } from '../vm/harness/ssh.ts';
import { table } from '../vm/harness/table.ts';
import type { BenchOptions } from './options.ts';
import { publish } from './report.ts';
import { readLog, timelineRows, timelineSvg } from './timeline-svg.ts';

const memoryMiB = 1024;

/** Where the time of one installation goes, as a table and as a picture, out/timeline.svg or --svg FILE. */
export async function benchTimeline({ svg }: BenchOptions): Promise<void> {
  const site = await openSite(join(cacheDirectory, 'bench-timeline'));
  try {
    const disk = site.disk('target', 4096);
    const machine = await startInstall(site, await site.installConfig(), { memoryMiB, disks: [disk] });
    await stageDone(machine, 'ssh', 120);
    const ssh = site.ssh();
    const sshAnswers = Number((await ssh.run('cat /proc/uptime')).split(' ')[0]);
    const seen = {
      sshAnswers,
      udev: await startOf(ssh, 'systemd-udevd'),
      dabei: await startOf(ssh, 'dabei'),
    };
    const lines: string[] = [];
    // ssh's own word that the connection is gone comes by the same way.
    const following = follow(ssh, line => line.startsWith('{') && lines.push(line));
    following.catch(() => {});
    await stageDone(machine, 'finish');
    await machine.waitForEnd(60);
    await following;

    const log = readLog(lines.join('\n'));
    const rows = timelineRows(log, seen);
    const cells = rows.map(({ name, from, to, note }) => [
      name,
      from.toFixed(1),
      (to - from).toFixed(1),
      note,
    ]);
    process.stdout.write(`${table(['what', 'from, s', 'for, s', ''], cells)}\n`);
    const emulated = (await accelerator()) === 'tcg' ? 'emulated (QEMU TCG)' : 'KVM';
    const title = `From the kernel's start to an installed system: BIOS, ${memoryMiB} MiB, 2 processors, ${emulated}`;
    const file = svg ?? checkout('out', 'timeline.svg');
    files.write(file, timelineSvg(title, rows));
    process.stdout.write(`${file}\n`);
    await publish('timeline', { memoryMiB, seen, log });
  } finally {
    await site.close();
  }
}

/** When the process of a name was started, in seconds after the kernel; proc_pid_stat(5), field 22, in ticks of 10 ms. */
export async function startOf(ssh: Ssh, name: string): Promise<number> {
  // udev's workers are younger.
  const stat = await ssh.run(
    `for pid in $(pidof ${name}); do cat /proc/$pid/stat; done | sort -n | head -n 1`,
  );
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / 100;
}

/**
 * Reads the log until the machine is gone. By bash alone: a program at every look would cost what is measured, and the last
 * lines come in the moment in which all programs end.
 */
async function follow(ssh: Ssh, onLine: (line: string) => unknown): Promise<void> {
  const copy = 'while IFS= read -r line <&3; do printf "%s\\n" "$line"; done';
  const wait = 'read -r -t 0.2 <&4';
  const script = `exec 3</var/log/dabei.jsonl; mkfifo /run/nothing; exec 4<>/run/nothing; while :; do ${copy}; ${wait}; done`;
  await ssh.attempt(`bash -c '${script}'`, { seconds: 900, onLine });
}
