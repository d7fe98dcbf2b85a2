import { imageSet } from '../../image/debian/package-sets.ts';
import { unpack } from '../../image/debian/packages.ts';
import { requireHostPackages } from '../../image/lib/host.ts';

/**
 * Debian's packages of the image, unpacked, in the versions that the image has. Fetches them if no build has done that yet;
 * needs root's rights.
 * @returns the path of their root
 */
export async function imagePackages(): Promise<string> {
  await requireHostPackages({ '/usr/bin/mmdebstrap': 'mmdebstrap', '/usr/bin/unshare': 'util-linux' });
  const { path } = await unpack(imageSet);
  return path;
}
