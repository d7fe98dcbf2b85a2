import { paths } from '../../paths.ts';

/**
 * Other people's code runs beside the secrets of this machine: a flake, and every flake that is an input of it, is evaluated
 * as root. The language itself reads no file outside of the flake (toplevel-expression.ts), but an input may be
 * "path:/somewhere"; so for Nix, these directories are empty.
 */

/** image/rootfs/root/usr/lib/dabei/apart */
const program = '/usr/lib/dabei/apart';

/** The argument vector that starts a program where the directories are empty. */
export function apart(hidden: readonly string[], argv: readonly string[]): [string, ...string[]] {
  return [program, ...hidden.flatMap(directory => ['--hide', directory]), '--', ...argv];
}

/**
 * What holds a secret on every machine that dabei installs.
 * @param root of the target: its host keys are written before its system is evaluated
 */
export function secretDirectories(root: string): string[] {
  return [paths.bootDirectory, '/etc/ssh', '/var/log', `${root}/etc/ssh`];
}

/**
 * Also where people put files. Nothing there is part of an installation, unless it is the flake itself.
 * @param flake system.flake
 */
export function installerSecrets(root: string, flake = ''): string[] {
  const path = flake.replace(/^path:/, '');
  const others = ['/root', '/tmp'].filter(directory => !path.startsWith(`${directory}/`));
  return [...secretDirectories(root), ...others];
}
