import { distrusted } from '../../config/arrival.ts';
import { resolveConfiguration, type Resolution } from '../../config/resolve.ts';
import type { Input } from '../../config/sources/sources.ts';
import { resolveWithoutFail } from '../../config/without-fail.ts';
import type { Session } from '../sequence.ts';

/**
 * Replaces the session's resolution by the one with what has arrived. If that one is refused, the machine keeps its network, and takes
 * over names and keys only from a configuration that is its own.
 * @param without the same, without the configuration that arrived
 * @param own what counts of a configuration that may be somebody else's
 */
export function adopt(session: Session, input: Input, without: Input, own: Resolution['reachability']): void {
  const { network } = session.resolution.reachability;
  const { problems, ...resolution } = resolveWithoutFail([
    () => resolveConfiguration(input),
    () => resolveConfiguration(without),
  ]);
  const reachability = distrusted(problems)
    ? own
    : problems.length > 0
      ? { ...resolution.reachability, network }
      : resolution.reachability;
  session.input = input;
  session.resolution = { ...resolution, problems, reachability };
}
