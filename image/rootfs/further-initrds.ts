import { join } from 'node:path';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { manifest, type Part } from './manifest.ts';
import { ownParts } from './own-parts.ts';

/**
 * Further initrds: parts of the manifest that only some media carry. They are assembled and made smaller together with the image, since they
 * share its libraries, and are taken out of it then. /init lays them over the image.
 */
export interface FurtherInitrd {
  /** In the manifest. */
  name: NonNullable<Part['initrd']>;
  /** Below the directory in which an image is built: its root, and the archive that it becomes. */
  directory: string;
  archive: string;
  /** Of the squashfs inside of the archive; /init looks for it, and for its size and its hash. */
  image: string;
  size: string;
  /** In the image, names of its programs say where they are. */
  isSaid: boolean;
  /** A directory of this project with further files of it, or null. */
  own: string | null;
  /** Symbolic links: path -> where they lead. */
  links: Readonly<Record<string, string>>;
}

const further = (
  name: FurtherInitrd['name'],
  archive: string,
  { isSaid = false, own = null, links = {} }: Partial<Pick<FurtherInitrd, 'isSaid' | 'own' | 'links'>> = {},
): FurtherInitrd => ({
  ...{ name, archive, isSaid, own, links },
  ...{ directory: `further-${archive}`, image: `${archive}.squashfs`, size: `${archive}.size` },
});

/** The kexec bundle has it. */
export const secondInitrd = further('second', 'tools', { isSaid: true });
/** Media with the variant "tor" have it. That its program is there shows that an image has Tor (agent/variants.ts). */
export const torInitrd = further('tor', 'tor');
/** The same for "wifi" and "wifi-intel"; they differ in firmware, which is not here (image/media/firmware/). */
export const wifiInitrd = further('wifi', 'wifi', {
  own: 'image/rootfs/wifi',
  // Of Debian's two signatures, this kernel has the key of one (net/wireless/certs).
  links: {
    'usr/lib/firmware/regulatory.db': 'regulatory.db-upstream',
    'usr/lib/firmware/regulatory.db.p7s': 'regulatory.db.p7s-upstream',
  },
});
export const furtherInitrds: readonly FurtherInitrd[] = [secondInitrd, torInitrd, wifiInitrd];

const nameOf = new Map([...manifest, ...ownParts].map(({ name, initrd }) => [name, initrd]));

/**
 * Moves the files of those parts from root/ into roots of their own. In the image, a program's name then says that it is
 * not there.
 * @param directory where root/ is
 * @param owners parts by path, as assembleRoot returns them: the first one of the image itself, if one needs the file
 */
export function takeFurther(directory: string, owners: ReadonlyMap<string, readonly string[]>): void {
  for (const [path, parts] of owners) {
    if (parts.some(part => nameOf.get(part) === undefined)) continue;
    const from = join(directory, 'root', path);
    const having = furtherInitrds.filter(({ name }) => parts.some(part => nameOf.get(part) === name));
    for (const initrd of having) files.copy(from, join(directory, initrd.directory, path));
    files.remove(from);
    if (having.some(({ isSaid }) => isSaid) && /^usr\/s?bin\//.test(path)) files.symlink(absent, from);
  }
  for (const { own, links, directory: to } of furtherInitrds) {
    for (const [path, target] of Object.entries(links)) files.symlink(target, join(directory, to, path));
    if (own === null) continue;
    const source = checkout(own);
    for (const path of files.walk(source))
      files.copyOwn(path, join(directory, to, path.slice(source.length)));
  }
}

/** Says of a program that it is not there; image/rootfs/root/usr/lib/dabei/absent. */
const absent = '/usr/lib/dabei/absent';
