import { paths } from '../../paths.ts';
import { busDirectory, iwdState } from '../network/iwd.ts';

/**
 * What a disko script sees of the files in RAM: it comes with a flake and all its inputs, and runs as root.
 *
 * INVARIANT: of the files below /tmp, /root and a key file's directory in /run, it sees the key files of the configuration alone.
 */

/**
 * Directories that are empty for the script.
 * @param keyFiles paths of disks.keyFiles
 */
export function hiddenDirectories(keyFiles: readonly string[]): string[] {
  const besideKeys = keyFiles.flatMap(path => /^\/run\/[^/]+(?=\/)/.exec(path) ?? []);
  const secret = [
    paths.bootDirectory,
    paths.consoleDirectory,
    '/etc/ssh',
    '/var/log',
    iwdState,
    busDirectory,
    paths.wifiDirectory,
    '/root',
    '/tmp',
  ];
  return [...new Set([...secret, '/run/keys', '/run/secrets', ...besideKeys])];
}
