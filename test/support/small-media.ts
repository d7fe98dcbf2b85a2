import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { target } from '../../image/lib/target.ts';
import * as files from '../../image/lib/files.ts';
import { requireHostPackages } from '../../image/lib/host.ts';
import type { MediumContent } from '../../image/media/boot/content.ts';
import { unpackMediaTools, type MediaTools } from '../../image/media/boot/media-tools.ts';
import { imgName, isoName } from '../../image/media/boot/layout.ts';
import { makeIso } from '../../image/media/iso/iso.ts';
import { makeRaw } from '../../image/media/raw/raw.ts';

/** Boot loaders and the programs that make a medium. Needs root's rights. */
export async function mediaTools(): Promise<MediaTools> {
  await requireHostPackages({ '/usr/bin/mmdebstrap': 'mmdebstrap', '/usr/bin/unshare': 'util-linux' });
  return unpackMediaTools();
}

/** Bytes that compress badly and are always the same. */
const bytesOf = (name: string, blocks: number): Buffer =>
  Buffer.concat(
    Array.from({ length: blocks }, (_, index) => createHash('sha256').update(`${name} ${index}`).digest()),
  );

/** A small kernel and a small initrd, which start nothing. */
function smallContent(directory: string): MediumContent {
  const [kernel, initrd] = [join(directory, target.kernel.image), join(directory, 'initrd')];
  files.write(kernel, bytesOf('kernel', 300));
  files.write(initrd, bytesOf('initrd', 9000));
  return { kernel, initrd, version: '0.0.0', description: '{}\n', epoch: 1_700_000_000 };
}

/**
 * An ISO as `npm run image` makes it, except that its kernel and its initrd are small and start nothing.
 * @returns its path
 */
export async function makeSmallIso(tools: MediaTools, directory: string): Promise<string> {
  await makeIso(tools, join(directory, 'built'), smallContent(directory));
  return join(directory, 'built', isoName);
}

/** The same as a raw image. */
export async function makeSmallRaw(tools: MediaTools, directory: string): Promise<string> {
  await makeRaw(tools, join(directory, 'built'), smallContent(directory));
  return join(directory, 'built', imgName);
}
