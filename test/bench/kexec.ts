import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import { staticNetwork } from '../vm/guests/debian.ts';
import { leave, oldUp, openDebian, type Old, type OldOptions } from '../vm/guests/leave.ts';
import { openSite } from '../vm/harness/site.ts';
import { table } from '../vm/harness/table.ts';
import * as clock from '../../agent/host/clock.ts';
import { jumpDelaySeconds } from '../../agent/limits.ts';
import { leastMemory } from './memory.ts';
import { publish } from './report.ts';

/** From the start of `run` to SSH in the rescue system, beside the same Debian's own restart to SSH, in one run. */
export async function benchKexec(): Promise<void> {
  const seconds = await withDebian({ memoryMiB: 768 }, async old => {
    const restart = await restartOf(old);
    await oldUp(old.machine, old.ssh);
    return { restart, run: await runOf(old) };
  });
  const rows = [
    ['Debian restarts', String(seconds.restart)],
    [`run, with its delay of ${jumpDelaySeconds} s`, String(seconds.run)],
  ];
  process.stdout.write(`${table(['way', 'seconds to SSH'], rows)}\n`);
  await publish('kexec', { seconds });
}

/** The least memory with which Debian 13 is left for the rescue system. */
export async function benchKexecMemory(): Promise<void> {
  const leaves = (memoryMiB: number) => withDebian({ memoryMiB }, runOf);
  await publish('ram-kexec', await leastMemory('leaving Debian 13', { fails: 128, works: 512 }, leaves));
}

/** Runs a script against a Debian 13 that has the bundle. */
export async function withDebian<T>(options: OldOptions, script: (old: Old) => Promise<T>): Promise<T> {
  const site = await openSite(join(cacheDirectory, 'bench'));
  try {
    return await script(await openDebian(site, { network: staticNetwork }, options));
  } finally {
    await site.close();
  }
}

async function runOf(old: Old): Promise<number> {
  const started = clock.uptimeSeconds();
  await leave(old, '--return-after 0');
  await sshAnswers(old, 'test -e /run/dabei', 240);
  return Math.round(clock.uptimeSeconds() - started);
}

/** A reset ends QEMU, which is then started anew: a fraction of a second. */
async function restartOf(old: Old): Promise<number> {
  await old.ssh.run('sync');
  const started = clock.uptimeSeconds();
  await old.ssh.attempt('systemctl reboot', { seconds: 20 });
  await old.machine.waitForEnd(120);
  old.machine = await old.again();
  await sshAnswers(old, 'true', 400);
  return Math.round(clock.uptimeSeconds() - started);
}

/** Waits until a command over SSH succeeds. @param seconds the limit */
export async function sshAnswers({ ssh }: Old, command: string, seconds: number): Promise<void> {
  // A connection that the jump cut off does not end by itself.
  const answer = () =>
    ssh.attempt(command, { seconds: 20 }).then(
      ({ exitCode }) => (exitCode === 0 ? true : null),
      () => null,
    );
  if ((await clock.poll(answer, seconds, 0.5)) === null) throw new Error(`no SSH within ${seconds} s`);
}
