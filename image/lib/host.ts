import { join } from 'node:path';
import { attempt, run, type Command, type Finished } from '../../agent/host/exec.ts';
import { DabeiError } from '../../agent/errors.ts';
import * as files from './files.ts';
import * as clock from '../../agent/host/clock.ts';
import { BuildError } from './errors.ts';
import { note, step, tell } from './progress.ts';

/** What the build needs of its own machine: root, a few Debian packages, the Debian mirror. */

const repository = join(import.meta.dirname, '../..');
export const checkout = (...parts: string[]): string => join(repository, ...parts);

/** Mounting, chroot and device nodes need root. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new DabeiError('USAGE', {
    doing: 'starting the build',
    problem: 'it needs root: it unpacks Debian packages and builds inside a chroot',
    remedy: 'run the same command as root, for example with sudo',
  });
}

/**
 * Installs missing packages.
 * @param packages program that proves a package's presence -> Debian package
 * @throws BuildError HOST_PACKAGES, LOCK_WAIT
 */
export async function requireHostPackages(packages: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(packages)
    .filter(([proof]) => !files.exists(proof))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  await step(`installing ${missing.join(' ')}`, async () => {
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...new Set(missing)];
    await aptGet('reading the package lists of this machine', ['update', '-qq']);
    await aptGet('installing what the build needs on this machine', install);
  });
}

/** A minute without a byte ends a transfer; three tries. apt.conf(5), apt-transport-http(1) */
const patience = ['Acquire::Retries=3', 'Acquire::http::Timeout=60', 'Acquire::https::Timeout=60'];

/** Runs apt-get on this machine itself; waits while another program holds its lock. */
async function aptGet(doing: string, argv: readonly string[]): Promise<void> {
  const result = await whenUnlocked(doing, () =>
    attempt({
      doing,
      argv: ['apt-get', ...patience.flatMap(setting => ['-o', setting]), ...argv],
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      timeoutSeconds: 900,
    }),
  );
  if (result.exitCode === 0) return;
  throw new BuildError('HOST_PACKAGES', {
    doing,
    problem: `apt-get ended with exit code ${result.exitCode}:\n${result.stderr.trim()}`,
    remedy: `install ${argv.filter(word => !/^-|^(install|update)$/.test(word)).join(' ') || 'the packages'} by hand, then run the same command again`,
  });
}

/**
 * apt has several locks, but waits for one of them only (DPkg::Lock::Timeout); it reports all of them in these words.
 */
const aptLock = /^E: Could not get lock (\S+?)\.? (?:It is held by (process \d+ \([^)]*\)))?/m;

/**
 * Retries while another program holds a lock of apt or dpkg.
 * @throws BuildError LOCK_WAIT
 */
export async function whenUnlocked(
  doing: string,
  work: () => Promise<Finished>,
  { seconds, every } = { seconds: 600, every: 3 },
): Promise<Finished> {
  const started = clock.uptimeSeconds();
  for (let waiting = false; ;) {
    const result = await work();
    const held = result.exitCode === 0 ? null : aptLock.exec(result.stderr);
    if (held === null) return result;
    const [, lock = '', holder = 'another program'] = held;
    if (!waiting) tell(`${doing}: ${holder} holds ${lock}; waiting up to ${seconds} s`);
    waiting = true;
    if (clock.uptimeSeconds() - started >= seconds) {
      throw new BuildError('LOCK_WAIT', {
        doing,
        problem: `${holder} has held ${lock} for ${seconds} s`,
        remedy: 'wait until the other installation has ended, and run the same command again',
      });
    }
    await clock.sleep(every);
  }
}

export interface ChrootCommand {
  doing: string;
  root: string;
  /** Directories of this machine and where they appear inside. */
  mounts?: Readonly<Record<string, string>>;
  argv: readonly string[];
  /** Inside, what starts the program; messages do not name it. */
  starter?: readonly string[];
  env?: Readonly<Record<string, string>>;
  timeoutSeconds: number;
}

/** Runs a program inside another root (chroot.sh), and shows its output lines as progress. */
export async function runIn(command: ChrootCommand): Promise<Finished> {
  const { doing, root, argv, timeoutSeconds, env } = command;
  const mounts = Object.entries(command.mounts ?? {}).map(([inside, outside]) => `${outside}=${inside}`);
  const entering = [checkout('image/lib/chroot.sh'), root, ...mounts, '--', ...(command.starter ?? [])];
  return runApart({ doing, argv, timeoutSeconds, ...(env ? { env } : {}) }, entering);
}

/**
 * Runs a program in mount and process namespaces of its own (unshare(1)), and shows its output lines as progress. What it
 * mounts vanishes with it, even if it is killed: a later build removes its directories, and must not reach into /dev.
 * @param entering the program that starts it there, with its arguments; messages do not name it
 */
export async function runApart(command: Command, entering: readonly string[] = []): Promise<Finished> {
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const argv = [...namespaces, ...entering, ...command.argv];
  return run({ ...command, argv, onLine: note }).catch((error: unknown) => {
    if (!(error instanceof DabeiError)) throw error;
    const { code, doing, problem, cause } = error;
    throw new DabeiError(code, { doing, problem: describeCommandFailure(problem, command.argv), cause });
  });
}

/** The name to show: that of the program, not of the tools that enter its root or set its environment. */
export function describeCommandFailure(problem: string, argv: readonly string[]): string {
  const program = argv.find(word => word !== 'env' && !word.startsWith('-') && !word.includes('='));
  return problem.replace(/^unshare /, `${program} `);
}

export { attempt, run };
