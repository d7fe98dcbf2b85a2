import { join } from 'node:path';
import { rowOf, type Arch } from '../../agent/arch.ts';
import { cached } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { target } from '../lib/target.ts';
import type { Medium } from './medium.ts';

/** Kernel and initrd from a server, by PXE: an iPXE script names them, and is the same for every image of an architecture. */

const name = 'netboot.ipxe';

export const netboot: Medium = {
  name: 'netboot',
  files: [name],
  carriesImage: false,
  make: () => {
    const script = scriptFor(target);
    return cached('netboot', ['netboot 1', script], async directory =>
      files.write(join(directory, name), script),
    );
  },
};

/** The script beside this file is that of x86; kernel and serial consoles have other names elsewhere. */
export function scriptFor({ kernel, serialConsoles }: Pick<Arch, 'kernel' | 'serialConsoles'>): string {
  const written = rowOf('x64');
  const consoles = (names: readonly string[]) => names.map(console => `console=${console}`).join(' ');
  return files
    .readText(checkout('image/media', name))
    .replaceAll(written.kernel.image, kernel.image)
    .replaceAll(consoles(written.serialConsoles), consoles(serialConsoles));
}
