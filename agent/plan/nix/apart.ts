import { busDirectory, iwdState } from '../network/iwd.ts';
import { paths } from '../../paths.ts';
import { keptBelow, stateDirectory } from '../target.ts';

/**
 * Hides this machine's secrets from other people's code: Nix evaluates a flake and all its inputs as root. Pure evaluation reads no
 * file outside the flake (toplevel-expression.ts), but an input may be "path:/somewhere". So Nix sees these directories empty.
 */

/** image/rootfs/root/usr/lib/dabei/apart */
const program = '/usr/lib/dabei/apart';

/** The argument vector that starts a program for which the `hidden` directories are empty. */
export function apart(hidden: readonly string[], argv: readonly string[]): [string, ...string[]] {
  return [program, ...hidden.flatMap(directory => ['--hide', directory]), '--', ...argv];
}

/** Of the target: dabei writes host keys before it evaluates the system; a resumed installation has logs and the trial's token, too. */
const ofTarget = ['/etc/ssh', '/var/log', stateDirectory, iwdState];

/**
 * Directories that contain secrets on every machine that dabei installs.
 * INVARIANT: with impermanence, two paths lead to a directory of the target (bindPersisted in disks/pool.ts); both are hidden.
 * @param root mount point of the target
 */
export function secretDirectories(root: string): string[] {
  const hidden = [...ofTarget, ...ofTarget.map(keptBelow)].map(directory => `${root}${directory}`);
  return [
    paths.bootDirectory,
    '/etc/ssh',
    '/var/log',
    iwdState,
    busDirectory,
    paths.wifiDirectory,
    ...hidden,
  ];
}

/**
 * Also the directories in which people store files. An installation needs nothing from there, except the flake itself.
 * @param flake system.flake
 */
export function installerSecrets(root: string, flake = ''): string[] {
  const path = flake.replace(/^path:/, '');
  const others = ['/root', '/tmp'].filter(directory => !path.startsWith(`${directory}/`));
  return [...secretDirectories(root), ...others];
}
