import type { ErrorCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';

/**
 * A plan is data: a list of steps for every stage, which dabei prints and executes, and tests compare.
 *
 * INVARIANT: everything that `dabei install` does to a disk or to the target is a step of the plan. `dabei plan` therefore
 * prints exactly what happens. Outside of steps, stages only observe (wait for a gateway, read facts).
 */

/** Starts a program and waits for it. */
export interface RunStep {
  kind: 'run';
  /** Purpose, as a gerund phrase: "creating the pool rpool". Appears in errors and in the printed plan. */
  doing: string;
  argv: readonly [string, ...string[]];
  /** Text for standard input, which dabei then closes; if it is missing, standard input is /dev/null. */
  stdin?: string | Secret;
  /** Variables in addition to the small fixed environment that every program gets. */
  env?: Readonly<Record<string, string>>;
  /** No program runs without a time limit. */
  timeoutSeconds: number;
  /** Exit codes besides 0 that count as success, for programs that report "nothing to do" by exit code. */
  accept?: readonly number[];
  /** Best effort: if the step fails, dabei logs a warning and continues with the next step. */
  optional?: boolean;
  /** dabei logs the program's output lines as progress. */
  progress?: boolean;
  /** The program is Nix with the log format internal-json, and copies this many paths and bytes. */
  copies?: { paths: number; bytes: number };
  /** Number of attempts, 1 if missing. The wait between them doubles (stages/execute.ts). */
  attempts?: number;
  /** "no-output": output on standard output is a failure. For programs that list things which must not exist. */
  expect?: 'no-output';
  /** Error code instead of COMMAND_FAILED. */
  errorCode?: ErrorCode;
  /** What people can do if the step fails, as an imperative. */
  remedy?: string;
  /** Code and remedy if the step fails with "No space left on device". Checked before the two below. */
  whenFull?: Instead;
  /** Code and remedy if the program was killed, for example by the kernel when memory ran out. */
  whenKilled?: Instead;
  /** Code and remedy if the last lines of the program's output match a pattern; the first match counts. */
  whenSaying?: readonly (Instead & { pattern: RegExp })[];
  /** Standard output is written to this file, mode 0600. */
  saves?: string;
  /** Files in RAM that exist only while it runs: written before with mode 0600, overwritten and removed after, whatever happens. */
  keyFiles?: readonly KeyFile[];
}

export interface KeyFile {
  path: string;
  content: Secret;
}

/** Writes a file atomically (new file, fsync, rename), and creates the directories above it. */
export interface WriteStep {
  kind: 'write';
  doing: string;
  path: string;
  mode: number;
  content: string | Secret;
  /** Code and remedy if the file system is full. */
  whenFull?: Instead;
}

/** Code and remedy that replace those of an error. */
export interface Instead {
  code: ErrorCode;
  remedy: string;
}

/** Sets a kernel parameter by writing to a file below /proc or /sys. */
export interface KernelStep {
  kind: 'kernel';
  doing: string;
  path: string;
  value: string;
  /** Best effort: if the step fails, dabei logs a warning and continues with the next step. */
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

/** Reads whether the firmware finds a boot loader on the target's disks (stages/boot-code.ts); changes nothing. */
export interface BootCodeStep {
  kind: 'boot-code';
  doing: string;
  firmware: Facts['firmware'];
  /** Paths of the whole disks. */
  disks: readonly string[];
  /** Mount point of the target, with its ESPs. */
  root: string;
  remedy: string;
}

/** Lets systemd-boot start the installed system once, where the boot menus know of its trial (stages/rescue/begin-trial.ts). */
export interface TrialStep {
  kind: 'trial';
  doing: string;
  firmware: Facts['firmware'];
  /** Mount points of the ESPs. */
  esps: readonly string[];
}

export type Step = RunStep | WriteStep | KernelStep | CommitStep | BootCodeStep | TrialStep;

/** Prints a step: a comment line with its purpose, then the command in shell quoting. Secrets on standard input show as [secret]. */
export function renderStep(step: Step): string {
  switch (step.kind) {
    case 'run': {
      const env = Object.entries(step.env ?? {}).map(([name, value]) => `${name}=${quote(value)}`);
      const input =
        step.stdin === undefined
          ? []
          : ['<<<', typeof step.stdin === 'string' ? quote(step.stdin) : '[secret]'];
      const output = step.saves === undefined ? [] : ['>', quote(step.saves)];
      const expectation = step.expect === 'no-output' ? ' (must print nothing)' : '';
      const keys = (step.keyFiles ?? []).map(
        ({ path }) => `# beside the key file ${quote(path)}, in RAM, removed afterwards\n`,
      );
      return `# ${step.doing}${expectation}\n${keys.join('')}${[...env, ...step.argv.map(quote), ...input, ...output].join(' ')}`;
    }
    case 'kernel':
      return `# ${step.doing}\necho ${quote(step.value)} > ${quote(step.path)}`;
    case 'boot-code':
      return `# ${step.doing}\nread ${[...step.disks, ...(step.firmware === 'uefi' ? [step.root] : [])].map(quote).join(' ')}`;
    case 'trial':
      return `# ${step.doing}${step.firmware === 'uefi' ? '; an older default in an EFI variable is removed' : ''}\nstart once ${step.esps.map(quote).join(' ')}`;
    case 'commit':
      return `# ${step.doing}\ncommit ${quote(step.directory)} message=${quote(step.message)}`;
    case 'write':
      return `# ${step.doing}\nwrite ${quote(step.path)} mode=${step.mode.toString(8).padStart(4, '0')} ${step.content.length} bytes`;
  }
}

/** Shell quoting, for people to read: dabei runs no command through a shell. */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // The name of a mount point may have a line break, and would look like another command. $'...' is from bash(1), QUOTING.
  if (!/[\p{Cc}\u2028\u2029]/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = JSON.stringify(word).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `$'${escaped.replace(/[\x7f-\x9f\u2028\u2029]/g, hex)}'`;
}
