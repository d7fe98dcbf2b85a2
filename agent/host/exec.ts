import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { cleanLine, cleanText } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import { Secret } from '../secret.ts';
import * as clock from './clock.ts';
import { Lines, longestLine, Output, outputLimits, type Keep } from './output.ts';

/** The only door to other programs. */

export interface Command {
  /** What this is for, as a gerund phrase: "reading the partition table of /dev/vda". */
  doing: string;
  argv: readonly string[];
  /** Written to standard input, which is then closed; without it, standard input is /dev/null. */
  stdin?: string | Buffer | Secret;
  /** Added to the small fixed environment below; nothing else is inherited. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** After it the program gets SIGTERM, 5 s later SIGKILL, and the call fails with COMMAND_TIMEOUT. */
  timeoutSeconds: number;
  /** Exit codes besides 0 that are success. */
  accept?: readonly number[];
  /** Standard output is bytes, not text: each character of `stdout` is one of them (latin1). */
  binary?: boolean;
  /** Of standard output; "whole" unless it is only shown. Of standard error, the tail is kept. */
  output?: Keep;
  /** Called for each line of output as it comes, cleaned (clean-text.ts). */
  onLine?: (line: string) => void;
  /** Open files that the program gets as its descriptors 3, 4, …; it gets no others. */
  inherit?: readonly number[];
  /** Ends the program early, as the limit does. */
  stop?: AbortSignal;
}

export interface Finished {
  argv: readonly string[];
  doing: string;
  exitCode: number;
  /** The exit code is none that the caller takes for success. */
  failed: boolean;
  /** As it was printed: for parsing. */
  stdout: string;
  /** Its last lines, cleaned (clean-text.ts): for people. */
  stderr: string;
  seconds: number;
}

/** What every program inherits. Kernel parameters without a dot land in PID 1's environment; none is passed on. */
export const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

let observer: (finished: Finished) => void = () => {};

/** Has every finished command told to `tell`, once: the log is connected here. */
export function observeCommands(tell: (finished: Finished) => void): void {
  observer = tell;
}

/**
 * Starts a program and waits for its end.
 * @throws DabeiError COMMAND_MISSING, COMMAND_TIMEOUT, OUTPUT_TOO_LARGE, or COMMAND_FAILED with the last lines of its
 *   standard error
 */
export async function run(command: Command): Promise<Finished> {
  const finished = await start(command, code => code !== 0 && !command.accept?.includes(code));
  if (!finished.failed) return finished;
  throw commandFailed(finished);
}

/**
 * As `run`, but any exit code is an answer. That a program was killed is none: without memory, the kernel ends whichever it
 * likes, and "no" would be a guess.
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
    // A program that ends without reading its input closes the pipe; its exit code tells what went wrong.
    child.stdin?.on('error', () => {});
    if (command.stdin !== undefined) {
      child.stdin!.end(command.stdin instanceof Secret ? command.stdin.reveal() : command.stdin);
    }
    const killGroup = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // It ended in the meantime.
      }
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
    // A program that waits for a disk which is gone cannot be ended (uninterruptible sleep), nor one that left the group.
    const abandon = () => {
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      child.unref();
      end(null, 'SIGKILL');
    };
    let settled = false;
    const settle = (then: () => void) => {
      if (settled) return;
      settled = true;
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
        const exitCode = code ?? 128 + (signalNumbers[signal ?? ''] ?? 0);
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

function callForLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  const lines = new Lines(line => onLine(cleanLine(line, longestLine)));
  stream.on('data', (chunk: Buffer) => lines.push(decoder.write(chunk)));
  stream.on('end', () => lines.end());
}

export interface Daemon {
  /** What this is for, as a gerund phrase: "keeping a DHCP lease for eth0". */
  doing: string;
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Where its output goes, appended, mode 0600. */
  logFile: string;
}

/**
 * Starts a program that outlives this one: a session of its own, so that neither a signal to us nor a closed console
 * reaches it.
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

/** signal(7); the shell's convention for the exit code of a program that a signal ended. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function lastLines(stderr: string): string {
  const lines = stderr.trim().split('\n').slice(-6).join('\n');
  return lines === '' ? '' : `: ${lines}`;
}
