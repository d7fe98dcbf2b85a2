import { canonicalName, parseCommandLine } from '../command-line.ts';
import type { Input } from '../sources.ts';
import { valueAt, type Located } from '../../located.ts';
import { givenTime, settingOf } from '../order.ts';
import { noCloudSource } from '../seed/nocloud.ts';
import { defaultDeadlineSeconds } from '../url-schedule.ts';
import { ec2ShapedAt } from './ec2.ts';
import type { IdentitySetting, Learnt } from './learnt.ts';
import { recognise, type MetadataSource } from './source.ts';
import { metadataSources } from './table.ts';

/**
 * What this boot wants to learn from a provider or from volumes. Only the boot itself decides whether an installation may come of it:
 * user-data, sticks and config drives outlive an installation, and anybody may answer on a link-local address. Pure.
 */

/** "identity": host name, authorized keys and addresses alone. */
export type Want = 'identity' | 'install';

export interface Learning {
  /** What to look for on volumes; null if nothing, or if it was looked for. */
  seeds: Want | null;
  /** Whom to ask; null if nobody, or if they were asked. */
  metadata: { source: MetadataSource; want: Want; deadlineSeconds: number } | null;
  /** The time at the start of the machine, in seconds since 1970; null if nothing but its clock says so. */
  timeSeconds: number | null;
  /** Sources whose configuration counts. */
  permitted: readonly Learnt['by'][];
  notes: string[];
}

/** For a source that gives three values that a machine can do without. */
const identityDeadlineSeconds = 30;

const paths: Readonly<Record<IdentitySetting, readonly string[]>> = {
  hostName: ['hostName'],
  rootAuthorizedKeys: ['rootAuthorizedKeys'],
  network: ['network', 'interfaces'],
};

/**
 * @param own this boot's own sources, merged
 * @param known those, and what was learnt so far
 */
export function learningOf(own: Located, known: Located, input: Input): Learning {
  const asked = (name: 'metadata' | 'seed') => settingOf(own, name);
  const notes: string[] = [];
  const timeSeconds = givenTime(own);
  const nothing = { seeds: null, metadata: null, timeSeconds, permitted: [], notes };
  const installs = (['metadata', 'seed'] as const).filter(name => asked(name) === 'install');
  const why = reasonAgainst(own, input);
  if (why !== null) for (const name of installs) notes.push(`${name} is not used: ${why}`);
  if (isBeaten(input)) return nothing;
  const permitted = why === null ? installs : [];
  const missing = Object.entries(paths).filter(([, path]) => valueAt(known, path) === undefined);
  // Where an address names the configuration, it is expected to be whole.
  const lacks = valueAt(own, ['configUrl']) === undefined ? missing.map(([name]) => name) : [];
  const wantOf = (name: 'metadata' | 'seed', gives: readonly string[]): Want | null => {
    if (asked(name) === 'off') return null;
    if (permitted.includes(name)) return 'install';
    return lacks.some(each => gives.includes(each)) ? 'identity' : null;
  };
  const source = sourceOf(own, input);
  const want = source === null || input.metadata !== undefined ? null : wantOf('metadata', source.gives);
  // On an operator's desk, nobody knows which machine it will be.
  if (source === null && permitted.includes('metadata') && input.dmi !== undefined)
    notes.push("metadata is \"install\", and this machine's firmware names no provider that dabei knows; metadataUrl names a server");
  return {
    seeds: input.seeds === undefined ? wantOf('seed', Object.keys(paths)) : null,
    metadata:
      source === null || want === null
        ? null
        : { source, want, deadlineSeconds: want === 'identity' ? identityDeadlineSeconds : deadlineOf(own) },
    timeSeconds,
    permitted,
    notes,
  };
} // prettier-ignore

/** A boot for a rescue system, `run`, and a file that a person names decide alone. */
export function isBeaten({ commandLine, alone = false, captured }: Input): boolean {
  return alone || Object.keys(captured?.value ?? {}).length > 0 || asksForRescue(commandLine);
}

function asksForRescue(commandLine: string): boolean {
  return parseCommandLine(commandLine).some(({ name }) => canonicalName(name) === 'dabei.rescue');
}

/** Why nothing that is learnt may install, as the end of a sentence; null if it may. */
function reasonAgainst(own: Located, input: Input): string | null {
  if (asksForRescue(input.commandLine)) return 'this boot is for a rescue system (dabei.rescue)';
  if (isBeaten(input)) return 'run or a file started this, and they decide alone';
  const mode = valueAt(own, ['mode']);
  return mode?.kind === 'scalar' && mode.value === 'rescue' ? 'mode is "rescue"' : null;
}

function sourceOf(own: Located, { dmi = {}, commandLine }: Input): MetadataSource | null {
  const url = settingOf(own, 'metadataUrl');
  if (typeof url === 'string') return ec2ShapedAt(new URL(url).origin);
  return noCloudSource(dmi, commandLine) ?? recognise(metadataSources, dmi);
}

function deadlineOf(own: Located): number {
  return (settingOf(own, 'configDeadline') as number | undefined) ?? defaultDeadlineSeconds;
}

/** Whether a configuration by metadata or on a seed may have secrets. */
export function mayHaveSecrets(own: Located): boolean {
  return settingOf(own, 'metadataSecrets') === 'allow';
}
