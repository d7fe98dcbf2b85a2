import { join } from 'node:path';
import type { Built } from './cache.ts';
import * as files from './files.ts';
import { checkout } from './host.ts';
import type { InitrdLayout } from './initrd.ts';
import { tell } from './progress.ts';
import type { Parts } from './root.ts';

/** Writes out/: what is given to people, and image.json, which says what it is made of. */

/** `initrd` with a second file name is iPXE's way to put a file into the initramfs (ipxe.org/cmd/imgfetch). */
const netbootScript = `#!ipxe
# Kernel and initrd lie beside this script. host.json is the machine's configuration, secrets included; it reaches the
# initramfs as /dabei.json, which only root can read, and stands on no command line.
kernel bzImage initrd=initrd console=tty0 console=ttyS0,115200
initrd initrd
initrd host.json /dabei.json mode=600 || echo no host.json: the machine becomes a rescue system
boot
`;

const published = ['bzImage', 'initrd', 'dabei', 'netboot.ipxe', 'image.json'];

export async function writeOutput(image: Built, parts: Parts): Promise<void> {
  const out = checkout('out');
  const stamp = join(out, '.image');
  if (files.exists(stamp) && files.readText(stamp) === image.key) {
    return tell(`out/ is up to date (image ${image.key})`);
  }
  for (const name of ['bzImage', 'initrd', 'dabei']) {
    files.remove(join(out, name));
    files.copy(join(image.path, name), join(out, name));
  }
  files.write(join(out, 'netboot.ipxe'), netbootScript);
  const layout = JSON.parse(files.readText(join(image.path, 'layout.json'))) as InitrdLayout & {
    epoch: number;
  };
  const described = await Promise.all(
    ['bzImage', 'initrd', 'dabei'].map(async name => {
      const path = join(out, name);
      return [name, { bytes: files.sizeOf(path), sha256: await files.sha256(path) }] as const;
    }),
  );
  const summary = {
    version: 1,
    built: new Date(layout.epoch * 1000).toISOString(),
    files: Object.fromEntries(described),
    squashfs: { offset: layout.imageOffset, bytes: layout.imageBytes, sha256: layout.imageSha256 },
    kernel: files.readText(join(parts.kernel.path, 'release')),
    packages: parts.packages.versions,
  };
  files.write(join(out, 'image.json'), JSON.stringify(summary, null, 2) + '\n');
  const sums = await Promise.all(
    published.map(async name => `${await files.sha256(join(out, name))}  ${name}\n`),
  );
  files.write(join(out, 'SHA256SUMS'), sums.join(''));
  files.write(stamp, image.key);
  for (const [name, { bytes }] of described) tell(`out/${name}: ${bytes.toLocaleString('en')} bytes`);
}
