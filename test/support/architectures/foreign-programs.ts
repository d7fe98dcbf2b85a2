import { join } from 'node:path';
import { arch, rows, type Arch } from '../../../agent/arch.ts';
import { unpackAlone } from '../../../image/debian/packages.ts';
import * as files from '../../../image/lib/files.ts';

/** An architecture of arch.ts that this machine has not. */
export const foreign: Arch = rows.find(row => row !== arch)!;

/** With all that they need: C and C++, thread-local variables, functions that are chosen at start. */
const packages = [
  ...['libc6', 'libgcc-s1', 'libstdc++6', 'openssl', 'libssl3t64', 'zlib1g', 'libzstd1'],
  ...['kmod', 'liblzma5'],
];

/**
 * Puts real programs and libraries of Debian, of an architecture that this machine cannot run, below a directory. Fetches them
 * if they are not in the cache.
 * @returns paths of programs, below that directory
 */
export async function putForeignPrograms(directory: string): Promise<string[]> {
  const { path } = await unpackAlone('foreign-programs', packages, undefined, foreign.debian);
  for (const name of packages) files.copy(join(path, name, 'usr'), join(directory, 'usr'));
  return ['/usr/bin/openssl', '/usr/bin/kmod', `/${foreign.libraries}/libstdc++.so.6`];
}
