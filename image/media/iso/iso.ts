import { join } from 'node:path';
import { arch } from '../../../agent/arch.ts';
import type { Packages } from '../../debian/packages.ts';
import { cached, type Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { checkout, runIn } from '../../lib/host.ts';
import type { ImageLayout } from '../../rootfs/initrd.ts';
import type { Medium, MediumParts } from '../medium.ts';
import { reservedBytes } from '../reserved/reserved-file.ts';
import { biosModules, earlyConfig, efiModules, menu } from '../boot/grub.ts';
import { isoName, markPath, onMedium, volumeLabel } from '../boot/layout.ts';

/**
 * The ISO: a CD and a USB stick, for BIOS and UEFI, with GRUB from Debian. The same inputs give the same bytes.
 *
 * One file is all of it: an ISO 9660 file system with an El Torito boot catalogue for CDs, a master boot record whose code loads GRUB
 * from a stick, and a GUID partition table whose partition is the FAT file system in boot/efi.img.
 */
export const iso: Medium = { name: 'iso', files: [isoName], carriesImage: true, make: buildIso };

async function buildIso({ mediaTools, image, description }: MediumParts): Promise<Built> {
  const { version } = JSON.parse(files.readText(checkout('package.json'))) as { version: string };
  const own = ['iso/iso', 'boot/grub', 'boot/layout'].map(name => ({
    file: checkout(`image/media/${name}.ts`),
  }));
  const inputs = ['iso 1', mediaTools, image, description, version, String(reservedBytes), ...own];
  return cached('iso', inputs, async directory => {
    const { epoch } = JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout;
    const kernel = join(image.path, arch.kernel.image);
    const content = { kernel, initrd: join(image.path, 'initrd'), description, version, epoch };
    await makeIso(mediaTools, directory, content);
  });
}

export interface IsoContent {
  /** Paths of the files. */
  kernel: string;
  initrd: string;
  description: string;
  /** Of nix-dabei, for the menu. */
  version: string;
  /** Date of everything on the medium, in seconds since 1970. */
  epoch: number;
}

/**
 * Writes nix-dabei.iso into a directory, and removes what it was made from.
 * @param tools mediaSet (image/debian/package-sets.ts), unpacked
 */
export async function makeIso(tools: Packages, directory: string, content: IsoContent): Promise<void> {
  const { epoch, version } = content;
  const at = (path: string) => join(directory, 'tree', path);
  const make = (doing: string, argv: readonly string[]) =>
    runIn({
      ...{ doing, root: tools.path, mounts: { '/build': directory }, argv, timeoutSeconds: 300 },
      // xorriso(1) and mtools(1) give every date and every generated identifier this value.
      env: { SOURCE_DATE_EPOCH: String(epoch), TZ: 'UTC' },
    });
  const mark = markPath(await files.sha256(content.initrd));
  files.copy(content.kernel, at(onMedium.kernel));
  files.copy(content.initrd, at(onMedium.initrd));
  files.write(at(onMedium.reserved), Buffer.alloc(reservedBytes));
  files.write(at(onMedium.description), content.description);
  files.write(at(onMedium.menu), menu(version, mark));
  files.write(at(mark), '');
  files.write(join(directory, 'early.cfg'), earlyConfig(mark));
  const loader = (doing: string, output: string, target: string, format: string, names: readonly string[]) =>
    make(doing, [
      ...['grub-mkimage', `--format=${format}`, `--directory=/usr/lib/grub/${target}`, '--prefix=/dabei'],
      ...['--config=/build/early.cfg', `--output=/build/${output}`, ...names],
    ]);

  const bios = arch.grubBiosTarget;
  files.makeDirectory(at('boot'));
  if (bios !== null)
    await loader(
      'making the loader for BIOS',
      `tree/${onMedium.biosLoader}`,
      bios,
      `${bios}-eltorito`,
      biosModules,
    );
  await loader('making the loader for UEFI', 'loader.efi', efiTarget(tools), efiTarget(tools), efiModules);
  await makeEfiPartition(make, directory, epoch);

  const summed = [
    onMedium.kernel,
    onMedium.initrd,
    onMedium.description,
    onMedium.menu,
    onMedium.efiPartition,
  ];
  const sums = summed.map(async path => `${await files.sha256(at(path))}  ${path}\n`);
  files.write(at(onMedium.sums), (await Promise.all(sums)).join(''));
  await make('making the ISO', [
    ...[
      'xorriso',
      '-as',
      'mkisofs',
      '-quiet',
      '-o',
      `/build/${isoName}`,
      '-V',
      volumeLabel,
      '-iso-level',
      '3',
      '-r',
    ],
    ...['--set_all_file_dates', `=${epoch}`],
    ...orderOf(files.walk(at('')).map(path => path.slice(at('').length))),
    ...bootArguments(bios),
    '/build/tree',
  ]);
  for (const left of ['tree', 'early.cfg', 'loader.efi']) files.remove(join(directory, left));
}

/** The one that Debian's package for this architecture has. */
const efiTarget = ({ path }: Packages): string =>
  files.list(join(path, 'usr/lib/grub')).find(name => name.endsWith('-efi'))!;

/** Units of the partition, in sectors of 512 bytes: heads times sectors of its geometry, which mformat(1) wants to be whole. */
const [heads, sectors] = [2, 32];

/** A FAT file system with the loader where firmware looks for it (UEFI 2.10, 3.5.1.1). */
async function makeEfiPartition(
  make: (doing: string, argv: readonly string[]) => Promise<unknown>,
  directory: string,
  epoch: number,
): Promise<void> {
  const image = ['-i', `/build/tree/${onMedium.efiPartition}`];
  const unit = heads * sectors;
  // Boot sector, two tables and the directories fit into the last two units.
  const total = (Math.ceil(files.sizeOf(join(directory, 'loader.efi')) / 512 / unit) + 2) * unit;
  const serial = (epoch >>> 0).toString(16).padStart(8, '0');
  await make('formatting the EFI partition', [
    ...['mformat', '-C', ...image, '-T', `${total}`, '-h', `${heads}`, '-s', `${sectors}`],
    ...['-N', serial, '-v', volumeLabel, '::'],
  ]);
  await make('making directories of the EFI partition', ['mmd', ...image, '::/EFI', '::/EFI/BOOT']);
  const target = `::/EFI/BOOT/${arch.efiFile.own}`;
  await make('filling the EFI partition', ['mcopy', ...image, '/build/loader.efi', target]);
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
