import { locate, merge, toJson, valueAt, type Located } from './located.ts';
import type { Problem } from './report.ts';
import { configSchema } from './schema.ts';
import { fetchedProblems, type Fetched } from './sources/fetched.ts';
import { identitySettings, type Learnt } from './sources/metadata/learnt.ts';
import { learningOf, mayHaveSecrets, type Learning } from './sources/metadata/policy.ts';
import { readDocument, type Fragment, type Input, type Sources } from './sources/sources.ts';

/** How what metadata and seeds say becomes a part of the configuration. Pure. */
export interface Beneath {
  /** Values that count where no other source gives them. */
  base: Located;
  /** Configurations that this boot permitted, as sources below all others. */
  fragments: Fragment[];
  /** What is still to be learnt. */
  learning: Learning;
  /**
   * Of the installation that this boot expects from metadata or a seed: "none" is expected; it is still to be learnt; it has come;
   * or everybody was asked and had none.
   */
  expected: 'none' | 'pending' | 'here' | 'absent';
  problems: Problem[];
  notes: string[];
}

/** @param fragments this boot's own sources, and what was fetched */
export function beneath(fragments: readonly Fragment[], input: Input): Beneath {
  const nothing = locate({}, 'built-in');
  const mergeAll = (some: readonly Fragment[]) => some.reduce((all, { value }) => merge(all, value), nothing);
  const own = mergeAll(fragments.filter(({ fetched }) => !fetched));
  // A seed is nearer to the machine than a server.
  const learnt = [...(input.metadata ? [input.metadata] : []), ...(input.seeds ?? [])];
  const { permitted } = learningOf(own, own, input);
  const found: Sources = { fragments: [], problems: [], notes: [] };
  let base = nothing;
  for (const each of learnt) {
    for (const note of each.notes) found.notes.push(note);
    base = merge(base, locate(each.value, each.source), []);
    if (each.config === null) continue;
    if (permitted.includes(each.by)) takeWhole(each, each.config, found);
    else base = merge(base, identityIn(each, each.config, found.notes), []);
  }
  const known = merge(base, mergeAll(fragments), []);
  const learning = learningOf(own, known, input);
  return {
    base,
    fragments: found.fragments,
    learning,
    expected: expectation(learning, learnt),
    problems: found.problems,
    notes: [...found.notes, ...learning.notes],
  };
}

function expectation({ permitted, seeds, metadata }: Learning, learnt: readonly Learnt[]): Beneath['expected'] {
  if (permitted.length === 0) return 'none';
  if (seeds === 'install' || metadata?.want === 'install') return 'pending';
  return learnt.some(({ by, config }) => permitted.includes(by) && config !== null) ? 'here' : 'absent';
} // prettier-ignore

function takeWhole(learnt: Learnt, config: NonNullable<Learnt['config']>, found: Sources): void {
  const before = found.fragments.length;
  readDocument(config, found);
  for (const fragment of found.fragments.slice(before)) fragment.learnt = learnt;
}

/** Of a configuration that may not install: host name, authorized keys and addresses, as far as they are valid. */
function identityIn({ by }: Learnt, config: NonNullable<Learnt['config']>, notes: string[]): Located {
  const found: Sources = { fragments: [], problems: [], notes: [] };
  readDocument(config, found);
  const value = found.problems.length > 0 ? undefined : found.fragments[0]?.value;
  const entries = identitySettings.flatMap(name => {
    const entry = value?.kind === 'object' ? value.entries.get(name) : undefined;
    return entry !== undefined && configSchema.shape[name].safeParse(toJson(entry.value)).success
      ? [[name, entry] as const]
      : [];
  });
  notes.push(
    value === undefined
      ? `${config.source}: it is not a valid configuration, and is not used`
      : `${config.source}: of this configuration, only host name, authorized keys and addresses count: ` +
          `only dabei.${by}=install on the kernel line, or in /dabei.json of the initramfs, lets it install`,
  );
  return { kind: 'object', place: { source: config.source, path: '', line: null, column: null }, entries: new Map(entries) };
} // prettier-ignore

/** Everything that counts where `asked` says nothing: what was learnt, then the old system. */
export function underneath(base: Located, captured: Located, asked: Located): Located {
  // Routes and name servers belong to the interfaces that they came with.
  const isConfigured = [asked, captured].some(each => valueAt(each, ['network', 'interfaces']) !== undefined);
  if (!isConfigured || base.kind !== 'object') return merge(base, captured, []);
  const entries = new Map([...base.entries].filter(([name]) => name !== 'network'));
  return merge({ ...base, entries }, captured, []);
}

/** @param mode the one that all sources together ask for */
export function learntProblems(fragments: readonly Fragment[], own: Located, installs: boolean): Problem[] {
  const signers = valueAt(own, ['configSigners']);
  return fragments.flatMap(({ learnt, source, value }) => {
    if (learnt === undefined || learnt.config === null) return [];
    const { by: way, identity, time } = learnt;
    const inClear = !mayHaveSecrets(own);
    const fetched: Fetched = { source, bytes: learnt.config.bytes, way, inClear, signer: null, identity, time };
    const unsigned: Problem[] =
      signers?.kind === 'array' && signers.items.length > 0
        ? [
            {
              code: 'CONFIG_SIGNATURE',
              ...value.place,
              message: 'has no signature, and configSigners asks for one',
              remedy: 'give the configuration by dabei.config_url, or leave the signers out',
            },
          ]
        : [];
    return [...unsigned, ...fetchedProblems(fetched, value, installs)];
  });
} // prettier-ignore
