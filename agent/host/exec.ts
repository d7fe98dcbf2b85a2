import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { cleanText } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import { Secret } from '../secret.ts';
import * as clock from './clock.ts';
import { callForLines, Output, outputLimits, type Keep } from './output.ts';

/** The only door to other programs. */

export interface Command {
  /** The purpose, as a gerund phrase: "reading the partition table of /dev/vda". */
  doing: string;
  argv: readonly string[];
  /** Written to standard input, which is then closed; without it, standard input is /dev/null. */
  stdin?: string | Buffer | Secret;
  /** Added to `baseEnvironment`; the program inherits no other variables. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** After this time, the program gets SIGTERM, 5 s later SIGKILL, and the call fails with COMMAND_TIMEOUT. */
  timeoutSeconds: number;
  /** Exit codes in addition to 0 that count as success. */
  accept?: readonly number[];
  /** Standard output is not text: each character of `stdout` is one byte (latin1). */
  binary?: boolean;
  /** How much of standard output to keep; the default is "whole". Of standard error, `run` keeps the tail. */
  output?: Keep;
  /** Called for each line of output as soon as it arrives, cleaned (clean-text.ts). */
  onLine?: (line: string) => void;
  /** Open files that the program inherits as descriptors 3, 4, ...; it inherits no others. */
  inherit?: readonly number[];
  /** Ends the program early, in the same way as the time limit. */
  stop?: AbortSignal;
}

export interface Finished {
  argv: readonly string[];
  doing: string;
  exitCode: number;
  /** The caller does not accept the exit code as success. */
  failed: boolean;
  /** Unchanged, for parsing. */
  stdout: string;
  /** The last lines, cleaned (clean-text.ts), for people. */
  stderr: string;
  seconds: number;
}

/** Environment of all programs. The kernel puts unknown parameters without a dot into PID 1's environment; dabei passes none on. */
export const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

let observer: (finished: Finished) => void = () => {};

/** Makes `tell` receive every finished command, once, for the log. */
export function observeCommands(tell: (finished: Finished) => void): void {
  observer = tell;
}

/**
 * Starts a program and waits until it ends.
 * @throws DabeiError COMMAND_MISSING, COMMAND_TIMEOUT, OUTPUT_TOO_LARGE, or COMMAND_FAILED with the last lines of its
 *   standard error
 */
export async function run(command: Command): Promise<Finished> {
  const finished = await start(command, code => code !== 0 && !command.accept?.includes(code));
  if (!finished.failed) return finished;
  throw commandFailed(finished);
}

/**
 * As `run`, but accepts any exit code. A program that a signal ended is still a failure: the kernel may kill any program if memory is
 * short, so its exit code is not an answer.
 * @throws DabeiError as `run`; COMMAND_FAILED only if a signal ended the program
 */
export async function attempt(command: Command): Promise<Finished> {
  const finished = await start(command, (_, signal) => signal !== null);
  if (!finished.failed) return finished;
  throw commandFailed(finished);
}

function commandFailed(finished: Finished): DabeiError {
  return new DabeiError('COMMAND_FAILED', {
    doing: finished.doing,
    problem: `${finished.argv[0]} ended with exit code ${finished.exitCode}${lastLines(finished.stderr)}`,
    cause: finished,
  });
}

/** Process groups of the programs that somebody waits for: they would otherwise outlive this process. */
const waitedFor = new Set<number>();

process.on('exit', () => {
  for (const group of waitedFor) signalGroup(group, 'SIGKILL');
});

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The program has already ended.
  }
}

async function start(
  command: Command,
  isFailure: (exitCode: number, signal: NodeJS.Signals | null) => boolean,
): Promise<Finished> {
  const [program = '', ...args] = command.argv;
  const started = clock.uptimeSeconds();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: command.cwd ?? '/',
      env: { ...baseEnvironment, ...command.env },
      stdio: [command.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(command.inherit ?? [])],
      detached: true,
    });
    const output = new Output(command.output ?? 'whole');
    const errors = new Output('tail');
    let timedOut = false;
    child.stdout!.on('data', (chunk: Buffer) => output.push(chunk) || killGroup('SIGKILL'));
    child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
    if (command.onLine) {
      callForLines(child.stdout!, command.onLine);
      callForLines(child.stderr!, command.onLine);
    }
    // A program that ends before it reads its input closes the pipe (EPIPE). Its exit code says what is wrong.
    child.stdin?.on('error', () => {});
    if (command.stdin !== undefined) {
      child.stdin!.end(command.stdin instanceof Secret ? command.stdin.reveal() : command.stdin);
    }
    const group = child.pid;
    if (group !== undefined) waitedFor.add(group);
    const killGroup = (signal: NodeJS.Signals) => {
      if (group !== undefined) signalGroup(group, signal);
    };
    let hardKill: NodeJS.Timeout | undefined;
    const expire = () => {
      timedOut = true;
      killGroup('SIGTERM');
      hardKill = setTimeout(() => {
        killGroup('SIGKILL');
        hardKill = setTimeout(abandon, 5000);
      }, 5000);
    };
    const limit = setTimeout(expire, command.timeoutSeconds * 1000);
    command.stop?.addEventListener('abort', expire);
    // SIGKILL cannot end a program that waits for a missing disk (uninterruptible sleep), or one that left the process group.
    const abandon = () => {
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      child.unref();
      end(null, 'SIGKILL');
    };
    let settled = false;
    const settle = (then: () => void) => {
      if (settled) return;
      settled = true;
      if (group !== undefined) waitedFor.delete(group);
      clearTimeout(limit);
      clearTimeout(hardKill);
      command.stop?.removeEventListener('abort', expire);
      then();
    };
    child.on('error', error =>
      settle(() =>
        reject(
          new DabeiError('COMMAND_MISSING', {
            doing: command.doing,
            problem: `${program}: ${error.message}`,
            cause: error,
          }),
        ),
      ),
    );
    const end = (code: number | null, signal: NodeJS.Signals | null) =>
      settle(() => {
        const seconds = Math.round((clock.uptimeSeconds() - started) * 1000) / 1000;
        const stderr = cleanText(errors.text(), outputLimits.tail);
        const exitCode = exitCodeOf(code, signal);
        const finished = {
          argv: command.argv,
          doing: command.doing,
          exitCode,
          failed: isFailure(exitCode, signal),
          stdout: output.text(command.binary ? 'latin1' : 'utf8'),
          stderr,
          seconds,
        };
        observer(finished);
        if (output.isTooLarge) return reject(output.tooLarge(command.doing, program));
        if (!timedOut) return resolve(finished);
        reject(
          new DabeiError('COMMAND_TIMEOUT', {
            doing: command.doing,
            problem: `${program} did not end within ${command.timeoutSeconds} s${lastLines(stderr)}`,
            cause: finished,
          }),
        );
      });
    child.on('close', end);
  });
}

export type Interactive = Pick<Command, 'doing' | 'argv' | 'env' | 'timeoutSeconds'>;

/**
 * Starts a program that talks to the person at the terminal: it has the standard input and output of dabei, and stays in its process
 * group, so that the keys for interrupts reach it.
 * @returns exit code; 128 and the number of the signal that ended it
 * @throws DabeiError COMMAND_MISSING, COMMAND_TIMEOUT
 */
export async function interactive({ doing, argv, env, timeoutSeconds }: Interactive): Promise<number> {
  const [program = '', ...args] = argv;
  // The program decides what an interrupt means.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...baseEnvironment, TERM: process.env['TERM'] ?? 'linux', ...env },
        stdio: 'inherit',
      });
      const fail = (code: 'COMMAND_MISSING' | 'COMMAND_TIMEOUT', problem: string) =>
        reject(new DabeiError(code, { doing, problem }));
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        fail('COMMAND_TIMEOUT', `${program} did not end within ${timeoutSeconds} s`);
      }, timeoutSeconds * 1000);
      child.on('error', error => {
        clearTimeout(limit);
        fail('COMMAND_MISSING', `${program}: ${error.message}`);
      });
      child.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve(exitCodeOf(code, signal));
      });
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}

export interface Daemon {
  /** The purpose, as a gerund phrase: "keeping a DHCP lease for eth0". */
  doing: string;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Path of the file to which its output is appended; created with mode 0600. */
  logFile: string;
}

/**
 * Starts a program that keeps running after this process ends. It has its own session, so signals to this process group or a closed
 * console do not reach it (setsid(2)).
 * @returns its process id
 * @throws DabeiError COMMAND_MISSING
 */
export async function startDaemon(daemon: Daemon): Promise<number> {
  const [program = '', ...args] = daemon.argv;
  const log = openSync(daemon.logFile, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: '/',
      env: { ...baseEnvironment, ...daemon.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', error =>
        reject(
          new DabeiError('COMMAND_MISSING', {
            doing: daemon.doing,
            problem: `${program}: ${error.message}`,
            cause: error,
          }),
        ),
      );
    });
    child.unref();
    return child.pid!;
  } finally {
    closeSync(log);
  }
}

/** Like a shell, `run` reports 128 plus the number of the signal that ended a program (signal(7)). */
const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null) =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

function lastLines(stderr: string): string {
  const lines = stderr.trim().split('\n').slice(-6).join('\n');
  return lines === '' ? '' : `: ${lines}`;
}
