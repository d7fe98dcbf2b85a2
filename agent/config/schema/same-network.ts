import { isDeepStrictEqual } from 'node:util';
import { Secret } from '../../secret.ts';
import type { NetworkConfig } from '../schema.ts';

/**
 * Whether two networks are the same, passphrases included: where they are, a network that works stays as it is.
 *
 * INVARIANT: networks are compared here alone. For isDeepStrictEqual, any two secrets are equal, and a key that is undefined differs
 * from one that is missing.
 */
export function isSameNetwork(a: NetworkConfig | undefined, b: NetworkConfig | undefined): boolean {
  return isDeepStrictEqual(
    plain(a && { ...a, wifi: a.wifi ?? [] }),
    plain(b && { ...b, wifi: b.wifi ?? [] }),
  );
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(given.map(([key, each]) => [key, plain(each)]));
}
