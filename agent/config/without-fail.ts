import { asDabeiError } from '../errors.ts';
import { problemOf } from './report.ts';
import { resolveConfiguration, type Resolution } from './resolve.ts';

/**
 * The first of several ways to a configuration that does not throw; at worst, that of a machine of which nothing is known:
 * it asks for addresses on every interface and is reached with the keys that its image has. Why the better ways failed is
 * a problem of the configuration, so nothing is installed. A machine that nobody can walk up to must never end its boot
 * for what somebody wrote.
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
      // Nobody can tell what was in that.
      const consoleQuestion = { ...resolution.consoleQuestion, secrets: 'elsewhere' } as const;
      return { ...resolution, config: null, mode: 'rescue', problems, consoleQuestion };
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  throw new Error('the empty configuration is invalid');
}
