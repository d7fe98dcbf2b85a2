import { join } from 'node:path';
import * as files from '../lib/files.ts';
import { manifest } from './manifest.ts';

/**
 * The second initrd: parts of the manifest that only the kexec bundle carries. They are assembled and made smaller together
 * with the image, since they share its libraries, and are taken out of it then. /init lays them over the image.
 */

/** Below the directory in which an image is built: root/ of the second initrd, and the archive that it becomes. */
export const secondDirectory = 'second';
export const secondInitrd = 'tools';
/** Of the squashfs inside of the archive; /init looks for it. */
export const secondImage = 'tools.squashfs';

const secondParts = manifest.filter(({ initrd }) => initrd === 'second').map(({ name }) => name);
const isSecond = (part: string): boolean => secondParts.includes(part);

/** Says of a program that it is not there; image/rootfs/root/usr/lib/dabei/absent. */
const absent = '/usr/lib/dabei/absent';

/**
 * Moves the files of those parts from root/ into a root of their own. In the image, a program's name then says that it is
 * not there.
 * @param directory where root/ is
 * @param owners part by path, as assembleRoot returns it
 */
export function takeSecond(directory: string, owners: ReadonlyMap<string, string>): void {
  for (const [path, part] of owners) {
    if (!isSecond(part)) continue;
    const from = join(directory, 'root', path);
    const to = join(directory, secondDirectory, path);
    files.makeDirectory(join(to, '..'));
    files.rename(from, to);
    if (/^usr\/s?bin\//.test(path)) files.symlink(absent, from);
  }
}
