import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { runIn } from '../lib/host.ts';
import { xzFilter, type ImageLayout } from './initrd.ts';
import { manifest } from './manifest.ts';
import { ownParts } from './own-parts.ts';
import { readRank } from './read-order.ts';
import type { Packages } from '../debian/packages.ts';
import type { Owners } from './root.ts';
import { target } from '../lib/target.ts';

/** What the image's bytes are used for: each file belongs to one part, and the manifest lists each part. */

interface PartFiles {
  name: string;
  why: string;
  /** Relative to the root. */
  files: string[];
  /** Sum of their sizes. */
  bytes: number;
}

export interface PartSize {
  name: string;
  why: string;
  rawBytes: number;
  /** Compressed alone, with the image's own compressor and block size. */
  compressedBytes: number;
}

/**
 * @param owners part by path, for the files that come from Debian; the patterns of ownParts assign the others
 * @throws Error naming each file that no line of the manifest requests, and each line that requests nothing
 */
export function listParts(root: string, owners: Owners): PartFiles[] {
  const parts = new Map(
    [...manifest, ...ownParts]
      .filter(({ initrd }) => initrd === undefined)
      .map(({ name, why }): [string, PartFiles] => [name, { name, why, files: [], bytes: 0 }]),
  );
  const faults: string[] = [];
  for (const path of files.walk(root).filter(path => files.kind(path) === 'file')) {
    const relative = path.slice(root.length + 1);
    const owner = owners.get(relative)?.[0] ?? ownParts.find(part => part.files.test(relative))?.name;
    const part = parts.get(owner ?? '');
    if (part === undefined) {
      faults.push(`/${relative}: no line of the manifest includes it`);
      continue;
    }
    part.files.push(relative);
    part.bytes += files.sizeOf(path);
  }
  for (const part of parts.values())
    if (part.files.length === 0) faults.push(`"${part.name}": no file of the image belongs to it`);
  if (faults.length > 0) throw new Error(`the image and its manifest differ:\n  ${faults.join('\n  ')}`);
  return [...parts.values()];
}

/** All files of the image in the image's order: first those that a start reads, then part by part. */
export function filesInOrder(parts: readonly Pick<PartFiles, 'files'>[]): string[] {
  const paths = parts.flatMap(part => part.files.toSorted());
  return paths.toSorted((a, b) => readRank(a) - readRank(b));
}

const partsFile = 'parts.json';
export const writeParts = (image: string, parts: readonly PartFiles[]): void =>
  files.write(join(image, partsFile), JSON.stringify(parts));

const read = <T>(built: Built, name: string) => JSON.parse(files.readText(join(built.path, name))) as T;

/**
 * Compressed sizes of the kernel, the first archive of the initrd, and the parts of its root. This takes a minute, once
 * per image.
 */
export async function measureParts(toolchain: Packages, image: Built): Promise<PartSize[]> {
  const parts = read<PartFiles[]>(image, partsFile);
  const measured = await cached('part sizes', ['parts 1', toolchain, image], async directory => {
    const { imageOffset, imageBytes } = read<ImageLayout>(image, 'layout.json');
    const run = (doing: string, argv: readonly string[]) =>
      runIn({
        doing,
        root: toolchain.path,
        mounts: { '/build': directory, '/from': image.path },
        argv: ['env', '--chdir=/build', ...argv],
        timeoutSeconds: 1800,
      });
    await run('taking the root out of the initrd', [
      ...['dd', 'if=/from/initrd', 'of=squashfs', 'bs=4096', 'status=none'],
      ...[`skip=${imageOffset / 4096}`, 'iflag=count_bytes', `count=${imageBytes}`],
    ]);
    await run('unpacking the root', ['unsquashfs', '-quiet', '-no-progress', '-dest', 'root', 'squashfs']);
    const sizes: Record<string, number> = {};
    for (const { name, files: paths } of parts) {
      const contents = paths.map(path => files.readBytes(join(directory, 'root', path)));
      files.write(join(directory, 'part'), Buffer.concat(contents));
      await run(`compressing the part ${name}`, [
        ...['xz', '--force', '--threads=1', '--check=crc32', '--block-size=1MiB', ...xzFilter],
        ...['--lzma2=preset=6,dict=1MiB', 'part'],
      ]);
      sizes[name] = files.sizeOf(join(directory, 'part.xz'));
    }
    for (const left of ['squashfs', 'root', 'part.xz']) files.remove(join(directory, left));
    files.write(join(directory, 'sizes.json'), JSON.stringify(sizes));
  });
  const sizes = read<Record<string, number>>(measured, 'sizes.json');
  const { imageOffset, firstBytes } = read<ImageLayout>(image, 'layout.json');
  const kernelBytes = files.sizeOf(join(image.path, target.kernel.image));
  return [
    {
      name: 'kernel',
      why: 'Linux, which unpacks its own compressed image (kernel-config/)',
      rawBytes: kernelBytes,
      compressedBytes: kernelBytes,
    },
    {
      name: 'first archive',
      why: 'busybox and /init, which check and mount the root; the return timer',
      rawBytes: firstBytes,
      compressedBytes: imageOffset,
    },
    ...parts.map(({ name, why, bytes }) => ({ name, why, rawBytes: bytes, compressedBytes: sizes[name]! })),
  ];
}
