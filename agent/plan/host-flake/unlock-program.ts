import type { Config } from '../../config/schema.ts';
import { flakeReference, isSentAlong } from './flake-reference.ts';

/**
 * What the shell on port 2222 of stage 1 has to ask for the passphrase. A bundled flake and a prebuilt system bring their own
 * modules, which may be older than `unlock` (nix/host-flake/unlock.nix); systemd's agent is in every stage 1 with systemd.
 *
 * Without --watch, the agent ends at once, and with 0, where no question is waiting yet, and after an answer that does not fit; with
 * it, it answers every question until stage 1 ends, and the connection with it (systemd-tty-ask-password-agent(1)).
 */
export function unlockProgram({ system, hostName }: Config): string {
  const isBundled = system.flake !== undefined && isSentAlong(flakeReference(system.flake, hostName));
  return isBundled || system.storePath !== undefined ? 'systemd-tty-ask-password-agent --watch' : 'unlock';
}
