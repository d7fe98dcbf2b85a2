import { DabeiError, asDabeiError } from '../errors.ts';
import { run } from '../host/exec.ts';
import { writeAtomic, writeKernelFile } from '../host/files.ts';
import { log, type LogEntry } from '../host/log.ts';
import { commitAll } from '../host/repository.ts';
import type { RunStep, Step } from '../plan/step.ts';

/**
 * Carries out steps in order and stops at the first that fails, unless it is optional.
 * @param report is told of progress and of optional steps that failed
 * @throws DabeiError with the step's own code and remedy where it has them
 */
export async function executeSteps(
  steps: readonly Step[],
  report: (entry: LogEntry) => void = log,
): Promise<void> {
  for (const step of steps) {
    try {
      await execute(step, report);
    } catch (thrown) {
      const error = asDabeiError(thrown, step.doing);
      if (step.kind === 'write' || !step.optional) throw error;
      report({ event: 'warning', text: error.message });
    }
  }
}

async function execute(step: Step, report: (entry: LogEntry) => void): Promise<void> {
  switch (step.kind) {
    case 'run':
      return runStep(step, report);
    case 'write':
      return writeAtomic(step.path, step.content, step.mode);
    case 'kernel':
      return writeKernelFile(step.path, step.value);
    case 'commit':
      return commitAll(step);
  }
}

async function runStep(step: RunStep, report: (entry: LogEntry) => void): Promise<void> {
  try {
    const { stdout } = await run({
      doing: step.doing,
      argv: step.argv,
      ...(step.stdin === undefined ? {} : { stdin: step.stdin }),
      ...(step.env === undefined ? {} : { env: step.env }),
      timeoutSeconds: step.timeoutSeconds,
      ...(step.accept === undefined ? {} : { accept: step.accept }),
      ...(step.progress ? { onLine: (text: string) => report({ event: 'progress', text }) } : {}),
    });
    if (step.expect === 'no-output' && stdout.trim() !== '') {
      throw new DabeiError('COMMAND_FAILED', {
        doing: step.doing,
        problem: `${step.argv[0]} should have found nothing, but printed: ${stdout.trim()}`,
      });
    }
  } catch (thrown) {
    const error = asDabeiError(thrown, step.doing);
    if (step.errorCode === undefined && step.remedy === undefined) throw error;
    throw new DabeiError(step.errorCode ?? error.code, {
      doing: error.doing,
      problem: error.problem,
      remedy: step.remedy ?? error.remedy,
      cause: error,
    });
  }
}
