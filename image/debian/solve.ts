import { join } from 'node:path';
import { keyOf } from '../lib/cache.ts';
import { BuildError } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { run } from '../lib/host.ts';
import type { Context } from './context.ts';
import type { Lists } from './lists.ts';
import { arch } from '../../agent/arch.ts';

/** Which packages fit together: apt's own solver, on verified lists in the cache, without a network. */

export interface Question {
  /** Names, and patterns of apt-patterns(7). */
  packages: readonly string[];
  lists: readonly Lists[];
  /** Unavailable versions of packages. */
  without: readonly { name: string; version: string }[];
  /** Prefer the first list, even over newer versions in the others. */
  preferFirst: boolean;
}

/**
 * Name -> version of everything that an installation on an empty system would bring, sorted by name.
 * @throws BuildError FETCH_RESOLVE
 */
export async function solve(context: Context, question: Question): Promise<Record<string, string>> {
  const architecture = question.lists[0]?.architecture ?? arch.debian;
  const state = await prepare(context, question.lists, architecture);
  const preferences = preferencesOf(question);
  const file = join(state, `preferences-${keyOf([preferences])}`);
  files.write(file, preferences);
  const argv = ['-o', `Dir::Etc::preferences=${file}`, 'install', '--simulate', ...question.packages];
  try {
    const simulation = await apt('resolving package versions', state, architecture, argv, context.directory);
    // "Inst libc6 (2.41-12 Debian:13.0/stable […])", apt-get(8) --simulate
    const lines = [...simulation.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
      ([, name = '', version = '']): [string, string] => [name, version],
    );
    return Object.fromEntries(lines.sort());
  } catch (error) {
    throw new BuildError('FETCH_RESOLVE', {
      doing: `resolving the versions of ${question.packages.join(' ')}`,
      problem: error instanceof Error ? error.message : String(error),
      remedy: 'run the same command with --update, which reads the package lists anew',
      cause: error,
    });
  }
}

/** apt_preferences(5): if several records match a version, the one that names the package wins. */
export function preferencesOf({ lists, without, preferFirst }: Omit<Question, 'packages'>): string {
  const records = without.map(({ name, version }) => [name, `version ${version}`, -1] as const);
  const first = lists[0];
  const preferred = preferFirst && first ? [['*', `release n=${first.suite}`, 990] as const] : [];
  return [...records, ...preferred]
    .map(([name, pin, priority]) => `Package: ${name}\nPin: ${pin}\nPin-Priority: ${priority}\n`)
    .join('\n');
}

/** apt's state with these lists loaded; created once for each set of lists. */
async function prepare(context: Context, lists: readonly Lists[], architecture: string): Promise<string> {
  const state = join(
    context.directory,
    'apt',
    keyOf(['apt 1', ...lists.flatMap(({ archive, id }) => [archive, id])]),
  );
  const stamp = join(state, 'ready');
  if (files.exists(stamp)) return state;
  for (const part of ['lists/partial', 'archives/partial']) files.makeDirectory(join(state, part));
  files.write(join(state, 'status'), '');
  // lists.ts has already checked their age.
  const options = `arch=${architecture} signed-by=${context.keyring} check-valid-until=no check-date=no`;
  const sources = lists.map(
    ({ archive, suite, components }) => `deb [${options}] file:${archive} ${suite} ${components.join(' ')}\n`,
  );
  files.write(join(state, 'sources.list'), sources.join(''));
  const update = ['update', '--error-on=any'];
  await apt('reading the package lists', state, architecture, update, context.directory);
  files.write(stamp, '');
  return state;
}

/** Runs apt-get on a state of our own: it neither reads nor changes this machine's packages. apt.conf(5) */
async function apt(
  doing: string,
  state: string,
  architecture: string,
  argv: readonly string[],
  cwd: string,
): Promise<string> {
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'APT::Architecture': architecture,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const result = await run({ doing, argv: ['apt-get', '-q', ...options, ...argv], cwd, timeoutSeconds: 300 });
  return result.stdout;
}
