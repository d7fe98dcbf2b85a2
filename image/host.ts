import { join } from 'node:path';
import { attempt, run, type Finished } from '../agent/host/exec.ts';
import { DabeiError } from '../agent/errors.ts';
import * as files from './files.ts';
import { note, step } from './progress.ts';

/** What the build needs of the machine it runs on: root, a few Debian packages, the Debian mirror. */

const repository = join(import.meta.dirname, '..');
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

/** Installs those of the packages that are missing. @param packages program that proves it -> Debian package */
export async function requireHostPackages(packages: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(packages)
    .filter(([proof]) => !files.exists(proof))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  await step(`installing ${missing.join(' ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run({
      doing: 'reading the package lists',
      argv: ['apt-get', 'update', '-qq'],
      env,
      timeoutSeconds: 300,
    });
    await run({
      doing: 'installing what the build needs on this machine',
      argv: ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...new Set(missing)],
      env,
      timeoutSeconds: 900,
    });
  });
}

/**
 * The Debian mirror that this machine itself uses, so that no mirror's name stands in the project.
 * apt-get(8), indextargets: one line for each configured index.
 */
export async function debianMirror(): Promise<string> {
  const { stdout } = await run({
    doing: 'asking apt for its Debian mirror',
    argv: [
      'apt-get',
      'indextargets',
      '--format',
      '$(ORIGIN) $(CODENAME) $(REPO_URI)',
      'Created-By: Packages',
    ],
    timeoutSeconds: 60,
  });
  for (const line of stdout.split('\n')) {
    const [origin, codename = '', uri] = line.split(' ');
    if (
      origin === 'Debian' &&
      uri &&
      !/-(security|updates|backports)/.test(codename) &&
      !uri.includes('security')
    ) {
      return uri;
    }
  }
  throw new DabeiError('INTERNAL', {
    doing: 'asking apt for its Debian mirror',
    problem: 'no Debian repository is configured, or its index was never fetched',
    remedy: 'run apt-get update on a Debian 12 or 13 machine',
  });
}

export interface ChrootCommand {
  doing: string;
  root: string;
  /** Directories of this machine and where they appear inside. */
  mounts?: Readonly<Record<string, string>>;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  timeoutSeconds: number;
}

/** Runs a program inside of another root (chroot.sh); its output lines are shown as progress. */
export async function runIn(command: ChrootCommand): Promise<Finished> {
  const mounts = Object.entries(command.mounts ?? {}).map(([inside, outside]) => `${outside}=${inside}`);
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];
  return run({
    doing: command.doing,
    argv: [...namespaces, checkout('image/chroot.sh'), command.root, ...mounts, '--', ...command.argv],
    timeoutSeconds: command.timeoutSeconds,
    onLine: note,
    ...(command.env ? { env: command.env } : {}),
  }).catch((error: unknown) => {
    if (!(error instanceof DabeiError)) throw error;
    const { code, doing, problem, cause } = error;
    throw new DabeiError(code, { doing, problem: describeCommandFailure(problem, command.argv), cause });
  });
}

/** People want to read about the program, not about what puts it into its root, nor what sets its environment. */
export function describeCommandFailure(problem: string, argv: readonly string[]): string {
  const program = argv.find(word => word !== 'env' && !word.startsWith('-') && !word.includes('='));
  return problem.replace(/^unshare /, `${program} `);
}

export { attempt, run };
