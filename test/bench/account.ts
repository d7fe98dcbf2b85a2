import { jumpDelaySeconds } from '../../agent/limits.ts';
import { leave, type Old } from '../vm/guests/leave.ts';
import type { Ssh } from '../vm/harness/ssh.ts';
import { table } from '../vm/harness/table.ts';
import {
  arrivalRows,
  between,
  marked,
  readMark,
  readMarks,
  runRows,
  type AccountRow,
  type Reading,
} from './account-rows.ts';
import { counterProgram } from './counter-program.ts';
import { sshAnswers, withDebian } from './kexec.ts';
import { publish } from './report.ts';
import { startOf } from './timeline.ts';
import { readLog } from './timeline-svg.ts';

/** Seconds that `run` sleeps before it leaves (--delay), and once until the file systems are read-only. */
const sleepsSeconds = jumpDelaySeconds + 0.1;

/** Where the instructions from the start of `run` to SSH go, part by part; the same on every host, however busy it is. */
export async function benchAccount(): Promise<void> {
  const rows = await withDebian({ memoryMiB: 768, counted: true, limitSeconds: 3600 }, account);
  const sum = rows.slice(1).reduce((total, { instructions }) => total + instructions, 0);
  const cells = [...rows, { name: 'together', instructions: sum, waitedSeconds: 0 }].map(row => [
    row.name,
    String(row.instructions),
    row.waitedSeconds < 0.05 ? '' : row.waitedSeconds.toFixed(1),
  ]);
  process.stdout.write(`${table(['part', 'million instructions', 'waited, s'], cells)}\n`);
  await publish('account', { rows });
}

async function account(old: Old): Promise<AccountRow[]> {
  const { ssh } = old;
  const hashes = readMarks(await ssh.run(marked('cd kexec; sha256sum -c SHA256SUMS')));
  const before = await moment(ssh);
  const marks = readMarks(await leave(old, '--return-after 0', marked));
  await sshAnswers(old, 'test -e /run/dabei', 1200);
  const arrived = await moment(ssh);
  const arrival = {
    kernelLog: await ssh.run('dmesg'),
    udev: await startOf(ssh, 'systemd-udevd'),
    log: readLog(await ssh.run('cat /var/log/dabei.jsonl')),
    ssh: arrived,
  };
  // The counter goes on during kexec; the new kernel's clock starts when it has unpacked itself.
  const left = before.counter - before.up + marks.at(-1)!.up;
  const gapSeconds = arrived.counter - arrived.up - left;
  return [
    // Not in the sum: run hashes beside the capture, in the third row.
    between('hashes of the bundle, alone', hashes[0]!, hashes.at(-1)!),
    ...runRows(marks),
    {
      name: 'old system ends; purgatory hashes again; kernel unpacks itself',
      instructions: Math.round((gapSeconds - sleepsSeconds) * 1000),
      waitedSeconds: sleepsSeconds,
    },
    ...arrivalRows(arrival),
  ];
}

/** The machine's counter, in seconds since its start, and the clock of the system that runs on it. */
async function moment(ssh: Ssh): Promise<Reading & { counter: number }> {
  const program = counterProgram().toString('base64');
  const path = '/dev/shm/counter';
  const placed = `test -x ${path} || { echo ${program} | base64 -d >${path}; chmod 700 ${path}; }`;
  const shown = await ssh.run(`${placed}; cat /proc/uptime; ${path} | od -An -tu8`);
  const [uptime = '', counter = ''] = shown.trimEnd().split('\n');
  return { ...readMark(uptime), counter: Number(counter.trim()) / 1e9 };
}
