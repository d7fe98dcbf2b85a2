import { join } from 'node:path';
import { arch } from '../../agent/arch.ts';
import { imagePackages } from './image-packages.ts';

/** The image's own Nix, in the version that the image has, started by its own loader: it needs no chroot. */
export interface ImageNix {
  /** @param program nix, nix-store, nix-instantiate, … */
  argv: (program: string, ...args: string[]) => [string, ...string[]];
  /** Nix's files below a directory, and nothing of this machine's; no cache is asked. */
  env: (work: string, settings?: Readonly<Record<string, string>>) => Record<string, string>;
}

/** Fetches it where no build has done that yet. */
export async function imageNix(): Promise<ImageNix> {
  const root = await imagePackages();
  const libraries = join(root, arch.libraries);
  return {
    argv: (program, ...args) => [
      join(libraries, arch.loader),
      ...['--argv0', program, '--library-path', libraries],
      join(root, 'usr/bin/nix'),
      ...args,
    ],
    env: (work, settings = {}) => ({
      HOME: join(work, 'home'),
      XDG_CACHE_HOME: join(work, 'cache'),
      NIX_CONFIG: Object.entries({
        'experimental-features': 'nix-command flakes',
        'flake-registry': '',
        'build-users-group': '',
        'build-hook': '',
        substituters: '',
        sandbox: 'true',
        'sandbox-fallback': 'false',
        // Debian's Nix looks for it in the root of the machine.
        'sandbox-paths': `/bin/sh=${join(root, 'usr/bin/bash-static')}`,
        'connect-timeout': '2',
        'download-attempts': '1',
        ...settings,
      })
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n'),
    }),
  };
}
