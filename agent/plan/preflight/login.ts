import type { Config } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import { readAuthorizedKeys, type AuthorizedKey } from '../../keys/authorized-keys.ts';

export interface Lockout {
  problem: string;
  /** The system that is installed has no other keys than these, and no password. */
  isCertain: boolean;
}

/** As many reasons as fit into a sentence. */
const mostReasons = 5;

/**
 * Whether nobody could log in afterwards, as far as the lines say it (agent/keys/authorized-keys.ts). Who has a certificate of
 * an authority is not known here.
 * @param installed what will be installed; null for a rescue system
 * @param now seconds since 1970
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

/** An installation after which nobody could log in is none. @param now seconds since 1970 */
export function lockoutRefusal(config: Config, now: number): DabeiError | null {
  const found = lockout(config.rootAuthorizedKeys, config, now);
  if (found === null || !found.isCertain) return null;
  return new DabeiError('NO_LOGIN', {
    doing: 'planning the installed system',
    problem: found.problem,
    remedy: 'give your public key as rootAuthorizedKeys, or as dabei.authorized_key in base64',
  });
}
