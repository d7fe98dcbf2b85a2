import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import { arch, libraryDirectory } from '../../agent/arch.ts';

/**
 * Debian's Nix for tests that only parse or evaluate: the one in PATH, else the one among the image's packages, started
 * by its own loader so that neither root nor a chroot is needed.
 * @throws Error where there is none: a test that needs Nix does not pass without it
 */
export function requireNix(): { argv: readonly [string, ...string[]]; env: Record<string, string> } {
  const PATH = process.env['PATH'] ?? '';
  const env = { PATH, HOME: '/nonexistent', NIX_CONFIG: 'experimental-features = nix-command flakes' };
  if (PATH.split(':').some(directory => existsSync(join(directory, 'nix-instantiate')))) {
    return { argv: ['nix-instantiate'], env };
  }
  const roots = existsSync(cacheDirectory)
    ? readdirSync(cacheDirectory).map(name => join(cacheDirectory, name, 'root'))
    : [];
  const root = roots.find(path => existsSync(join(path, 'usr/bin/nix-instantiate')));
  if (root === undefined) throw new Error('there is no nix-instantiate here: npm test installs nix-bin');
  const libraries = join(root, libraryDirectory);
  return {
    argv: [
      join(libraries, arch.loader),
      ...['--argv0', 'nix-instantiate', '--library-path', libraries],
      join(root, 'usr/bin/nix-instantiate'),
    ],
    env,
  };
}
