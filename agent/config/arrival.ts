import type { ErrorCode } from '../errors.ts';
import { locate, merge, valueAt, type Located } from './located.ts';
import type { Problem } from './report.ts';
import { modes, type Mode } from './schema.ts';
import { fetchedProblems } from './sources/fetched.ts';
import { fetchOrder, unverifiedProblem, type FetchOrder } from './sources/order.ts';
import type { Fragment, Input } from './sources/sources.ts';

/** How a configuration that has to be fetched relates to this boot's own sources. */
export interface Arrival {
  /** All sources merged. */
  asked: Located;
  /** What to fetch; null if nothing is to be fetched, or no longer. */
  order: FetchOrder | null;
  /** "pending": dabei has to ask first. "absent": the server has nothing for this machine, which becomes a rescue system. */
  state: 'complete' | 'pending' | 'absent';
  /** While the state is not "complete". */
  mode: Mode;
  problems: Problem[];
  notes: string[];
}

/**
 * Merges the sources. A boot that says what it is for, such as a rescue entry, does not become an installation by what a server
 * answers: its own mode wins, and with "rescue" nothing is fetched.
 */
export function arrivalOf(fragments: readonly Fragment[], { fetched }: Input): Arrival {
  const notes: string[] = [];
  const nothing = locate({}, 'built-in');
  const mergeAll = (some: readonly Fragment[]) => some.reduce((all, { value }) => merge(all, value), nothing);
  const own = mergeAll(fragments.filter(fragment => !fragment.fetched));
  const ownMode = valueAt(own, ['mode']);
  for (const { fetched: isFetched, source, value } of fragments) {
    if (!isFetched || ownMode === undefined || value.kind !== 'object' || !value.entries.delete('mode'))
      continue;
    notes.push(`${source}: mode is not used, since ${ownMode.place.source} gives it`);
  }
  for (const name of ['for', 'notAfter']) {
    const place = valueAt(own, [name])?.place;
    if (place) notes.push(`${place.source}: ${name} counts in a fetched configuration only`);
  }
  const order = fetchOrder(own);
  const asksRescue = ownMode?.kind === 'scalar' && ownMode.value === 'rescue';
  if (order !== null && asksRescue) notes.push('mode is "rescue": dabei fetches no configuration');
  const isOpen = order !== null && !asksRescue;
  return {
    asked: mergeAll(fragments),
    order: isOpen && fetched === undefined ? order : null,
    state: !isOpen || fetched ? 'complete' : fetched === null ? 'absent' : 'pending',
    // What arrives may ask for anything that this boot's own mode permits.
    mode: fetched === null ? 'rescue' : (ownModeOf(ownMode) ?? 'install'),
    problems: order === null ? [] : unverifiedProblem(order, own),
    notes,
  };
}

function ownModeOf(asked: Located | undefined): Mode | undefined {
  return modes.find(mode => asked?.kind === 'scalar' && asked.value === mode);
}

/** @param mode the one that all sources together ask for */
export function arrivedProblems(fragments: readonly Fragment[], { fetched }: Input, mode: Mode): Problem[] {
  const fragment = fragments.find(each => each.fetched);
  return fetched && fragment ? fetchedProblems(fetched, fragment.value, mode !== 'rescue') : [];
}

/** Whether a configuration that arrived may be somebody else's: then not even its names and keys are used. */
export function distrusted(problems: readonly Problem[]): boolean {
  const codes: readonly ErrorCode[] = ['CONFIG_OTHER_MACHINE', 'CONFIG_EXPIRED', 'CONFIG_SECRET_IN_CLEAR'];
  return problems.some(({ code }) => codes.includes(code));
}
