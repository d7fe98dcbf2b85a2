import { join } from 'node:path';
import type { Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { biosModules, efiModules } from '../boot/grub.ts';
import { isoNameOf, type Variant } from '../../../agent/variants.ts';
import { onMedium, variantPath, volumeLabel } from '../boot/layout.ts';
import { biosTarget, efiLoaderPath, efiTarget, kernelPath } from '../boot/of-target.ts';
import type { MediaTools } from '../boot/media-tools.ts';
import type { Medium, MediumParts } from '../medium.ts';
import {
  cachedMedium,
  fatSerial,
  sumFiles,
  toolsOf,
  variantsOf,
  writeTree,
  type MakeStep,
  type MediumContent,
} from '../boot/content.ts';

/**
 * The ISO: a CD and a USB stick, for BIOS and UEFI, with GRUB from Debian. The same inputs give the same bytes.
 *
 * One file is all of it: an ISO 9660 file system with an El Torito boot catalogue for CDs, a master boot record whose code loads GRUB
 * from a stick, and a GUID partition table whose partition is the FAT file system in boot/efi.img.
 */
export const iso: Medium = isoWith([]);

/** A larger one, which also has the initrds of variants. */
export function isoWith(having: readonly Variant[]): Medium {
  const name = ['iso', ...having].join('-');
  const make = (parts: MediumParts): Promise<Built> =>
    cachedMedium(
      name,
      'iso/iso',
      parts,
      (directory, content) => makeIso(parts.mediaTools, directory, content),
      having,
    );
  return { name, files: [isoNameOf(having)], carriesImage: true, make };
}

/**
 * Writes the ISO into a directory, and removes what it was made from.
 */
export async function makeIso(tools: MediaTools, directory: string, content: MediumContent): Promise<void> {
  const { epoch } = content;
  const variants = variantsOf(content);
  const at = (path: string) => join(directory, 'tree', path);
  const { make, loader } = toolsOf(tools, directory, epoch);
  await writeTree(directory, 'iso', content);

  files.makeDirectory(at('boot'));
  if (biosTarget !== null)
    await loader(`tree/${onMedium.biosLoader}`, biosTarget, `${biosTarget}-eltorito`, biosModules);
  await loader('loader.efi', efiTarget, efiTarget, efiModules);
  await makeEfiPartition(make, directory, epoch);
  await sumFiles(directory, [
    kernelPath,
    onMedium.initrd,
    ...variants.map(variantPath),
    onMedium.description,
    onMedium.menu,
    onMedium.efiPartition,
  ]);
  await make('making the ISO', [
    ...[
      'xorriso',
      '-as',
      'mkisofs',
      '-quiet',
      '-o',
      `/build/${isoNameOf(variants)}`,
      '-V',
      volumeLabel,
      '-iso-level',
      '3',
      '-r',
    ],
    ...['--set_all_file_dates', `=${epoch}`],
    ...orderOf(files.walk(at('')).map(path => path.slice(at('').length))),
    ...bootArguments(biosTarget),
    '/build/tree',
  ]);
  for (const left of ['tree', 'early.cfg', 'loader.efi']) files.remove(join(directory, left));
}

/** Units of the partition, in sectors of 512 bytes: heads times sectors of its geometry, which mformat(1) wants to be whole. */
const [heads, sectors] = [2, 32];

/** A FAT file system with the loader where firmware looks for it (UEFI 2.10, 3.5.1.1). */
async function makeEfiPartition(make: MakeStep, directory: string, epoch: number): Promise<void> {
  const image = ['-i', `/build/tree/${onMedium.efiPartition}`];
  const unit = heads * sectors;
  // Boot sector, two tables and the directories fit into the last two units.
  const total = (Math.ceil(files.sizeOf(join(directory, 'loader.efi')) / 512 / unit) + 2) * unit;
  await make('formatting the EFI partition', [
    ...['mformat', '-C', ...image, '-T', `${total}`, '-h', `${heads}`, '-s', `${sectors}`],
    ...['-N', fatSerial(epoch), '-v', volumeLabel, '::'],
  ]);
  await make('making directories of the EFI partition', ['mmd', ...image, '::/EFI', '::/EFI/BOOT']);
  await make('filling the EFI partition', ['mcopy', ...image, '/build/loader.efi', `::/${efiLoaderPath}`]);
}

/**
 * The place of each file on the medium, by its name: otherwise, it follows the inode numbers of the build machine. The highest weight comes
 * first (xorrisofs(1), --sort-weight).
 */
function orderOf(paths: readonly string[]): string[] {
  return paths
    .toSorted()
    .flatMap((path, index) => ['--sort-weight', String(paths.length - index), `/${path}`]);
}

/** xorrisofs(1). A BIOS may start only disks of which a partition is marked as bootable. */
function bootArguments(bios: string | null): string[] {
  const noEmulation = '-no-emul-boot';
  const biosArguments = [
    ...['-c', onMedium.bootCatalogue, '-b', onMedium.biosLoader, noEmulation],
    ...['-boot-load-size', '4', '-boot-info-table', '--grub2-boot-info'],
    ...['--grub2-mbr', `/usr/lib/grub/${bios}/boot_hybrid.img`, '--mbr-force-bootable', '-eltorito-alt-boot'],
  ];
  return [
    ...(bios === null ? ['-c', onMedium.bootCatalogue] : biosArguments),
    ...['-e', onMedium.efiPartition, noEmulation, '-efi-boot-part', '--efi-boot-image'],
    '--protective-msdos-label',
  ];
}
