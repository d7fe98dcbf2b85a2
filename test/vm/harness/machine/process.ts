import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { baseEnvironment } from '../../../../agent/host/exec.ts';

/** Programs that outlive the call that starts them: QEMU. Programs that one waits for go through agent/host/exec.ts. */

export interface Running {
  pid: number;
  input: Writable;
  output: Readable;
  /** Standard error so far, its last 64 KiB. */
  errors(): string;
  /** Settles when the program has ended; never rejects. */
  ended: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  /** SIGKILL to this program, by its id, and to nothing else. */
  kill(): void;
}

const alive = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(code));
}

/**
 * Starts a program that ends with this one at the latest: by the exit handler, or, should this process be killed
 * outright, by the kernel (PR_SET_PDEATHSIG, prctl(2); setpriv(1)).
 */
export async function start(
  argv: readonly [string, ...string[]],
  environment: Record<string, string> = {},
): Promise<Running> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    cwd: '/',
    env: { ...baseEnvironment, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-65536)));
  child.stdin.on('error', () => {});
  const ended: Running['ended'] = new Promise(resolve =>
    child.on('close', (exitCode, signal) => {
      alive.delete(child);
      resolve({ exitCode, signal });
    }),
  );
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', error => reject(new Error(`starting ${argv[0]}: ${error.message}`)));
  });
  alive.add(child);
  return {
    pid: child.pid!,
    input: child.stdin,
    output: child.stdout,
    errors: () => errors,
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}
