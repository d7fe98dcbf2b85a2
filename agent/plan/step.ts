import type { ErrorCode } from '../errors.ts';
import type { Secret } from '../secret.ts';

/**
 * A plan is data: a list of steps for every stage, that can be printed, compared in a test, and executed.
 *
 * INVARIANT: everything that `dabei install` does to a disk or to the target is a step of the plan, so what
 * `dabei plan` prints is what happens. Stages add only observation (waiting for a gateway, reading facts).
 */

/** Starts a program and waits for it. */
export interface RunStep {
  kind: 'run';
  /** What this is for, as a gerund phrase: "creating the pool rpool". Named in errors and in the printed plan. */
  doing: string;
  argv: readonly [string, ...string[]];
  /** Written to standard input, which is then closed; without it, standard input is /dev/null. */
  stdin?: string | Secret;
  /** Added to the small fixed environment that every program gets. */
  env?: Readonly<Record<string, string>>;
  /** No program runs without a limit. */
  timeoutSeconds: number;
  /** Exit codes besides 0 that are success: tools that say "nothing to do" with a code. */
  accept?: readonly number[];
  /** Best effort: a failure is logged and the plan goes on. */
  optional?: boolean;
  /** Show the program's output lines as progress. */
  progress?: boolean;
  /** It is Nix, logging as internal-json, and this is what it copies, in paths and bytes. */
  copies?: { paths: number; bytes: number };
  /** How often it is tried in all, each time after a longer wait; 1 without it. */
  attempts?: number;
  /** Printing anything on standard output is a failure: for programs that list what should not be there. */
  expect?: 'no-output';
  /** The code of the error instead of COMMAND_FAILED. */
  errorCode?: ErrorCode;
  /** What a person can do when it fails. */
  remedy?: string;
  /** The same two for failing with "No space left on device". */
  whenFull?: Instead;
  /** And for being killed, as by a kernel without memory. */
  whenKilled?: Instead;
  /** And for what it says itself in its last lines; the first that matches. */
  whenSaying?: readonly (Instead & { pattern: RegExp })[];
}

/** Writes a file atomically (new file, fsync, rename), creating directories above it. */
export interface WriteStep {
  kind: 'write';
  doing: string;
  path: string;
  mode: number;
  content: string | Secret;
  /** Code and remedy for a file system without room. */
  whenFull?: Instead;
}

/** What an error is told as. */
export interface Instead {
  code: ErrorCode;
  remedy: string;
}

/** Sets a parameter of the kernel by writing to a file below /proc or /sys. */
export interface KernelStep {
  kind: 'kernel';
  doing: string;
  path: string;
  value: string;
  /** Best effort: a failure is logged and the plan goes on. */
  optional?: boolean;
}

/** Puts a directory under git (host/repository.ts); the image has no git(1). */
export interface CommitStep {
  kind: 'commit';
  doing: string;
  directory: string;
  message: string;
  /** "NAME <ADDRESS>" */
  author: string;
  optional?: boolean;
}

export type Step = RunStep | WriteStep | KernelStep | CommitStep;

/** One printed line a step: a comment with what it is for, then the command in shell quoting. Secrets appear as [secret]. */
export function renderStep(step: Step): string {
  switch (step.kind) {
    case 'run': {
      const env = Object.entries(step.env ?? {}).map(([name, value]) => `${name}=${quote(value)}`);
      const input =
        step.stdin === undefined
          ? []
          : ['<<<', typeof step.stdin === 'string' ? quote(step.stdin) : '[secret]'];
      const expectation = step.expect === 'no-output' ? ' (must print nothing)' : '';
      return `# ${step.doing}${expectation}\n${[...env, ...step.argv.map(quote), ...input].join(' ')}`;
    }
    case 'kernel':
      return `# ${step.doing}\necho ${quote(step.value)} > ${quote(step.path)}`;
    case 'commit':
      return `# ${step.doing}\ncommit ${quote(step.directory)} message=${quote(step.message)}`;
    case 'write':
      return `# ${step.doing}\nwrite ${quote(step.path)} mode=${step.mode.toString(8).padStart(4, '0')} ${step.content.length} bytes`;
  }
}

/** POSIX shell quoting, for reading only: nothing in dabei goes through a shell. */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // Names of mount points may have line breaks, which would look like further commands: bash(1), QUOTING.
  if (!/[\p{Cc}\u2028\u2029]/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = JSON.stringify(word).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `$'${escaped.replace(/[\x7f-\x9f\u2028\u2029]/g, hex)}'`;
}
