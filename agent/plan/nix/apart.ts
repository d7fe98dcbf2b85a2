import { paths } from '../../paths.ts';

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

/**
 * Directories that contain secrets on every machine that dabei installs.
 * @param root mount point of the target: dabei writes its host keys before it evaluates its system
 */
export function secretDirectories(root: string): string[] {
  return [paths.bootDirectory, '/etc/ssh', '/var/log', `${root}/etc/ssh`];
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
