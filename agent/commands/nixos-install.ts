import { logCommands } from './session.ts';
import { DabeiError } from '../errors.ts';
import { memoryBytes } from '../host/machine/facts.ts';
import type { Doors } from '../host/doors.ts';
import { environment } from '../host/environment.ts';
import { alsoTelling } from '../host/log.ts';
import { updateStatus } from '../host/status.ts';
import { parseNixosInstall, planNixosInstall, usage } from '../plan/nix/nixos-install.ts';
import { executeSteps } from '../stages/execute.ts';

/** Environment variables that nixos-install passes on: Nix and switch-to-configuration read them. */
const inherited =
  /^(NIX_CONFIG|NIX_SSL_CERT_FILE|NIXOS_NO_CHECK|NIXOS_NO_SYNC|((https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY))$/;

/**
 * Runs dabei under the name of nixos-install(8).
 * @param argv the options of nixos-install(8)
 * @param tell receives every line of output; main.ts writes it to standard error, for the person or program that called this
 * @returns exit code
 * @throws DabeiError USAGE for wrong options; FILE as checkRoot; the errors of the steps
 */
export async function nixosInstall(
  doors: Doors,
  argv: readonly string[],
  tell: (text: string) => void,
): Promise<number> {
  const options = parseNixosInstall(argv);
  if (options === null) {
    tell(`usage: ${usage}\n`);
    return 0;
  }
  checkRoot(doors, options.root);
  const steps = planNixosInstall(options, memoryBytes(doors), environment(inherited));
  logCommands(doors);
  const report = alsoTelling(doors, tell);
  await executeSteps({ ...doors, log: report }, steps);
  updateStatus(doors, { state: 'installed' });
  report({ event: 'note', text: 'installation finished!' });
  return 0;
}

/**
 * systemd-tmpfiles and sshd refuse to work below a directory that other users cannot pass through.
 * @throws DabeiError FILE for the first path, from / down to `root`, that is such a directory or is not a directory
 */
function checkRoot({ files }: Doors, root: string): void {
  const parts = root.split('/').map((_, index, all) => all.slice(0, index + 1).join('/') || '/');
  for (const path of parts) {
    const mode = files.permissions(path);
    const problem =
      mode === null
        ? 'is not a directory'
        : (mode & 0o005) !== 0o005
          ? 'does not let other users pass through (chmod o+x)'
          : null;
    if (problem === null) continue;
    throw new DabeiError('FILE', {
      doing: `installing to ${root}`,
      problem: `${path} ${problem}`,
      remedy: mode === null ? `mount the target's root at ${root}` : `chmod 755 ${path}`,
    });
  }
}
