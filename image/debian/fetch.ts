import { join } from 'node:path';
import * as clock from '../../agent/host/clock.ts';
import { keyOf } from '../lib/cache.ts';
import { BuildError, FetchMissing, type Missing } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { withLock } from '../lib/lock.ts';
import { step, tell } from '../lib/progress.ts';
import { standard, type Context } from './context.ts';
import { ListSource } from './lists.ts';
import { planOf, requireLocked } from './lock-file.ts';
import { architectureOf, idOf, isUnpacked, type Item, type Need, type Plan } from './needs.ts';
import { Fetcher } from './pool.ts';
import { forgetIndexes, indexOf, resolve, type Resolved, type Session, type Unavailable } from './resolve.ts';
import { Breaker } from './transfer.ts';

/**
 * Fetches everything that a build needs of Debian before the build compiles anything: from needs (data) to versions,
 * files and hashes out of signed lists, then to the files. If a file is not available, the next version in the lists
 * replaces it. One error reports everything that is still missing.
 */

export interface Fetched {
  /** By the need's id. */
  plans: ReadonlyMap<string, Plan>;
  /** The optional needs that are not available; asking for one of them throws FetchMissing with the same items. */
  missingOptional: readonly Missing[];
}

/** One need on its way. */
interface Task {
  need: Need;
  plan: Plan | null;
  /** Whether the mirror was already asked for newer lists because of this need. */
  refreshed: boolean;
  without: (Unavailable & { tried: string[] })[];
  /** Why the need cannot be met; null while it can. */
  missing: Missing[] | null;
}

/** What this process already knows, by the need's id: a plan whose files are present, or why there is no plan. */
const known = new WeakMap<Context, Map<string, Plan | Missing[]>>();

function knownIn(context: Context): Map<string, Plan | Missing[]> {
  const answers = known.get(context) ?? new Map<string, Plan | Missing[]>();
  known.set(context, answers);
  return answers;
}

/**
 * @param required needs without which there is no build
 * @param optional needs without which the image is larger
 * @throws FetchMissing naming everything required that is missing
 */
export async function fetchAll(
  required: readonly Need[],
  optional: readonly Need[] = [],
  context: Context = standard,
): Promise<Fetched> {
  const all = [...new Map([...required, ...optional].map(need => [idOf(need), need])).values()];
  const answers = knownIn(context);
  const unknown = all.filter(need => !answers.has(idOf(need)));
  if (unknown.length > 0) {
    const lock = join(context.directory, '.lock');
    await withLock(lock, 'fetching from Debian', context.limits.lockSeconds, () => obtain(context, unknown));
  }
  const missing = (needs: readonly Need[]) =>
    needs.flatMap(need => {
      const answer = answers.get(idOf(need));
      return Array.isArray(answer) ? answer : [];
    });
  const lacking = missing(required);
  if (lacking.length > 0) throw new FetchMissing('fetching what the build needs', lacking);
  const plans = all.flatMap(need => {
    const answer = answers.get(idOf(need));
    return answer === undefined || Array.isArray(answer) ? [] : [[idOf(need), answer] as const];
  });
  return { plans: new Map(plans), missingOptional: missing(optional) };
}

/** The plan for one need; fetches it unless an earlier run has unpacked it. @throws FetchMissing */
export async function planFor(need: Need, context: Context = standard): Promise<Plan> {
  const { plans } = await fetchAll([need], [], context);
  return plans.get(idOf(need))!;
}

async function obtain(context: Context, needs: readonly Need[]): Promise<void> {
  const breaker = new Breaker(context.limits);
  const session = { context, lists: new ListSource(context, breaker) };
  const fetcher = new Fetcher(context, await context.archives(), breaker);
  const tasks: Task[] = needs.map(need => ({
    ...{ need, plan: null, refreshed: false, without: [], missing: null },
  }));
  try {
    for (const task of tasks) await plan(session, task);
    for (;;) {
      await fetchFiles(fetcher, tasks);
      const lacking = tasks.filter(task => !isSettled(fetcher, task));
      if (lacking.length === 0) break;
      for (const task of lacking) await nextWay(session, fetcher, task);
    }
  } finally {
    forgetIndexes();
  }
  if (context.locked) requireLocked(tasks.flatMap(({ plan, missing }) => (plan && missing) ?? []));
  for (const { need, plan, missing } of tasks) {
    if (missing === null) for (const warning of plan!.warnings) tell(`WARNING: ${warning}`);
    knownIn(context).set(idOf(need), missing ?? plan!);
  }
}

async function fetchFiles(fetcher: Fetcher, tasks: readonly Task[]): Promise<void> {
  const wanted = tasks
    .filter(({ need, plan, missing }) => plan !== null && missing === null && !isUnpacked(need, plan))
    .flatMap(({ plan }) => plan!.items.flatMap(item => item.files))
    .filter(file => !fetcher.has(file) && fetcher.tried(file) === undefined);
  if (wanted.length > 0) await step('fetching packages and sources', () => fetcher.fetch(wanted));
}

/** Whether the need is settled: its files are present, or known to be unavailable. */
const isSettled = (fetcher: Fetcher, { need, plan, missing }: Task): boolean =>
  missing !== null || (plan !== null && (isUnpacked(need, plan) || lackingOf(fetcher, plan).length === 0));

const lackingOf = (fetcher: Fetcher, plan: Plan): Item[] =>
  plan.items.filter(item => item.files.some(file => !fetcher.has(file)));

/** After this many rejected versions of one need, the mirror counts as broken. */
const mostWithout = 12;

/** Finds another plan for a need with missing files, or gives the need up. */
async function nextWay(session: Session, fetcher: Fetcher, task: Task): Promise<void> {
  const lacking = lackingOf(fetcher, task.plan!).map(item => ({
    name: item.name,
    version: item.version,
    tried: item.files.flatMap(file => fetcher.tried(file) ?? []),
  }));
  if (session.context.locked || fetcher.away || task.without.length + lacking.length > mostWithout) {
    task.missing = missingOf(task, lacking);
    return;
  }
  if (!task.refreshed) {
    // The cached lists may be older than the mirror's last update; newer ones name what it has now.
    task.refreshed = true;
    const before = JSON.stringify(task.plan);
    await plan(session, task);
    if (task.missing !== null || JSON.stringify(task.plan) !== before) return;
  }
  task.without.push(...lacking);
  await plan(session, task);
}

/** Finds versions, files and hashes, without the unavailable ones. */
async function plan(session: Session, task: Task): Promise<void> {
  const { need } = task;
  const { locked } = session.context;
  try {
    const found = locked ? planOf(locked, need) : await remembered(session, task);
    const reason = locked ? 'the lock file does not name it' : 'no list names another version';
    if (found === null) task.missing = missingOf(task, [], reason);
    else task.plan = found;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    const tried = [`${error.doing}: ${error.problem}`];
    task.missing = [...missingOf(task, []), { kind: 'list', name: idOf(need), version: '', tried }];
  }
}

/** A complete answer stays valid until the package lists change; an incomplete one expires after a while. */
async function remembered(session: Session, task: Task): Promise<Plan | null> {
  const { need, without, refreshed } = task;
  const { context, lists } = session;
  const own = await lists
    .get(need.release, 'release', indexOf(need), architectureOf(need), refreshed)
    .catch(() => null);
  const key = keyOf(['resolved 1', own?.id ?? '', JSON.stringify(need)]);
  const path = join(context.directory, 'resolved', `${key}.json`);
  if (without.length === 0 && files.exists(path)) {
    const plan = JSON.parse(files.readText(path)) as Plan;
    const days = (clock.now().getTime() - files.modifiedAt(path).getTime()) / 86_400_000;
    if (plan.warnings.length === 0 || (days < fallbackDays && !context.update)) return plan;
  }
  const answer: Resolved | null = await resolve(session, need, without);
  if (answer === null) return null;
  const plan = { ...answer, warnings: without.map(lost => warningOf(lost, answer.items)) };
  files.write(path, JSON.stringify(plan, null, 2));
  return plan;
}

const fallbackDays = 7;

function warningOf({ name, version, tried }: Task['without'][number], items: readonly Item[]): string {
  const used = items.find(item => item.name === name);
  const reason = [...new Set(tried.map(line => line.replace(/^\S+: /, '')))].join(', ');
  const instead = used ? `using ${used.version} instead` : 'using others instead';
  return `${name} ${version} is not available (${reason}); ${instead}, which a signed list names`;
}

function missingOf(
  { need, without }: Pick<Task, 'need' | 'without'>,
  more: Task['without'],
  last?: string,
): Missing[] {
  const kind = need.kind === 'source' ? 'source' : 'package';
  const end = last === undefined ? [] : [`${need.release}: ${last}`];
  const byName = new Map<string, Missing>();
  for (const { name, version, tried } of [...without, ...more]) {
    const lines = tried.map(line => `${version}: ${line}`);
    const first = byName.get(name) ?? { kind, name, version, tried: [] };
    byName.set(name, { ...first, tried: [...first.tried, ...lines] });
  }
  if (byName.size > 0) return [...byName.values()].map(item => ({ ...item, tried: [...item.tried, ...end] }));
  if (last === undefined) return [];
  const names = need.kind === 'set' ? [need.set.name] : need.kind === 'source' ? [need.name] : need.names;
  return names.map(name => ({ kind, name, version: '', tried: end }));
}
