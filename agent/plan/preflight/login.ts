import type { Config } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import { readAuthorizedKeys, type AuthorizedKey } from '../../keys/authorized-keys.ts';

export interface Lockout {
  problem: string;
  /** The new system has only these keys, and no password. If false, a flake or a prebuilt system may have its own keys. */
  isCertain: boolean;
}

/** Keeps the message to one sentence. */
const mostReasons = 5;

/**
 * Determines from the authorized keys (agent/keys/authorized-keys.ts) whether nobody could log in to the new system. dabei does not
 * know whether anybody has a certificate of a listed authority.
 * @param authorizedKeys lines of authorized_keys (sshd(8))
 * @param installed the configuration to install; null for a rescue system
 * @param now seconds since 1970-01-01 UTC
 * @returns null if a key permits a root shell
 */
export function lockout(
  authorizedKeys: readonly string[],
  installed: Config | null,
  now: number,
): Lockout | null {
  const keys = readAuthorizedKeys(authorizedKeys, now);
  const shells = keys.filter(({ use }) => use === 'shell');
  if (shells.some(({ isAuthority }) => !isAuthority)) return null;
  if (shells.length > 0)
    return { problem: 'the only way to log in would be a certificate of an authority', isCertain: false };
  const system = installed?.system;
  return {
    problem: whyNobody(keys),
    isCertain: system?.flake === undefined && system?.storePath === undefined,
  };
}

function whyNobody(keys: readonly AuthorizedKey[]): string {
  if (keys.length === 0)
    return 'no authorized key was found, and the new system has no password: nobody could log in';
  if (keys.every(({ use }) => use === 'command'))
    return 'every authorized key is restricted to one command: none opens a shell';
  const reasons = keys.slice(0, mostReasons).map(({ reason }, index) => `key ${index + 1} ${reason}`);
  const more = keys.length - reasons.length;
  return `no authorized key opens a shell: ${reasons.join('; ')}${more > 0 ? `; and ${more} others` : ''}`;
}

/**
 * Refuses an installation after which nobody could log in.
 * @param now seconds since 1970-01-01 UTC
 * @returns NO_LOGIN; null if a login may be possible
 */
export function lockoutRefusal(config: Config, now: number): DabeiError | null {
  const found = lockout(config.rootAuthorizedKeys, config, now);
  if (found === null || !found.isCertain) return null;
  return new DabeiError('NO_LOGIN', {
    doing: 'planning the installed system',
    problem: found.problem,
    remedy: 'give your public key as rootAuthorizedKeys, or as dabei.authorized_key in base64',
  });
}
