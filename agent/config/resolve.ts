import { Secret } from '../secret.ts';
import { arrivalOf, arrivedProblems } from './arrival.ts';
import { withinBounds } from './bounds.ts';
import { check, nameTheDisks } from './issues.ts';
import { capturedSource } from '../capture/identity.ts';
import { besideConfigured } from '../capture/beside.ts';
import { askProblems } from './rules/ask.ts';
import { asksForDisko, diskoProblems } from './rules/disko.ts';
import { copiesProblems } from './rules/copies.ts';
import { beneath, underneath } from './learning.ts';
import { givenText } from './given.ts';
import { locate, merge, originsOf, placeOf, toJson, valueAt, type Located } from './located.ts';
import { formatPath, type Path, type Problem } from './report.ts';
import { cleanSecrets } from './secrets.ts';
import { consoleQuestion, type ConsoleQuestion } from '../console/policy.ts';
import { reachabilityOf, type ReachabilityConfig } from './reachability.ts';
import { configSchema, modes, type Config, type Mode } from './schema.ts';
import type { Learning } from './sources/metadata/policy.ts';
import type { FetchOrder } from './sources/order.ts';
import { readSources, type Input } from './sources/sources.ts';
import { escapeUnprintable } from './text.ts';
import { variantProblems } from './rules/variants.ts';

export interface Resolution {
  /** null if there is a problem. */
  config: Config | null;
  mode: Mode;
  /** All problems, in the order of the sources and of their texts. */
  problems: Problem[];
  /** Valid settings that may not be what people meant. */
  notes: string[];
  /** Where each value came from, "built-in" for defaults: {"disks.devices[0]": "dabei.config", …}. */
  origins: Record<string, string>;
  reachability: ReachabilityConfig;
  /** A configuration that dabei has to fetch before it knows what was asked; `config` is null until then. */
  fetch: FetchOrder | null;
  /** What dabei has to ask a provider's metadata for, or look for on volumes, before or while it brings the network up. */
  learn: Pick<Learning, 'seeds' | 'metadata' | 'timeSeconds'>;
  /** From all sources that could be read, valid or not. */
  consoleQuestion: ConsoleQuestion;
}

const nothingToLearn: Resolution['learn'] = { seeds: null, metadata: null, timeSeconds: null };

const toLearn = ({ seeds, metadata, timeSeconds }: Learning): Resolution['learn'] => ({
  seeds,
  metadata,
  timeSeconds,
});

/**
 * The same machine, which becomes a rescue system for other reasons than what its sources say: it installs nothing, and asks nobody for
 * more. Its network, keys and names stay.
 */
export function withdrawn(resolution: Resolution, problems: Problem[]): Resolution {
  return { ...resolution, config: null, mode: 'rescue', fetch: null, learn: nothingToLearn, problems };
}

/** Reads, merges and validates all sources. Never throws because of their contents. */
export function resolveConfiguration(input: Input): Resolution {
  const { fragments: given, problems, notes } = readSources(input);
  const { fragments: learnt, learning, ...below } = beneath(given, input);
  const fragments = [...learnt, ...given];
  problems.push(...below.problems);
  notes.push(...below.notes);
  const { asked, own, state, ...arrival } = arrivalOf(fragments, input, below.expected);
  problems.push(...arrival.problems);
  notes.push(...arrival.notes);
  // What is missing may be in a source that cannot be read, or in one that dabei has yet to fetch.
  const readAll = problems.length === 0 && state === 'complete';
  const { captured } = input;
  const old = withinBounds(
    configSchema,
    locate(captured ? besideConfigured(captured.value, asked) : {}, capturedSource),
  );
  const base = underneath(below.base, old.located, asked);
  const clean = cleanSecrets(merge(base, asked, []));
  const merged = clean.value;
  notes.push(...clean.notes);
  for (const note of captured?.notes ?? []) notes.push(note);
  for (const { path, maximum } of old.overlong) {
    notes.push(
      `the old system: ${formatPath(path)} has more than ${maximum} items; the first ${maximum} are kept`,
    );
  }
  const mode = state === 'complete' ? modeOf(merged) : arrival.mode;

  const { data, problems: found } = check(configSchema, merged);
  const foreign = fragments.filter(fragment => fragment.foreign).map(({ source }) => source);
  for (const { missing, unknownKey, ...problem } of found) {
    // An unreadable source may contain the missing key; another version may know the unknown key.
    if ((missing && !readAll) || (unknownKey && foreign.includes(problem.source))) continue;
    problems.push(problem);
  }
  problems.push(...variantProblems(merged, input.variants));
  problems.push(...arrivedProblems(fragments, input, own, mode));
  if (readAll) problems.push(...missingForInstall(merged, mode));
  if (readAll && mode !== 'rescue')
    problems.push(...diskoProblems(merged), ...copiesProblems(merged), ...askProblems(merged));
  if (data?.disks?.key && /[^ -~]/.test(data.disks.key.reveal().toString('latin1'))) {
    notes.push('disks.key has characters that some consoles cannot type to unlock the machine');
  }

  const isWhole = problems.length === 0 && state === 'complete';
  const isSigned = input.fetched?.signer ? ({ isSigned: true } as const) : {};
  const isUnattended = fragments.some(({ fetched, learnt }) => fetched || learnt)
    ? ({ isUnattended: true } as const)
    : {};
  const config =
    isWhole && data ? { ...data, given: givenText(toJson(asked)), ...isSigned, ...isUnattended } : null;
  const reachability = config
    ? reachabilityOf(merged)
    : withBase(reachabilityOf(merged), merge(below.base, locate(captured?.value ?? {}, capturedSource), []));
  return {
    config,
    mode,
    problems: asTold(
      inOrder(
        problems,
        input.files.map(({ path }) => path),
      ),
    ),
    notes: notesAsTold(notes),
    origins: Object.fromEntries([...leaves(config ?? {}), ...originsOf(merged)]),
    reachability,
    fetch: problems.length === 0 ? arrival.order : null,
    learn: problems.length === 0 ? toLearn(learning) : nothingToLearn,
    consoleQuestion: consoleQuestion(merged, reachability.console, isWhole || state === 'absent'),
  };
}

/** The configured mode; otherwise "install" if disks or a system are configured. An invalid mode never installs. */
function modeOf(merged: Located): Mode {
  const asked = valueAt(merged, ['mode']);
  if (asked) return modes.find(mode => asked.kind === 'scalar' && asked.value === mode) ?? 'rescue';
  return (valueAt(merged, ['disks']) ?? valueAt(merged, ['system'])) ? 'install' : 'rescue';
}

/** Finds missing keys that the schema does not require, because a rescue system needs no disks. */
function missingForInstall(merged: Located, mode: Mode): Problem[] {
  const missing = (path: Path, remedy: string): Problem => {
    const cause = ['disks', 'system', 'mode'].find(key => valueAt(merged, [key])) ?? 'mode';
    const place = { ...placeOf(merged, [cause]), path: formatPath(path) };
    return { code: 'CONFIG_SCHEMA', ...place, message: 'is missing, and an installation needs it', remedy };
  };
  const problems: Problem[] = [];
  const disks = valueAt(merged, ['disks']);
  if (mode !== 'rescue' && !disks) problems.push(missing(['disks', 'devices'], nameTheDisks));
  const encryption = valueAt(merged, ['disks', 'encryption']);
  const isOpen = encryption?.kind === 'scalar' && encryption.value === 'none';
  if (
    mode === 'install' &&
    !isOpen &&
    !asksForDisko(merged) &&
    (!disks || disks.kind === 'object') &&
    !valueAt(merged, ['disks', 'key'])
  ) {
    problems.push(missing(['disks', 'key'], 'give the passphrase as disks.key, or dabei.disk_key in base64'));
  }
  return problems;
}

function inOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const sources = [...new Set([...files, ...problems.map(({ source }) => source)])];
  const ranks = new Map(sources.map((source, index) => [source, index]));
  const rank = (problem: Problem) => ranks.get(problem.source)!;
  return problems.toSorted(
    (a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

/** As many problems as a person reads on a console; a last one counts the rest. Quoted text is escaped. */
const toldAtMost = 50;

function asTold(problems: readonly Problem[]): Problem[] {
  const [next, ...others] = problems.slice(toldAtMost);
  if (next === undefined) return problems.map(printable);
  const { code, source } = next;
  const message = `${others.length + 1} more problems are not listed`;
  const rest = {
    code,
    source,
    path: '',
    line: null,
    column: null,
    message,
    remedy: 'correct the problems above first',
  };
  return [...problems.slice(0, toldAtMost), rest].map(printable);
}

function notesAsTold(notes: readonly string[]): string[] {
  const more = notes.length - toldAtMost;
  const told = more > 0 ? [...notes.slice(0, toldAtMost), `${more} more notes are not listed`] : notes;
  return told.map(escapeUnprintable);
}

function printable(problem: Problem): Problem {
  const { source, path, message, remedy } = problem;
  return {
    ...problem,
    source: escapeUnprintable(source),
    path: escapeUnprintable(path),
    message: escapeUnprintable(message),
    ...(remedy === undefined ? {} : { remedy: escapeUnprintable(remedy) }),
  };
}

/** Paths of all values of the validated configuration, each with the origin "built-in". */
function leaves(value: unknown, path: Path = []): [string, string][] {
  if (typeof value !== 'object' || value === null || value instanceof Secret) {
    return value === undefined ? [] : [[formatPath(path), 'built-in']];
  }
  const children = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return children.flatMap(([key, child]) => leaves(child, [...path, key]));
}

/**
 * Falls back to network and keys of the old system, or of the provider, if an invalid configuration leaves none, so their users can
 * still log in.
 */
function withBase(reachability: ReachabilityConfig, base: Located): ReachabilityConfig {
  const own = reachabilityOf(base);
  const { ssh, rootAuthorizedKeys, network } = reachability;
  const { wifi, wifiCountry } = network;
  return {
    ...reachability,
    // Neither the old system nor a provider has wireless networks.
    network:
      network.interfaces.length > 0
        ? network
        : {
            ...own.network,
            ...(wifi === undefined ? {} : { wifi }),
            ...(wifiCountry === undefined ? {} : { wifiCountry }),
          },
    ssh: ssh.hostKeys.length > 0 ? ssh : { ...ssh, hostKeys: own.ssh.hostKeys },
    rootAuthorizedKeys: rootAuthorizedKeys.length > 0 ? rootAuthorizedKeys : own.rootAuthorizedKeys,
  };
}
