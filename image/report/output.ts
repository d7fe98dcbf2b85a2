import { basename, join } from 'node:path';
import { media } from '../media/media.ts';
import type { Medium, MediumParts } from '../media/medium.ts';
import type { Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import type { ImageLayout } from '../rootfs/initrd.ts';
import { tell } from '../lib/progress.ts';
import type { Fallback } from '../reductions/fallbacks.ts';
import type { Parts } from '../rootfs/root.ts';
import { output, target } from '../lib/target.ts';

/** Writes out/: the files for users, and image.json, which describes their content. */

export const published: readonly string[] = [
  target.kernel.image,
  'initrd',
  'dabei',
  ...media.flatMap(({ files }) => files),
  'image.json',
];

export interface MadeMedium {
  medium: Medium;
  built: Built;
}

export async function writeOutput(
  image: Built,
  made: readonly MadeMedium[],
  parts: Parts & Pick<MediumParts, 'firmware'>,
  fallbacks: readonly Fallback[],
): Promise<void> {
  const named = output.slice(checkout().length + 1);
  const stamp = join(output, '.image');
  const key = [image, ...made.map(({ built }) => built)].map(built => built.key).join(' ');
  if (files.exists(stamp) && files.readText(stamp) === key) {
    tell(`${named}/ is up to date (image ${key})`);
    return;
  }
  for (const path of pathsOf(image, made)) copyFresh(path, join(output, basename(path)));
  const summary = await describeImage(image, parts, fallbacks, made);
  files.write(join(output, 'image.json'), summary);
  const further = made.flatMap(({ medium }) => medium.files).filter(name => !published.includes(name));
  // Another build made it, and it has another image.
  for (const name of files.list(output))
    if (isFurther(name) && !further.includes(name)) files.remove(join(output, name));
  const sums = await Promise.all(
    [...published, ...further].map(async name => `${await files.sha256(join(output, name))}  ${name}\n`),
  );
  files.write(join(output, 'SHA256SUMS'), sums.join(''));
  files.write(stamp, key);
  for (const name of pathsOf(image, made).map(path => basename(path)))
    tell(`${named}/${name}: ${files.sizeOf(join(output, name)).toLocaleString('en')} bytes`);
}

/** A medium with variants (agent/variants.ts). */
const isFurther = (name: string): boolean => /^nix-dabei-.+\.iso$/.test(name);

const imageFiles = [target.kernel.image, 'initrd', 'dabei'];

const pathsOf = (image: Built, made: readonly MadeMedium[]): string[] => [
  ...imageFiles.map(name => join(image.path, name)),
  ...made.flatMap(({ medium, built }) => medium.files.map(name => join(built.path, name))),
];

function copyFresh(from: string, to: string): void {
  files.remove(to);
  files.copy(from, to);
}

/** image.json: what the image is made of. The copy inside a medium cannot contain that medium's own hash. */
export async function describeImage(
  image: Built,
  parts: Parts & Partial<Pick<MediumParts, 'firmware'>>,
  fallbacks: readonly Fallback[],
  made: readonly MadeMedium[] = [],
): Promise<string> {
  const paths = pathsOf(
    image,
    made.filter(({ medium }) => medium.carriesImage),
  );
  const described = await Promise.all(
    paths.map(
      async path =>
        [basename(path), { bytes: files.sizeOf(path), sha256: await files.sha256(path) }] as const,
    ),
  );
  const layout = JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout;
  const versions = Object.values(parts.firmware ?? {}).flatMap(each => Object.entries(each.versions));
  const firmware = Object.fromEntries(versions);
  const summary = {
    version: 1,
    built: new Date(layout.epoch * 1000).toISOString(),
    files: Object.fromEntries(described),
    squashfs: { offset: layout.imageOffset, bytes: layout.imageBytes, sha256: layout.imageSha256 },
    kernel: files.readText(join(parts.kernel.path, 'release')),
    // Debian's own files, used where a reduction fell back.
    fallbacks,
    packages: parts.packages.versions,
    // Of larger media alone.
    ...(Object.keys(firmware).length === 0 ? {} : { firmware }),
  };
  return JSON.stringify(summary, null, 2) + '\n';
}
