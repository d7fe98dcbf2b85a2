import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
import { unpackAlone } from '../../../image/debian/packages.ts';
import { makeDisk } from '../harness/disk.ts';
import type { OldSystem } from './debian.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import type { Site } from '../harness/site.ts';
import { target } from '../../../image/lib/target.ts';

/** Secure Boot with Debian's kernel: Microsoft signed the shim, Debian what comes after it. */

const espMegabytes = 64;

/** The same system, started by signed programs alone, from a further disk. */
export async function withSecureBoot(site: Site, { disks, boot }: OldSystem): Promise<OldSystem> {
  if (boot.from !== 'kernel' || boot.initrd === undefined)
    throw new Error('there is no kernel to be started');
  const esp = await makeEsp(site, { ...boot, initrd: boot.initrd });
  return { disks: [...disks, esp], boot: { from: 'disk' }, firmware: 'secure-boot' };
}

/** The whole disk is the ESP: firmware looks for its file systems, with a partition table or without. */
async function makeEsp(
  site: Site,
  { kernel, initrd, append }: { kernel: string; initrd: string; append: string },
): Promise<DiskOptions> {
  await requireHostPackages({ '/usr/bin/mcopy': 'mtools', '/usr/sbin/mkfs.vfat': 'dosfstools' });
  const loaders = await unpackAlone('signed-loaders', ['shim-signed', 'grub-efi-amd64-signed']);
  const tree = join(site.directory, 'esp');
  const shim = join(loaders.path, 'shim-signed/usr/lib/shim/shimx64.efi.signed');
  const grub = join(loaders.path, 'grub-efi-amd64-signed/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed');
  files.copy(shim, join(tree, 'EFI/BOOT', target.efiFile.own));
  files.copy(grub, join(tree, 'EFI/BOOT/grubx64.efi'));
  // Where Debian's signed GRUB looks, wherever it was started from.
  files.write(join(tree, 'EFI/debian/grub.cfg'), `linux /vmlinuz ${append}\ninitrd /initrd\nboot\n`);
  files.copy(kernel, join(tree, 'vmlinuz'));
  files.copy(initrd, join(tree, 'initrd'));
  const file = join(site.directory, 'esp.raw');
  makeDisk(file, espMegabytes);
  await run({ doing: 'formatting the ESP', argv: ['mkfs.vfat', '-n', 'ESP', file], timeoutSeconds: 30 });
  const names = files.list(tree).map(name => join(tree, name));
  const argv = ['mcopy', '-s', '-i', file, ...names, '::/'];
  await run({ doing: 'filling the ESP', argv, timeoutSeconds: 60 });
  files.remove(tree);
  return { file, serial: 'esp' };
}
