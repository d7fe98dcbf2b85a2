import * as clock from '../../agent/host/clock.ts';
import { DabeiError } from '../../agent/errors.ts';
import { BuildError } from './errors.ts';
import * as files from './files.ts';
import { cpuSeconds } from '../time/cpu.ts';
import { describeProgress, progress, type Spent, type StepForecast } from '../time/forecast.ts';

/** The build's own lines: what it is doing, for how long, how much of the whole is done, and how long it took. */

interface Running {
  name: string;
  within: string | undefined;
  startedSeconds: number;
  startedCpuSeconds: number;
  /** The file for the complete output of the step's programs. */
  log: string | null;
}

/** Nested steps, the outermost first. */
const running: Running[] = [];
let expected: readonly StepForecast[] = [];
const ended: Spent[] = [];
let lastLine = '';

/** From now on, lines of progress say how much of these steps is left. */
export function expectSteps(steps: readonly StepForecast[]): void {
  expected = steps;
  ended.length = 0;
}

/** The finished steps, including nested ones, in the order in which they ended. */
export const stepsTaken = (): readonly Spent[] => ended;

/**
 * Shows a step while it runs: a line at its start and end, and one every 30 s, as a sign of life.
 * @param log receives the output of the step's programs; it remains if the step fails
 * @throws BuildError BUILD_STEP if a program fails and the step has a log; otherwise what `work` throws
 */
export async function step<T>(name: string, work: () => Promise<T>, log: string | null = null): Promise<T> {
  const entry: Running = {
    name,
    within: running.at(-1)?.name,
    startedSeconds: clock.uptimeSeconds(),
    startedCpuSeconds: cpuSeconds(),
    log,
  };
  if (log !== null) files.write(log, '');
  tell(`${name}: started`);
  running.push(entry);
  const ticker = setInterval(() => {
    const left = progress(expected, ended, running[0] ? spentIn(running[0]) : null);
    const far = left === null ? '' : ` (${describeProgress(left)})`;
    tell(`${name}: ${seconds(spentIn(entry))}${far} ${lastLine}`.trimEnd());
  }, 30_000);
  try {
    const result = await work();
    const spent = spentIn(entry);
    ended.push(spent);
    tell(`${name}: done (${seconds(spent)}, ${spent.cpuSeconds.toFixed(0)} s of CPU)`);
    if (log !== null) files.remove(log);
    return result;
  } catch (error) {
    tell(`${name}: failed (${seconds(spentIn(entry))})`);
    throw log === null ? error : withLog(error, log);
  } finally {
    clearInterval(ticker);
    running.splice(running.indexOf(entry), 1);
    lastLine = '';
  }
}

function spentIn({ name, within, startedSeconds, startedCpuSeconds }: Running): Spent {
  return {
    name,
    ...(within === undefined ? {} : { within }),
    cpuSeconds: cpuSeconds() - startedCpuSeconds,
    seconds: clock.uptimeSeconds() - startedSeconds,
  };
}

const seconds = (spent: Spent): string => `${spent.seconds.toFixed(0)} s`;

/** The error already quotes a program's last lines; this names the file with the others. */
function withLog(error: unknown, log: string): unknown {
  if (!(error instanceof DabeiError) || !error.code.startsWith('COMMAND_')) return error;
  const { doing, problem } = error;
  return new BuildError('BUILD_STEP', {
    doing,
    problem,
    remedy: `read all of its output: ${log}`,
    cause: error,
  });
}

/** Records a line of output of the running program: the next tick shows the last one, and the step's log has all. */
export function note(line: string): void {
  lastLine = line.trim().slice(0, 100);
  const log = running.findLast(({ log }) => log !== null)?.log;
  if (log != null) files.append(log, `${line}\n`);
}

export function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
