import { join } from 'node:path';
import * as files from '../lib/files.ts';
import { checkout, runIn } from '../lib/host.ts';
import type { Packages } from '../debian/packages.ts';
import { target } from '../lib/target.ts';
import { furtherInitrds } from './further-initrds.ts';
import { sharedBlockKib } from './read-order.ts';

/**
 * The initrd: [xz cpio: busybox, /init][zeros][plain cpio with one member: the squashfs]. kexec and iPXE append their
 * own archives.
 *
 * The squashfs is uncompressed, at an offset that is a multiple of 4096, so the old system can loop-mount it in place.
 * The kernel skips zeros between archives, requires an uncompressed one to start at a multiple of 4
 * (Documentation/driver-api/early-userspace/buffer-format.rst), and unpacks each separately. xz is an eighth smaller
 * than zstd here, and costs 50 ms; the kernel allocates its dictionary while unpacking, so it is no larger than the
 * archive.
 *
 * A further initrd (further-initrds.ts) is a plain cpio with one member, a squashfs of its own. Its hash is in the first
 * archive of the image that it belongs to.
 *
 * /init compares all of them with their MD5. It protects against damage; nobody can sign here, since the hash travels with the
 * image. Instructions of Debian's busybox for each byte: md5sum 13; sha256sum 69, or 4 where the processor has the SHA
 * instructions; crc32 9. So md5sum is the only strong one that is fast on every processor.
 */

const align = 4096;
/** newc header of 110 bytes, "image.squashfs" and its NUL, padded to 4. */
const memberDataOffset = 128;
/** From 32767 down to -32768; mksquashfs(1), -sort. */
const highestPriority = 32767;
const imageName = 'image.squashfs';

/** The kernel unpacks an archive with this architecture's filter only (lib/xz/Kconfig). */
export const xzFilter: readonly string[] = target.xzFilter === null ? [] : [`--${target.xzFilter}`];
const filter = target.xzFilter === null ? [] : ['-Xbcj', target.xzFilter];
/**
 * How the squashfs is compressed. xz with the architecture's filter in blocks of 1 MiB is the smallest that Debian 12's
 * kernel mounts; "quick" is for development: a second instead of a minute, and a third larger.
 */
const compressions = {
  small: ['-comp', 'xz', ...filter, '-b', '1M'],
  quick: ['-comp', 'zstd', '-Xcompression-level', '3', '-b', '256K'],
} as const;
export type Compression = keyof typeof compressions;

export interface InitrdLayout {
  /** Offset of the squashfs inside the initrd, and its length, in bytes. */
  imageOffset: number;
  imageBytes: number;
  imageSha256: string;
  /** Size of the first archive, before compression. */
  firstBytes: number;
}

/** layout.json of a built image. */
export interface ImageLayout extends InitrdLayout {
  /** Seconds since 1970. */
  epoch: number;
}

/**
 * @param directory contains root/ and those of the further initrds, and receives initrd and their archives
 * @param order paths below root/, in their order in the image
 * @param epoch date of every file, and the earliest date that the clock may show, in seconds since 1970
 */
export async function buildInitrd(
  toolchain: Packages,
  directory: string,
  order: readonly string[],
  epoch: number,
  compression: Compression,
): Promise<InitrdLayout> {
  const make = (doing: string, argv: readonly string[]) =>
    runIn({
      doing,
      root: toolchain.path,
      mounts: { '/build': directory, '/image': checkout('image') },
      argv,
      timeoutSeconds: 1800,
    });
  const squash = (doing: string, root: string, image: string, options: readonly string[] = []) =>
    make(doing, [
      ...['mksquashfs', `/build/${root}`, `/build/${image}`, '-noappend', '-no-progress', '-no-xattrs'],
      ...['-all-root', ...options, ...compressions[compression]],
      ...['-mkfs-time', `${epoch}`, '-all-time', `${epoch}`],
    ]);
  // The highest priority comes first (mksquashfs -sort).
  const priorities = order.map((path, at) => `${path} ${highestPriority - at}\n`);
  files.write(join(directory, 'order'), priorities.join(''));
  const alone = ['-action', `no-fragments@filesize(>${sharedBlockKib}K)`];
  await squash('compressing the root file system', 'root', imageName, ['-sort', '/build/order', ...alone]);
  for (const { archive, directory, image } of furtherInitrds)
    await squash(`compressing the initrd ${archive}`, directory, image);
  const image = join(directory, imageName);
  const layout = { imageBytes: files.sizeOf(image), imageSha256: await files.sha256(image) };

  const early = earlyDirectory(directory);
  const own = { init: 'init', 'redact.sed': 'redact.sed', return: 'return.sh' };
  for (const [from, to] of Object.entries(own))
    files.copyOwn(checkout('image/rootfs/initramfs', from), join(early, to));
  const sum = async (path: string) => `${files.sizeOf(path)} ${await files.md5(path)}\n`;
  files.write(join(early, 'image.size'), await sum(image));
  for (const { image, size } of furtherInitrds)
    files.write(join(early, size), await sum(join(directory, image)));
  files.write(join(early, 'epoch'), `${epoch}\n`);
  for (const name of ['dev', 'proc', 'sys', 'run']) files.makeDirectory(join(early, name));

  const cpio = (doing: string, from: string, to: string) =>
    make(doing, ['/image/rootfs/cpio.sh', from, to, `${epoch}`]);
  await cpio('packing the first archive', '/build/early', '/build/early.cpio');
  await make('compressing the first archive', [
    ...['xz', '--keep', '--threads=1', '--check=crc32', ...xzFilter, '--lzma2=preset=9e,dict=4MiB'],
    '/build/early.cpio',
  ]);
  files.makeDirectory(join(directory, 'late'));
  files.rename(image, join(directory, 'late', imageName));
  await cpio('packing the image', '/build/late', '/build/late.cpio');
  for (const { archive, image } of furtherInitrds) {
    files.makeDirectory(join(directory, 'later'));
    files.rename(join(directory, image), join(directory, 'later', image));
    await cpio(`packing the initrd ${archive}`, '/build/later', `/build/${archive}`);
    files.remove(join(directory, 'later'));
  }

  const first = files.sizeOf(join(directory, 'early.cpio.xz'));
  const firstBytes = files.sizeOf(join(directory, 'early.cpio'));
  const imageOffset = Math.ceil((first + memberDataOffset) / align) * align;
  files.write(join(directory, 'zeros'), Buffer.alloc(imageOffset - memberDataOffset - first));
  const parts = ['early.cpio.xz', 'zeros', 'late.cpio'].map(name => join(directory, name));
  await files.concatenate(parts, join(directory, 'initrd'));
  for (const part of [
    ...parts,
    early,
    join(directory, 'late'),
    join(directory, 'order'),
    join(directory, 'early.cpio'),
  ])
    files.remove(part);
  return { imageOffset, firstBytes, ...layout };
}

const earlyDirectory = (directory: string) => join(directory, 'early');

/**
 * Removes busybox from the root, because the first archive contains it: /init binds that copy over the empty file that
 * remains. Call this before building the initrd.
 * @param directory contains root/
 */
export function shareBusybox(directory: string): void {
  const busybox = join(directory, 'root/usr/bin/busybox');
  files.copy(busybox, join(earlyDirectory(directory), 'bin/busybox'));
  files.write(busybox, '', 0o755);
}
