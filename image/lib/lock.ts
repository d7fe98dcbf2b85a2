import { attempt } from '../../agent/host/exec.ts';
import * as clock from '../../agent/host/clock.ts';
import { BuildError } from './errors.ts';
import * as files from './files.ts';
import { tell } from './progress.ts';

/**
 * One build at a time does a thing.
 *
 * flock(2) locks belong to the open file, not to a process: flock(1) takes it on the descriptor that it inherits, and it
 * stays after its end for as long as this process has the file open. The kernel lets go of it however this process ends,
 * so a killed build blocks nobody. The lock files stay; removing one would let two builds lock two files of one name.
 */

/** flock(1), --conflict-exit-code: told apart from an error of flock's own. */
const held = 75;

/**
 * Waits for the lock, does the work, lets go.
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
    // For the line that others print; who holds it is the kernel's to say.
    files.write(path, `${process.pid}\n`);
    return work();
  });
}
