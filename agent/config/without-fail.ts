import { asDabeiError } from '../errors.ts';
import { problemOf } from './report.ts';
import { resolveConfiguration, withdrawn, type Resolution } from './resolve.ts';

/**
 * The result of the first attempt that does not throw; at worst, an empty configuration: the machine requests addresses on every
 * interface and accepts the keys in its image. Each failure becomes a problem of the configuration, so dabei installs nothing. A
 * machine without physical access must never stop its boot because of an invalid configuration.
 * @param attempts the best one first
 */
export function resolveWithoutFail(attempts: readonly (() => Resolution)[]): Resolution {
  const failures: unknown[] = [];
  for (const attempt of [...attempts, () => resolveConfiguration({ commandLine: '', files: [] })]) {
    try {
      const resolution = attempt();
      if (failures.length === 0) return resolution;
      const problems = failures.map(thrown =>
        problemOf(asDabeiError(thrown, 'reading the configuration'), 'dabei'),
      );
      // What this attempt would have configured is unknown.
      const consoleQuestion = { ...resolution.consoleQuestion, secrets: 'elsewhere' } as const;
      return { ...withdrawn(resolution, problems), consoleQuestion };
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  throw new Error('the empty configuration is invalid');
}
