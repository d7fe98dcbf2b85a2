import { cleanText } from '../clean-text.ts';
import { DabeiError, asDabeiError, type ErrorCode } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { commitAll } from '../host/repository.ts';
import type { Instead, RunStep, Step, WriteStep } from '../plan/step.ts';
import { checkBootCode } from './boot-code.ts';
import { NixLog } from './nix-log.ts';
import { beginTrial } from './rescue/begin-trial.ts';

/**
 * Executes steps in order and stops at the first that fails, unless it is optional.
 * @param doors its log receives progress, and the failures of optional steps
 * @throws DabeiError with the step's own code and remedy, if it has them
 */
export async function executeSteps(doors: Doors, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    try {
      await execute(doors, step);
    } catch (thrown) {
      const error = asDabeiError(thrown, step.doing);
      if (!('optional' in step) || !step.optional) throw error;
      doors.log({ event: 'warning', text: error.message });
    }
  }
}

async function execute(doors: Doors, step: Step): Promise<void> {
  if (step.kind === 'run') await runStep(doors, step);
  else if (step.kind === 'write') writeStep(doors, step);
  else if (step.kind === 'kernel') doors.files.writeKernelFile(step.path, step.value);
  else if (step.kind === 'boot-code') checkBootCode(doors, step);
  else if (step.kind === 'trial') await beginTrial(doors, step);
  else commitAll(doors, step);
}

/** Delay before the second attempt; it doubles before each further one. */
const firstWaitSeconds = 5;

async function runStep(doors: Doors, step: RunStep): Promise<void> {
  const { doing, copies, attempts = 1 } = step;
  const nixLog = copies && new NixLog(copies, doors.log, doors.clock.uptimeSeconds);
  for (let attempt = 1; ; attempt++) {
    try {
      await withKeyFiles(doors, step, () => runOnce(doors, step, nixLog));
      nixLog?.end();
      return;
    } catch (thrown) {
      const reason = nixLog?.failure(doing);
      const error = reason ?? withStepsOwn(asDabeiError(thrown, doing), step);
      // If Nix printed nothing, it failed before it used the network.
      const isHopeless = (nixLog && !reason) || hopeless.includes(error.code);
      if (attempt >= attempts || isHopeless) throw error;
      const wait = firstWaitSeconds * 2 ** (attempt - 1);
      doors.log({ event: 'warning', text: `${error.message}; trying again in ${wait} s` });
      nixLog?.startAgain();
      await doors.clock.sleep(wait);
    }
  }
}

/** Errors that another attempt would repeat. */
const hopeless: readonly ErrorCode[] = ['POOL_FULL', 'CLOSURE_HASH', 'COMMAND_MISSING'];

/** INVARIANT: no key file outlives the program, whether it ends well or not. */
async function withKeyFiles(
  { files, log }: Doors,
  { keyFiles = [] }: RunStep,
  work: () => Promise<void>,
): Promise<void> {
  try {
    for (const { path, content } of keyFiles) files.writeAtomic(path, content, 0o600);
    await work();
  } finally {
    for (const { path } of keyFiles) {
      try {
        files.erase(path);
      } catch (thrown) {
        log({ event: 'warning', text: asDabeiError(thrown, `removing ${path}`).message });
      }
    }
  }
}

async function runOnce(
  { exec, files, log }: Doors,
  step: RunStep,
  nixLog: NixLog | undefined,
): Promise<void> {
  const onLine = nixLog
    ? (line: string) => nixLog.take(line)
    : step.progress && ((text: string) => log({ event: 'progress', text }));
  const { stdout } = await exec.run({
    doing: step.doing,
    argv: step.argv,
    ...(step.stdin === undefined ? {} : { stdin: step.stdin }),
    ...(step.env === undefined ? {} : { env: step.env }),
    timeoutSeconds: step.timeoutSeconds,
    ...(step.accept === undefined ? {} : { accept: step.accept }),
    ...(step.expect === undefined && step.saves === undefined ? { output: 'tail' } : {}),
    ...(onLine ? { onLine } : {}),
  });
  if (step.saves !== undefined) files.writeAtomic(step.saves, stdout, 0o600);
  if (step.expect === 'no-output' && stdout.trim() !== '') {
    throw new DabeiError('COMMAND_FAILED', {
      doing: step.doing,
      problem: `${step.argv[0]} should print nothing, but printed: ${cleanText(stdout).trim()}`,
    });
  }
}

function writeStep({ files }: Doors, { doing, path, content, mode, whenFull }: WriteStep): void {
  try {
    files.writeAtomic(path, content, mode);
  } catch (thrown) {
    const error = asDabeiError(thrown, doing);
    throw noSpace.test(error.problem) && whenFull ? instead(error, whenFull) : error;
  }
}

/** The messages of libc (strerror(3)) and of Node. */
const noSpace = /No space left on device|ENOSPC/;
/** 128 + SIGKILL, the exit code that unshare(1) passes on. */
const killed = /exit code 137\b/;

function withStepsOwn(error: DabeiError, step: RunStep): DabeiError {
  const { doing, problem } = error;
  if (step.whenFull && noSpace.test(problem)) return instead(error, step.whenFull);
  const saying = step.whenSaying?.find(({ pattern }) => pattern.test(problem));
  if (saying) return instead(error, saying);
  if (step.whenKilled && killed.test(problem)) return instead(error, step.whenKilled);
  if (step.errorCode === undefined && step.remedy === undefined) return error;
  return new DabeiError(step.errorCode ?? error.code, {
    doing,
    problem,
    remedy: step.remedy ?? error.remedy,
    cause: error,
  });
}

function instead(cause: DabeiError, { code, remedy }: Instead): DabeiError {
  const { doing, problem } = cause;
  return new DabeiError(code, { doing, problem, remedy, cause });
}
