import { join } from 'node:path';
import { cached, tree, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout, runIn } from '../lib/host.ts';
import { secondInitrd } from '../rootfs/further-initrds.ts';
import type { ImageLayout } from '../rootfs/initrd.ts';
import type { Medium, MediumParts } from './medium.ts';
import { rows, type Arch } from '../../agent/arch.ts';
import { target } from '../lib/target.ts';
import { unpackedBytes } from './zboot.ts';

/**
 * The kexec bundle: one directory kexec/, as a tarball and as a self-extracting shell script. The same inputs give the
 * same bytes.
 */

export const bundleNames = {
  tarball: `nix-dabei-kexec-${target.nixSystem}.tar.gz`,
  selfExtracting: `nix-dabei-kexec-${target.nixSystem}.sh`,
} as const;

const epochOf = (image: Built) =>
  (JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout).epoch;

export const kexecBundle: Medium = {
  name: 'kexec bundle',
  files: Object.values(bundleNames),
  carriesImage: true,
  make: buildBundle,
};

async function buildBundle({ toolchain, image, description, programs }: MediumParts): Promise<Built> {
  const inputs = [
    'bundle 1',
    toolchain,
    image,
    description,
    ...programs,
    ...tree(checkout('image/media/bundle')),
    { file: checkout('image/media/kexec-bundle.ts') },
  ];
  return cached('bundle', inputs, async directory => {
    const content = join(directory, 'kexec');
    for (const name of [target.kernel.image, 'initrd', secondInitrd.archive])
      files.copy(join(image.path, name), join(content, name));
    for (const { path } of programs)
      for (const name of files.list(path)) files.copy(join(path, name), join(content, name));
    for (const path of [
      checkout('image/media/bundle/run'),
      ...files.walk(checkout('image/media/bundle/lib')),
    ])
      files.copy(path, join(content, path.slice(checkout('image/media/bundle').length)));
    files.write(join(content, 'image.json'), description);
    const { imageOffset } = JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout;
    files.write(join(content, 'machine'), machines(target, rows));
    const kernel = files.readBytes(join(image.path, target.kernel.image));
    files.write(join(content, 'kernel'), kernelFile(target.kernel.image, kernel));
    files.write(join(content, 'offset'), `${imageOffset}\n`);
    files.write(join(content, 'SHA256SUMS'), await sums(content));
    for (const path of files.walk(content)) files.setMode(path, files.isExecutable(path) ? 0o755 : 0o644);

    const epoch = epochOf(image);
    const make = (doing: string, argv: readonly string[]) =>
      runIn({ doing, root: toolchain.path, mounts: { '/build': directory }, argv, timeoutSeconds: 600 });
    const order = ['--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'];
    await make('packing the bundle', [
      ...['tar', '--create', '--format=ustar', '--mode=u+rwX,go+rX,go-w', ...order],
      ...['--file=/build/kexec.tar', '--directory=/build', 'kexec'],
    ]);
    await selfExtracting(directory);
    // Nearly all of the content is compressed already.
    await make('compressing the bundle', ['gzip', '--no-name', '-1', '/build/kexec.tar']);
    files.rename(join(directory, 'kexec.tar.gz'), join(directory, bundleNames.tarball));
    files.remove(content);
  });
}

/**
 * For `run`: the kernel's name; and, of one that kexec(8) unpacks, the bytes of RAM that loading it takes: the file, what it holds, and the
 * copy that the running kernel has of that.
 */
export function kernelFile(name: string, kernel: Buffer): string {
  const unpacked = unpackedBytes(kernel);
  return unpacked === null ? `${name}\n` : `${name}\n${kernel.length + 2 * unpacked}\n`;
}

/**
 * For `run`, which compares it with uname -m: the bundle's own architecture, then those of the other bundles.
 * @returns one a line
 */
export function machines(own: Arch, all: readonly Arch[]): string {
  const others = all.filter(row => row !== own && row.lacks === null);
  return [own, ...others].map(({ machine }) => `${machine}\n`).join('');
}

/** SHA-256 of every file below, by relative name; sha256sum -c reads it. */
async function sums(directory: string): Promise<string> {
  const lines = files
    .walk(directory)
    .map(async path => `${await files.sha256(path)}  ${path.slice(directory.length + 1)}\n`);
  return (await Promise.all(lines)).join('');
}

/** The archive inside is not compressed, so the host needs no gzip. */
async function selfExtracting(directory: string): Promise<void> {
  const template = files.readText(checkout('image/media/bundle/unpack'));
  const archive = join(directory, 'kexec.tar');
  const head = selfExtractingHead(template, files.sizeOf(archive));
  const headFile = join(directory, 'head');
  const output = join(directory, bundleNames.selfExtracting);
  files.write(headFile, head);
  await files.concatenate([headFile, archive], output);
  files.setMode(output, 0o755);
  files.remove(headFile);
}

/**
 * Inserts the lengths of the head and of the archive, both at a fixed width, so that inserting them does not change
 * them.
 */
export function selfExtractingHead(template: string, archiveBytes: number): string {
  const number = (value: number) => String(value).padEnd(12, ' ');
  const fill = (headBytes: number) =>
    template.replace('@HEAD_BYTES@', number(headBytes)).replace('@ARCHIVE_BYTES@', number(archiveBytes));
  return fill(Buffer.byteLength(fill(0)));
}
