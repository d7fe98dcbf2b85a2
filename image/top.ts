import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as files from './lib/files.ts';

/**
 * How every command of this project reports a failure; image/start.mjs loads this module before the program. An
 * expected failure prints sentences: the code, what the command was doing, what to do next. The stack of a bug goes to
 * a file.
 */

export interface Ending {
  code: string;
  text: string;
  remedy: string | null;
  /** The stack, for developers; null for an expected failure. */
  stack: string | null;
}

export function endingOf(thrown: unknown): Ending {
  const foreseen = (code: string, text: string, remedy: string | null = null) => ({
    ...{ code, text, remedy, stack: null },
  });
  const error = errorFields(thrown);
  // Compared by name: the loader gives this module its own copy of the classes that the program throws.
  const typed = error.name === 'BuildError' || error.name === 'DabeiError';
  if (typed && error.code !== 'INTERNAL') return foreseen(error.code, error.message, error.remedy);
  const { code, message, stack } = error;
  // nodejs.org/api/errors: util.parseArgs, module resolution; errno names of system calls.
  if (code.startsWith('ERR_PARSE_ARGS_'))
    return foreseen('USAGE', message, 'the README and docs/ name the options of each command');
  if (code === 'ERR_MODULE_NOT_FOUND')
    return foreseen('NPM_PACKAGES', message, 'remove node_modules and run the same command again');
  const advice = fileAdvice[code];
  if (advice !== undefined) return foreseen('FILE', message, advice);
  return { code: 'INTERNAL', text: message, remedy: null, stack };
}

/** What the machine lacks, by errno(3). */
const fileAdvice: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space (a build needs 12 GB in the cache), or name another cache with DABEI_CACHE',
  EDQUOT: 'raise the quota, or name another cache with DABEI_CACHE',
  EROFS: 'name a writable cache with DABEI_CACHE',
  EACCES: 'run the same command as root, for example with sudo',
  EPERM: 'run the same command as root, for example with sudo',
  EMFILE: 'raise the limit of open files (ulimit -n)',
};

function errorFields(thrown: unknown) {
  if (!(thrown instanceof Error))
    return { name: '', code: '', message: String(thrown), stack: String(thrown), remedy: null };
  const text = (field: string) => {
    const value: unknown = Reflect.get(thrown, field);
    return typeof value === 'string' ? value : null;
  };
  const { name, message, stack = message } = thrown;
  return { name, code: text('code') ?? '', message, stack, remedy: text('remedy') };
}

/** The lines for people. @param stackFile where the stack of a bug was written */
export function describeEnding({ code, text, remedy }: Ending, stackFile: string | null): string {
  const lines = [`error ${code}: ${text}`];
  if (remedy !== null) lines.push(`What to do: ${remedy}`);
  if (stackFile !== null)
    lines.push(`This is a bug; ${stackFile} says where. Please report it with that file.`);
  return `${lines.join('\n')}\n`;
}

function end(thrown: unknown): void {
  const ending = endingOf(thrown);
  let stackFile: string | null = null;
  if (ending.stack !== null) {
    stackFile = join(tmpdir(), `dabei-bug-${process.pid}.txt`);
    files.write(stackFile, `${process.argv.join(' ')}\n${ending.stack}\n`);
  }
  process.stderr.write(describeEnding(ending, stackFile), () => process.exit(1));
}

/**
 * image/start.mjs starts programs with this module in their arguments (--import); a test that imports it changes
 * nothing.
 */
if (process.execArgv.some(argument => argument.endsWith('image/top.ts'))) {
  process.on('uncaughtException', end);
  // The programs that it waits for end with it (agent/host/exec.ts): each has a process group of its own, which Ctrl-C does not reach.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
