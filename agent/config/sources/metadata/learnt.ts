import { authorizedLines, withoutBlanks } from '../../../keys/authorized-keys.ts';
import { limits } from '../../limits.ts';
import { configSchema, type ConfigInput, type NetworkInput } from '../../schema.ts';
import type { Identity } from '../url.ts';
import type { TrustedTime } from '../validity.ts';
import { readUserData } from './user-data.ts';

/** What a provider's metadata, or a volume with a seed, says about this machine. Pure. */

/** A decoder's result, as it came: any value may be of any type. */
export interface Reading {
  hostName?: unknown;
  /** A text with lines of authorized_keys, or a list of such texts. */
  keys?: unknown;
  network?: NetworkInput | undefined;
  userData?: Buffer | null | undefined;
  notes?: readonly string[];
}

/** The settings that count although this boot did not ask for an installation by this source. */
export const identitySettings = ['hostName', 'rootAuthorizedKeys', 'network'] as const;
export type IdentitySetting = (typeof identitySettings)[number];

export interface Learnt {
  /** The name of this source in reports: "EC2 metadata". */
  source: string;
  /** "metadata": a server answered. "seed": a volume or the firmware has it. */
  by: 'metadata' | 'seed';
  /** Valid; what was not is left out, with a note. */
  value: Pick<ConfigInput, IdentitySetting>;
  /** A configuration in the user-data, unread. */
  config: { source: string; bytes: Buffer } | null;
  notes: string[];
  /** Of the machine that asked, for `for` and `notAfter`; null where nobody knows. */
  identity: Identity | null;
  time: TrustedTime;
}

const checks = {
  hostName: configSchema.shape.hostName.unwrap(),
  key: configSchema.shape.rootAuthorizedKeys.unwrap().element,
  network: configSchema.shape.network.unwrap(),
};

/** @param source the name in reports */
export function learntFrom(
  source: string,
  by: Learnt['by'],
  reading: Reading,
): Pick<Learnt, 'source' | 'by' | 'value' | 'config' | 'notes'> {
  const notes = (reading.notes ?? []).map(text => `${source}: ${text}`);
  const note = (text: string) => notes.push(`${source}: ${text}`);
  const user = readUserData(reading.userData ?? null);
  for (const text of user.notes) note(text);
  const hostName = validHostName(reading.hostName ?? user.hostName, note);
  const keys = validKeys([reading.keys, user.keys], note);
  const network = validNetwork(reading.network, note);
  return {
    ...{ source, by, notes },
    value: {
      ...(hostName === undefined ? {} : { hostName }),
      ...(keys.length === 0 ? {} : { rootAuthorizedKeys: keys }),
      ...(network === undefined ? {} : { network }),
    },
    config: user.config === null ? null : { source: `${source}, user-data`, bytes: user.config },
  };
}

function validHostName(asked: unknown, note: (text: string) => void): string | undefined {
  if (asked === undefined || asked === null || asked === '') return undefined;
  const name = typeof asked === 'string' ? asked.trim().replace(/\.$/, '') : asked;
  const result = checks.hostName.safeParse(name);
  if (result.success) return result.data;
  note('the host name is left out: it is not a valid one (RFC 1123)');
  return undefined;
}

function validKeys(asked: readonly unknown[], note: (text: string) => void): string[] {
  const given = asked.flat().filter(each => each !== undefined && each !== null && each !== '');
  const lines = given.flatMap(text =>
    typeof text === 'string' ? authorizedLines(text.replaceAll('\r\n', '\n')).map(withoutBlanks) : [null],
  );
  const valid = lines.filter((line): line is string => line !== null && checks.key.safeParse(line).success);
  const kept = [...new Set(valid)].slice(0, limits.authorizedKeys);
  const lost = lines.length - valid.length;
  if (lost > 0) note(`${lost} of ${lines.length} authorized keys are left out: they are not valid lines`);
  return kept;
}

function validNetwork(
  asked: NetworkInput | undefined,
  note: (text: string) => void,
): NetworkInput | undefined {
  if (asked === undefined || (asked.interfaces ?? []).length === 0) return undefined;
  if (checks.network.safeParse(asked).success) return asked;
  note('the addresses are left out: they are not a valid network');
  return undefined;
}
