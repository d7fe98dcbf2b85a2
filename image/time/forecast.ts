import { costs as measuredCosts, type Cost } from './steps.ts';

/**
 * How long a build will take, and how much of it is done: calculated from measurements elsewhere and on this machine.
 */

/** One step of a build, in build order. */
export interface PlannedStep {
  name: string;
  /** Whether the cache has the result of an earlier build. */
  isCached: boolean;
}

export interface StepForecast extends PlannedStep {
  cpuSeconds: number;
  /** Wall time on an idle machine with this many cores. */
  seconds: number;
}

/** What a step took, or has taken so far. */
export interface Spent {
  name: string;
  cpuSeconds: number;
  seconds: number;
  /** The step that contains it. */
  within?: string;
}

/** A step without a measurement counts nothing. */
export function forecast(
  steps: readonly PlannedStep[],
  cores: number,
  costs: Readonly<Record<string, Cost>> = measuredCosts,
): StepForecast[] {
  return steps.map(step => {
    const cost = Object.hasOwn(costs, step.name) ? costs[step.name]! : { cpuSeconds: 0, cores: 1 };
    const { cpuSeconds } = cost;
    return { ...step, cpuSeconds, seconds: cpuSeconds / Math.min(cores, cost.cores) };
  });
}

/** The text at the start: the steps with their CPU minutes, and which ones are done already. */
export function describeForecast(steps: readonly StepForecast[], cores: number): string[] {
  const open = steps.filter(({ isCached }) => !isCached);
  if (open.length === 0) return [`all ${steps.length} steps of the build are in the cache`];
  const minutes = (seconds: number) => (seconds / 60).toFixed(1);
  const left = sum(open, 'cpuSeconds');
  const width = Math.max(...steps.map(({ name }) => name.length));
  return [
    `${'step'.padEnd(width)}  CPU minutes`,
    ...steps.map(({ name, cpuSeconds, isCached }) =>
      `${name.padEnd(width)}  ${minutes(cpuSeconds).padStart(11)}  ${isCached ? 'in the cache' : ''}`.trimEnd(),
    ),
    `${open.length} of ${steps.length} steps are left: about ${minutes(left)} of ` +
      `${minutes(sum(steps, 'cpuSeconds'))} CPU minutes, which takes ${roundMinutes(sum(open, 'seconds'))} on ` +
      `${cores === 1 ? '1 core that does' : `${cores} cores that do`} nothing else, plus the time for downloads`,
  ];
}

export interface Progress {
  /** 0 to 99; the end of the build prints its own line. */
  percent: number;
  secondsLeft: number;
}

/** Below this amount, the finished steps do not show a machine's speed. */
const enoughToCompare = 20;

/**
 * @param done finished steps
 * @param current the running step
 * @returns null if no remaining step has a forecast
 */
export function progress(
  steps: readonly StepForecast[],
  done: readonly Spent[],
  current: Spent | null,
): Progress | null {
  const open = steps.filter(({ isCached }) => !isCached);
  const total = sum(open, 'seconds');
  if (total === 0) return null;
  const ended = new Set(done.map(({ name }) => name));
  const past = open.filter(({ name }) => ended.has(name));
  const spent = done.filter(({ name }) => past.some(step => step.name === name));
  // This machine's speed relative to the table's, in CPU time and in wall time: other work may use the machine, too.
  const compare = (what: 'cpuSeconds' | 'seconds') =>
    sum(past, what) < enoughToCompare ? 1 : sum(spent, what) / sum(past, what);
  const running = open.find(({ name }) => name === current?.name && !ended.has(name));
  const share =
    running && current && running.cpuSeconds > 0
      ? Math.min(0.95, current.cpuSeconds / (running.cpuSeconds * compare('cpuSeconds')))
      : 0;
  const before = sum(past, 'seconds') + share * (running?.seconds ?? 0);
  const pace = compare('seconds');
  return {
    percent: Math.min(99, Math.floor((100 * before) / total)),
    secondsLeft: Math.max(0, total - before) * pace,
  };
}

/** "3 %, about 12 minutes left" */
export const describeProgress = ({ percent, secondsLeft }: Progress): string =>
  `${percent} %, ${roundMinutes(secondsLeft)} left`;

const roundMinutes = (seconds: number): string =>
  seconds < 60
    ? 'less than a minute'
    : `about ${Math.round(seconds / 60)} ${seconds < 90 ? 'minute' : 'minutes'}`;

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0);
}
