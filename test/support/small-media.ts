import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { target } from '../../image/lib/target.ts';
import * as files from '../../image/lib/files.ts';
import { requireHostPackages } from '../../image/lib/host.ts';
import type { MediumContent } from '../../image/media/boot/content.ts';
import { unpackMediaTools, type MediaTools } from '../../image/media/boot/media-tools.ts';
import { isoNameOf, type Variant } from '../../agent/variants.ts';
import { imgName } from '../../image/media/boot/layout.ts';
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
function smallContent(directory: string, having: readonly Variant[] = []): MediumContent {
  const [kernel, initrd] = [join(directory, target.kernel.image), join(directory, 'initrd')];
  files.write(kernel, bytesOf('kernel', 300));
  files.write(initrd, bytesOf('initrd', 9000));
  const variants = Object.fromEntries(having.map(variant => [variant, join(directory, variant)]));
  for (const [name, path] of Object.entries(variants)) files.write(path, bytesOf(name, 500));
  return { kernel, initrd, variants, version: '0.0.0', description: '{}\n', epoch: 1_700_000_000 };
}

/**
 * An ISO as `npm run image` makes it, except that its kernel and its initrd are small and start nothing.
 * @returns its path
 */
export async function makeSmallIso(
  tools: MediaTools,
  directory: string,
  having: readonly Variant[] = [],
): Promise<string> {
  await makeIso(tools, join(directory, 'built'), smallContent(directory, having));
  return join(directory, 'built', isoNameOf(having));
}

/** The same as a raw image. */
export async function makeSmallRaw(tools: MediaTools, directory: string): Promise<string> {
  await makeRaw(tools, join(directory, 'built'), smallContent(directory));
  return join(directory, 'built', imgName);
}
