import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { checkout, run } from '../../../image/lib/host.ts';
import { unpack } from '../../../image/debian/packages.ts';
import { imageSet } from '../../../image/debian/package-sets.ts';
import type { Finished } from '../../../agent/host/exec.ts';
import { tinyNixos } from '../harness/fixtures.ts';

/**
 * The machine of somebody who runs nixos-anywhere: real Nix and real OpenSSH, from the Debian packages that the image is
 * made of, in a root with a store of its own. Its network is that of this machine.
 */
export interface Operator {
  /** Directory of the test system's flake, as seen by the operator. */
  flake: string;
  /** Runs a program there. @throws DabeiError unless it ends with 0 */
  run(doing: string, argv: readonly string[], options?: OperatorOptions): Promise<string>;
}

export interface OperatorOptions {
  env?: Readonly<Record<string, string>>;
  seconds?: number;
}

/** Where `home` of the operator's directory is found by programs that it runs. */
export const operatorHome = '/root';

/** @param directory for the store and the operator's own files, kept nowhere else */
export async function hireOperator(directory: string): Promise<Operator> {
  const packages = await unpack(imageSet);
  const parts = {
    '/nix': join(directory, 'nix'),
    '/etc': join(directory, 'etc'),
    '/root': join(directory, 'home'),
  };
  for (const path of Object.values(parts)) files.makeDirectory(path);
  // Debian makes them when packages are configured, and these are only unpacked.
  files.write(join(parts['/etc'], 'passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  files.write(join(parts['/etc'], 'group'), 'root:x:0:\n');
  files.write(
    join(parts['/etc'], 'nix/nix.conf'),
    'build-users-group =\nsandbox = false\nsubstituters =\nexperimental-features = nix-command flakes\n',
  );
  // Hard links: the cache itself is never changed. ssh starts LocalCommand, by which Nix learns that it is connected,
  // with /bin/sh, and none of the packages has one.
  const root = join(directory, 'root');
  files.remove(root);
  await run({
    doing: 'making a root for the operator',
    argv: ['cp', '--archive', '--link', packages.path, root],
    timeoutSeconds: 120,
  });
  files.symlink('bash', join(root, 'usr/bin/sh'));
  const mounts = Object.entries(parts).map(([inside, outside]) => `${outside}=${inside}`);
  const inside = (argv: readonly string[]) => [
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child'],
    ...[checkout('image/lib/chroot.sh'), root, ...mounts, '--', ...argv],
  ];
  await run({
    doing: 'unpacking the test system for the operator',
    argv: ['tar', '-xzf', await tinyNixos(), '-C', parts['/root']],
    timeoutSeconds: 120,
  });
  return {
    flake: `${operatorHome}/tiny-nixos`,
    run: async (doing, argv, { env = {}, seconds = 600 } = {}) => {
      const home = { HOME: operatorHome, NIX_REMOTE: '', SHELL: '/bin/bash', ...env };
      const done: Finished = await run({ doing, argv: inside(argv), env: home, timeoutSeconds: seconds });
      return done.stdout.trim();
    },
  };
}
