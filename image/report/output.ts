import { basename, join } from 'node:path';
import { bundleNames } from '../media/kexec-bundle.ts';
import type { Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import type { ImageLayout } from '../rootfs/initrd.ts';
import { tell } from '../lib/progress.ts';
import type { Fallback } from '../reductions/fallbacks.ts';
import type { Parts } from '../rootfs/root.ts';
import { arch } from '../../agent/arch.ts';

/** Writes out/: what is given to people, and image.json, which says what it is made of. */

const bundles = Object.values(bundleNames);
export const published: readonly string[] = [
  arch.kernel.image,
  'initrd',
  'dabei',
  'netboot.ipxe',
  ...bundles,
  'image.json',
];

export async function writeOutput(
  image: Built,
  bundle: Built,
  parts: Parts,
  fallbacks: readonly Fallback[],
): Promise<void> {
  const out = checkout('out');
  const stamp = join(out, '.image');
  const key = `${image.key} ${bundle.key}`;
  if (files.exists(stamp) && files.readText(stamp) === key) {
    tell(`out/ is up to date (image ${key})`);
    return;
  }
  for (const name of imageFiles) copyFresh(join(image.path, name), join(out, name));
  for (const name of bundles) copyFresh(join(bundle.path, name), join(out, name));
  copyFresh(checkout('image/media/netboot.ipxe'), join(out, 'netboot.ipxe'));
  const summary = await describeImage(image, parts, fallbacks, bundle);
  files.write(join(out, 'image.json'), summary);
  const sums = await Promise.all(
    published.map(async name => `${await files.sha256(join(out, name))}  ${name}\n`),
  );
  files.write(join(out, 'SHA256SUMS'), sums.join(''));
  files.write(stamp, key);
  for (const name of [...imageFiles, ...bundles])
    tell(`out/${name}: ${files.sizeOf(join(out, name)).toLocaleString('en')} bytes`);
}

const imageFiles = [arch.kernel.image, 'initrd', 'dabei'];

function copyFresh(from: string, to: string): void {
  files.remove(to);
  files.copy(from, to);
}

/** image.json: what the image is made of. The one inside of the bundle cannot tell the bundle's own hash. */
export async function describeImage(
  image: Built,
  parts: Parts,
  fallbacks: readonly Fallback[],
  bundle?: Built,
): Promise<string> {
  const paths = imageFiles.map(name => join(image.path, name));
  if (bundle) paths.push(...bundles.map(name => join(bundle.path, name)));
  const described = await Promise.all(
    paths.map(
      async path =>
        [basename(path), { bytes: files.sizeOf(path), sha256: await files.sha256(path) }] as const,
    ),
  );
  const layout = JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout;
  const summary = {
    version: 1,
    built: new Date(layout.epoch * 1000).toISOString(),
    files: Object.fromEntries(described),
    squashfs: { offset: layout.imageOffset, bytes: layout.imageBytes, sha256: layout.imageSha256 },
    kernel: files.readText(join(parts.kernel.path, 'release')),
    // Debian's own files, in the place of smaller ones that could not be had.
    fallbacks,
    packages: parts.packages.versions,
  };
  return JSON.stringify(summary, null, 2) + '\n';
}
