import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../image/lib/cache.ts';
import { arch } from '../../agent/arch.ts';

/**
 * Debian's Nix for tests that only parse or evaluate: the one in PATH, else the one among the image's packages, started
 * by its own loader so that neither root nor a chroot is needed.
 * @throws Error where there is none: a test that needs Nix does not pass without it
 */
export function requireNix(program = 'nix-instantiate'): {
  argv: readonly [string, ...string[]];
  env: Record<string, string>;
} {
  const PATH = process.env['PATH'] ?? '';
  const env = { PATH, HOME: '/nonexistent', NIX_CONFIG: 'experimental-features = nix-command flakes' };
  if (PATH.split(':').some(directory => existsSync(join(directory, program)))) {
    return { argv: [program], env };
  }
  const roots = existsSync(cacheDirectory)
    ? readdirSync(cacheDirectory).map(name => join(cacheDirectory, name, 'root'))
    : [];
  // Roots of other architectures lie there, too.
  const root = roots.find(
    path => existsSync(join(path, 'usr/bin', program)) && existsSync(join(path, arch.libraries, arch.loader)),
  );
  if (root === undefined) throw new Error(`there is no ${program} here: npm test installs nix-bin`);
  const libraries = join(root, arch.libraries);
  return {
    argv: [
      join(libraries, arch.loader),
      ...['--argv0', program, '--library-path', libraries],
      join(root, 'usr/bin', program),
    ],
    env,
  };
}
