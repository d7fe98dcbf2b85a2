import { attempt } from '../../agent/host/exec.ts';
import * as clock from '../../agent/host/clock.ts';
import { BuildError } from './errors.ts';
import * as files from './files.ts';
import { tell } from './progress.ts';

/**
 * Serializes builds that need the same thing.
 *
 * A flock(2) lock belongs to the open file, not to a process: flock(1) takes it on an inherited descriptor and may end;
 * the lock lasts for as long as this process has the file open. The kernel releases it however this process ends, so a
 * killed build blocks no other. The lock files stay: if one were removed, two builds could each lock a file of that
 * name.
 */

/** flock(1), --conflict-exit-code: distinguishes a held lock from an error of flock itself. */
const held = 75;

/**
 * Waits for the lock, does the work, releases the lock.
 * @param path of the lock file
 * @param what is locked, for people: "the kernel"
 * @param seconds how long to wait at most
 * @throws BuildError LOCK_WAIT
 */
export async function withLock<T>(
  path: string,
  what: string,
  seconds: number,
  work: () => Promise<T>,
): Promise<T> {
  return files.withOpen(path, async descriptor => {
    const lock = async (wait: readonly string[], limit: number) => {
      const { exitCode, stderr } = await attempt({
        doing: `locking ${what}`,
        argv: ['flock', '--exclusive', `--conflict-exit-code=${held}`, ...wait, '3'],
        inherit: [descriptor],
        timeoutSeconds: limit,
      });
      if (exitCode !== 0 && exitCode !== held) throw new Error(`flock ended with ${exitCode}: ${stderr}`);
      return exitCode === 0;
    };
    if (!(await lock(['--nonblock'], 60))) {
      const holder = files.readText(path).trim();
      const by = holder === '' ? 'another build' : `another build (process ${holder})`;
      tell(`${what}: ${by} holds the lock; waiting up to ${seconds} s`);
      const started = clock.uptimeSeconds();
      if (!(await lock([`--timeout=${seconds}`], seconds + 30))) {
        throw new BuildError('LOCK_WAIT', {
          doing: `waiting for ${what}`,
          problem: `${by} has held ${path} for ${seconds} s`,
          remedy: 'wait for the other build or stop it, then run the same command again',
        });
      }
      tell(`${what}: waited ${(clock.uptimeSeconds() - started).toFixed(0)} s for the other build`);
    }
    // Other builds print this line. It is information only: the kernel decides who holds the lock.
    files.write(path, `${process.pid}\n`);
    return work();
  });
}
