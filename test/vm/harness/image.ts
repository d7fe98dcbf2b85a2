import { join } from 'node:path';
import { isoNameOf, variants } from '../../../agent/variants.ts';
import { buildImage } from '../../../image/build.ts';
import { needs } from '../../../image/debian/packages.ts';
import { bootLoaderSet, radioSet } from '../../../image/debian/package-sets.ts';
import { bundleNames } from '../../../image/media/kexec-bundle.ts';
import { imgName, isoName } from '../../../image/media/boot/layout.ts';
import { requireHostPackages, requireRoot } from '../../../image/lib/host.ts';
import { output, target } from '../../../image/lib/target.ts';

/** The image under test, as `npm run image` leaves it, and what starting it in a machine needs on this one. */

/** DABEI_IMAGE=DIRECTORY tests another image than the one of this checkout, a published one for example. */
const given = process.env['DABEI_IMAGE'];
const directory = given ?? output;

export const image = {
  kernel: join(directory, target.kernel.image),
  initrd: join(directory, 'initrd'),
  netboot: join(directory, 'netboot.ipxe'),
  bundle: join(directory, bundleNames.tarball),
  iso: join(directory, isoName),
  torIso: join(directory, isoNameOf(['tor'])),
  wifiIso: join(directory, isoNameOf(['wifi'])),
  img: join(directory, imgName),
  description: join(directory, 'image.json'),
  sums: join(directory, 'SHA256SUMS'),
};

/** Builds the image, which takes seconds when nothing has changed; another one may be given with DABEI_IMAGE. */
export async function requireImage(): Promise<void> {
  // What worlds are made from, too, so that nothing is fetched after an hour of compiling.
  if (given !== undefined) return;
  const isos = variants.map(variant => [variant]);
  await buildImage({ also: [needs.set(bootLoaderSet), needs.set(radioSet)], isos });
}

/** Installs QEMU, firmware and clients where they are missing. */
export async function requireVirtualMachines(): Promise<void> {
  requireRoot();
  const { firmware } = target.qemu;
  await requireHostPackages({
    [`/usr/bin/${target.qemu.program}`]: target.qemu.package,
    [`${firmware.directory}/${firmware.code}`]: firmware.package,
    '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu',
    '/usr/bin/ssh': 'openssh-client',
    '/usr/bin/setpriv': 'util-linux',
  });
}
