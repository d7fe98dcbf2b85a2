import type { Config } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';

export interface Lockout {
  problem: string;
  /** The system that is installed has no other keys than these, and no password. */
  isCertain: boolean;
}

/**
 * Whether nobody could log in afterwards. A key whose command is given by its options opens no shell (sshd(8), command=).
 * @param installed what will be installed; null for a rescue system
 */
export function lockout(authorizedKeys: readonly string[], installed: Config | null): Lockout | null {
  if (authorizedKeys.some(key => !/^[^ ]*\bcommand="/i.test(key))) return null;
  const problem =
    authorizedKeys.length === 0
      ? 'no authorized key was found, and the new system knows no password: nobody could log in'
      : 'every authorized key may only run a command of its own: nobody would get a shell';
  const system = installed?.system;
  return { problem, isCertain: system?.flake === undefined && system?.storePath === undefined };
}

/** An installation after which nobody could log in is none. */
export function lockoutRefusal(config: Config): DabeiError | null {
  const found = lockout(config.rootAuthorizedKeys, config);
  if (found === null || !found.isCertain) return null;
  return new DabeiError('NO_LOGIN', {
    doing: 'planning the installed system',
    problem: found.problem,
    remedy: 'give your public key as rootAuthorizedKeys, or as dabei.authorized_key in base64',
  });
}
