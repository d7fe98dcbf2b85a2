import { join } from 'node:path';
import { cacheDirectory } from '../lib/cache.ts';
import type { Spent } from './forecast.ts';

/** build-report.json in the cache: for each step, how long its last build took. */

export const reportFile = join(cacheDirectory, 'build-report.json');

export interface Report {
  version: 1;
  cores: number;
  /** Totals of the last build that built anything: CPU time of everything it started, and wall time. */
  last: { cpuSeconds: number; seconds: number };
  steps: Record<string, { cpuSeconds: number; seconds: number }>;
}

/** @param earlier the file's text, or null; unreadable text counts as nothing */
export function mergeReport(
  earlier: string | null,
  cores: number,
  last: Report['last'],
  taken: readonly Spent[],
): Report {
  const tenths = (value: number) => Math.round(value * 10) / 10;
  const round = ({ cpuSeconds, seconds }: Report['last']) => ({
    cpuSeconds: tenths(cpuSeconds),
    seconds: tenths(seconds),
  });
  const steps = Object.fromEntries(taken.map(spent => [spent.name, round(spent)]));
  return { version: 1, cores, last: round(last), steps: { ...stepsOf(earlier), ...steps } };
}

function stepsOf(text: string | null): Report['steps'] {
  try {
    const report = JSON.parse(text ?? '{}') as Partial<Report> | null;
    return report?.version === 1 ? (report.steps ?? {}) : {};
  } catch {
    // An interrupted build may have left it incomplete.
    return {};
  }
}

/** The last line of a build: how long it took, and the steps that took most of it. */
export function describeSpent(last: Report['last'], taken: readonly Spent[]): string {
  const minutes = (seconds: number) => (seconds / 60).toFixed(1);
  const most = taken
    .filter(({ within }) => within === undefined)
    .toSorted((a, b) => b.cpuSeconds - a.cpuSeconds)
    .slice(0, 5);
  const rows = most.map(({ name, cpuSeconds }) => `${name} ${minutes(cpuSeconds)}`).join(', ');
  return (
    `built in ${minutes(last.seconds)} minutes with ${minutes(last.cpuSeconds)} CPU minutes` +
    (rows === '' ? '' : ` (${rows})`)
  );
}
