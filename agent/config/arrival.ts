import type { ErrorCode } from '../errors.ts';
import { locate, merge, valueAt, type Located } from './located.ts';
import type { Problem } from './report.ts';
import { modes, type Mode } from './schema.ts';
import { learntProblems, type Beneath } from './learning.ts';
import { validitySettings } from './schema/fetch.ts';
import { fetchedProblems } from './sources/fetched.ts';
import { fetchOrder, unverifiedProblem, type FetchOrder } from './sources/order.ts';
import type { Fragment, Input } from './sources/sources.ts';

/** How a configuration that has to be fetched relates to this boot's own sources. */
export interface Arrival {
  /** All sources merged. */
  asked: Located;
  /** What to fetch; null if nothing is to be fetched, or no longer. */
  order: FetchOrder | null;
  /** This boot's own sources merged. */
  own: Located;
  /** "pending": dabei has to ask first. "absent": nobody has anything for this machine, which becomes a rescue system. */
  state: 'complete' | 'pending' | 'absent';
  /** While the state is not "complete". */
  mode: Mode;
  problems: Problem[];
  notes: string[];
}

/**
 * Merges the sources. A boot that says what it is for, such as a rescue entry, does not become an installation by what a server
 * answers: its own mode wins, and with "rescue" nothing is fetched.
 * @param expected the configuration that this boot expects from metadata or a seed
 */
export function arrivalOf(
  fragments: readonly Fragment[],
  { fetched }: Input,
  expected: Beneath['expected'],
): Arrival {
  const notes: string[] = [];
  const nothing = locate({}, 'built-in');
  const mergeAll = (some: readonly Fragment[]) => some.reduce((all, { value }) => merge(all, value), nothing);
  const isOwn = ({ fetched, learnt }: Fragment) => !fetched && learnt === undefined;
  const own = mergeAll(fragments.filter(isOwn));
  const ownMode = valueAt(own, ['mode']);
  for (const fragment of fragments) {
    const { source, value } = fragment;
    if (isOwn(fragment) || ownMode === undefined || value.kind !== 'object' || !value.entries.delete('mode'))
      continue;
    notes.push(`${source}: mode is not used, since ${ownMode.place.source} gives it`);
  }
  for (const name of Object.keys(validitySettings)) {
    const place = valueAt(own, [name])?.place;
    if (place) notes.push(`${place.source}: ${name} counts in a fetched configuration only`);
    // Nor may the number of another source make an older file a newer one.
    if (fetched)
      for (const { fetched: isFetched, value } of fragments)
        if (!isFetched && value.kind === 'object') value.entries.delete(name);
  }
  const order = fetchOrder(own);
  const asksRescue = ownMode?.kind === 'scalar' && ownMode.value === 'rescue';
  if (order !== null && asksRescue) notes.push('mode is "rescue": dabei fetches no configuration');
  const isOpen = order !== null && !asksRescue;
  const isAwaited = (isOpen && fetched === undefined) || expected === 'pending';
  const isAbsent = isOpen ? fetched === null : expected === 'absent';
  const state = isAwaited ? 'pending' : isAbsent ? 'absent' : 'complete';
  return {
    asked: mergeAll(fragments),
    own,
    order: isOpen && fetched === undefined ? order : null,
    state,
    // What arrives may ask for anything that this boot's own mode permits.
    mode: state === 'absent' ? 'rescue' : (ownModeOf(ownMode) ?? 'install'),
    problems: order === null ? [] : unverifiedProblem(order, own),
    notes,
  };
}

function ownModeOf(asked: Located | undefined): Mode | undefined {
  return modes.find(mode => asked?.kind === 'scalar' && asked.value === mode);
}

/** @param mode the one that all sources together ask for */
export function arrivedProblems(
  fragments: readonly Fragment[],
  { fetched }: Input,
  own: Located,
  mode: Mode,
): Problem[] {
  const installs = mode !== 'rescue';
  const fragment = fragments.find(each => each.fetched);
  return [
    ...learntProblems(fragments, own, installs),
    ...(fetched && fragment ? fetchedProblems(fetched, fragment.value, installs) : []),
  ];
}

/** Whether a configuration that arrived may be somebody else's: then not even its names and keys are used. */
export function distrusted(problems: readonly Problem[]): boolean {
  const codes: readonly ErrorCode[] = ['CONFIG_OTHER_MACHINE', 'CONFIG_EXPIRED', 'CONFIG_SECRET_IN_CLEAR'];
  return problems.some(({ code }) => codes.includes(code));
}
