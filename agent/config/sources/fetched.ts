import { ownSettings } from '../schema/fetch.ts';
import { toJson, valueAt, valuesAt, type Located } from '../located.ts';
import { formatPath, secretPaths, type Problem } from '../report.ts';
import type { Identity } from './url.ts';
import { validityProblems, type TrustedTime, type Validity } from './validity.ts';

/** A configuration that came from `configUrl`, after its hash and its signature were verified, or by metadata, or from a seed. */
export interface Fetched {
  /** Its address, without credentials: the name of this source. */
  source: string;
  bytes: Buffer;
  /** Others may have read it, by `way`: a secret in it is none. */
  inClear: boolean;
  /** Without it, `configUrl`. */
  way?: 'metadata' | 'seed';
  /** Who signed it; null if no signature was asked for. */
  signer: string | null;
  /** null where nobody knows which machine will read it. */
  identity: Identity | null;
  time: TrustedTime;
}

/** @returns a problem for each value that a fetched configuration must not have, with its place; names no value */
export function fetchedProblems(
  { source, inClear, way, signer, identity, time }: Fetched,
  value: Located,
  installs: boolean,
): Problem[] {
  const problems: Problem[] = [];
  for (const name of Object.keys(ownSettings)) {
    const entry = value.kind === 'object' ? value.entries.get(name) : undefined;
    if (entry === undefined) continue;
    const message = 'cannot be set by a fetched configuration';
    const remedy =
      'give it where configUrl is given: on the kernel command line, or in a file of the initramfs';
    problems.push({ code: 'CONFIG_SCHEMA', ...entry.key, message, remedy });
  }
  for (const { path, value: secret } of inClear ? secretPaths.flatMap(each => valuesAt(value, each)) : []) {
    if (secret.kind === 'array' && secret.items.length === 0) continue;
    problems.push({
      code: 'CONFIG_SECRET_IN_CLEAR',
      ...secret.place,
      path: formatPath(path),
      ...inClearBy[way ?? 'url'],
    });
  }
  const validity = validityOf(value);
  if (validity === null) return problems;
  const use = { installs, isSigned: signer !== null };
  for (const { path, ...rest } of validityProblems(validity, use, identity, time)) {
    const place = valueAt(value, path)?.place;
    const nowhere = { source, line: null, column: null };
    problems.push({ ...(place ?? nowhere), path: formatPath(path), ...rest });
  }
  return problems;
}

const inClearBy: Readonly<Record<'url' | 'metadata' | 'seed', Pick<Problem, 'message' | 'remedy'>>> = {
  url: {
    message: 'came over plain HTTP, so others may have read it',
    remedy: 'make a new secret, and serve it over https or put it into the initramfs as /dabei.json',
  },
  metadata: {
    message: 'came by metadata, which every program of this machine can read',
    remedy:
      'make a new secret, and put it into the initramfs as /dabei.json; dabei.metadata_secrets=allow permits this one',
  },
  seed: {
    message: 'lies on a volume that stays with the machine',
    remedy:
      'make a new secret, and put it into the initramfs as /dabei.json; dabei.metadata_secrets=allow permits this one',
  },
};

/** null if the schema will report one of the two. */
function validityOf(value: Located): Validity | null {
  const [machine, notAfter] = ['for', 'notAfter'].map(name => valueAt(value, [name]));
  const named = machine === undefined ? undefined : toJson(machine);
  const isRecord = typeof named === 'object' && named !== null && !Array.isArray(named);
  if (machine !== undefined && (!isRecord || !Object.values(named).every(text => typeof text === 'string')))
    return null;
  if (
    notAfter !== undefined &&
    (notAfter.kind !== 'scalar' || Number.isNaN(Date.parse(String(notAfter.value))))
  )
    return null;
  return {
    ...(machine === undefined ? {} : { for: named as NonNullable<Validity['for']> }),
    ...(notAfter?.kind === 'scalar' ? { notAfter: String(notAfter.value) } : {}),
  };
}
