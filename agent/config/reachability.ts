import type { z } from 'zod';
import { withinBounds } from './bounds.ts';
import { branchMeant, type Issue } from './issues.ts';
import { toJson, type Located } from './located.ts';
import type { Path } from './report.ts';
import { configSchema, type ConsoleConfig, type NetworkConfig, type SshConfig } from './schema.ts';
import type { ReportConfig } from './schema/report.ts';
import type { TorConfig } from './schema/tor.ts';

/** The valid part of what keeps a machine reachable under its own keys and addresses. */
export interface ReachabilityConfig {
  network: NetworkConfig;
  ssh: SshConfig;
  rootAuthorizedKeys: string[];
  hostName: string;
  machineId?: string | undefined;
  console: ConsoleConfig;
  tor?: TorConfig | undefined;
  /** A refused configuration is reported, too. */
  report?: ReportConfig | undefined;
  configCa?: string | undefined;
}

const reachabilitySchema = configSchema.pick({
  hostName: true,
  machineId: true,
  rootAuthorizedKeys: true,
  network: true,
  ssh: true,
  console: true,
  tor: true,
  report: true,
  configCa: true,
});

/**
 * Each round removes invalid values; the next finds objects that are invalid without them, and so on outwards. The schema is 6
 * levels deep.
 */
const maximumRounds = 16;

/**
 * Removes exactly what is invalid. It removes an unknown key alone; a route, a rule or a wireless network with an invalid value as a whole,
 * since the remaining parts would mean a different one; an interface only if it contradicts itself or if nothing selects it. Never throws;
 * its time is proportional to the size of the configuration.
 */
export function reachabilityOf(merged: Located): ReachabilityConfig {
  const all = toJson(withinBounds(reachabilitySchema, merged).located);
  let input: unknown = isRecord(all) ? pick(all, Object.keys(reachabilitySchema.shape)) : {};
  for (let round = 0; round < maximumRounds; round++) {
    const result = parse(reachabilitySchema, input);
    if (result === null) break;
    if (result.success) return result.data;
    const cut = newCut();
    for (const issue of result.error.issues) markIssue(cut, input, issue, []);
    if (cut.whole) break;
    input = without(input, cut);
  }
  return eachByItself(input);
}

/** The last resort, for problems that a later schema may introduce: keeps each top-level key that is valid alone. */
function eachByItself(input: unknown): ReachabilityConfig {
  const keys = Object.keys(isRecord(input) ? input : {});
  const valid = keys.filter(key => parse(reachabilitySchema, pick(input as object, [key]))?.success);
  const result = parse(reachabilitySchema, pick(input as object, valid));
  return result?.success ? result.data : reachabilitySchema.parse({});
}

/** Returns null if zod itself throws: it passes its issues as arguments, and more than 100,000 overflow the stack. */
function parse<S extends z.ZodType>(schema: S, input: unknown): z.ZodSafeParseResult<z.output<S>> | null {
  try {
    return schema.safeParse(input);
  } catch {
    return null;
  }
}

/** What to remove from a value; all paths refer to the unchanged value. */
interface Cut {
  whole: boolean;
  below: Map<string, Cut>;
}

function newCut(): Cut {
  return { whole: false, below: new Map() };
}

function cutAt(cut: Cut, path: Path): Cut {
  let here = cut;
  for (const part of path) {
    const key = String(part);
    let next = here.below.get(key);
    if (next === undefined) here.below.set(key, (next = newCut()));
    here = next;
  }
  return here;
}

function markIssue(cut: Cut, input: unknown, issue: Issue, prefix: Path): void {
  const path = [...prefix, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) cutAt(cut, [...path, key]).whole = true;
    return;
  }
  const branch = issue.code === 'invalid_union' ? branchMeant(issue.errors) : undefined;
  if (branch) {
    for (const inner of branch) markIssue(cut, input, inner, path);
    return;
  }
  cutAt(cut, wholeOf(existing(input, path))).whole = true;
}

/** The existing part of a path; for a missing key, the path of its parent. */
function existing(input: unknown, path: Path): Path {
  let here = input;
  for (const [length, part] of path.entries()) {
    if (!isRecord(here) || !Object.hasOwn(here, part)) return path.slice(0, length);
    here = here[part];
  }
  return path;
}

/** The path of the route, rule or wireless network that contains a path; otherwise the path itself. */
function wholeOf(path: Path): Path {
  const list = path.findIndex(part => part === 'routes' || part === 'rules' || part === 'wifi');
  return list >= 0 ? path.slice(0, list + 2) : path;
}

function without(value: unknown, cut: Cut): unknown {
  const rest = (child: unknown, key: string | number): unknown[] => {
    const below = cut.below.get(String(key));
    if (below === undefined) return [child];
    return below.whole ? [] : [without(child, below)];
  };
  if (Array.isArray(value)) return value.flatMap(rest);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => rest(child, key).map(kept => [key, kept])),
  );
}

function pick(from: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function isRecord(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
