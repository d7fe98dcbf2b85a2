import { check } from './issues.ts';
import { toJson } from './located.ts';
import type { Problem } from './report.ts';
import { configSchema } from './schema.ts';
import { fetchedProblems } from './sources/fetched.ts';
import { readSources } from './sources/sources.ts';
import type { Validity } from './sources/validity.ts';

/** What a signed configuration says about itself. */
export type Sealed = Validity & { serial?: number | undefined };

/**
 * What a machine would refuse of a signed configuration, apart from which machine it is, and from what may come from another source.
 * Pure: an operator asks before signing.
 * @param source its path
 * @param epochSeconds the time
 */
export function signingProblems(
  source: string,
  bytes: Buffer,
  epochSeconds: number,
): { problems: Problem[]; validity: Sealed } {
  const fetched = { source, bytes, inClear: false, signer: '', identity: null, time: { epochSeconds } };
  const { fragments, problems } = readSources({ commandLine: '', files: [], fetched });
  const [fragment] = fragments;
  if (fragment === undefined) return { problems, validity: {} };
  for (const { missing, unknownKey: _, ...problem } of check(configSchema, fragment.value).problems) {
    if (!missing) problems.push(problem);
  }
  problems.push(...fetchedProblems(fetched, fragment.value, true));
  const { for: machine, notAfter, serial } = toJson(fragment.value) as Sealed;
  return { problems, validity: { for: machine, notAfter, serial } };
}
