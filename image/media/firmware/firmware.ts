import { join } from 'node:path';
import { firmware, needs, unpackAlone, type Packages } from '../../debian/packages.ts';
import type { Need } from '../../debian/needs.ts';
import { buildDrivers } from '../../kernel/drivers.ts';
import type { ModuleParts } from '../../rootfs/modules.ts';
import { cached, type Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { checkout, runIn } from '../../lib/host.ts';
import type { Variant } from '../../../agent/variants.ts';
import { layDrivers, type DriverParts } from './drivers.ts';
import { makersOf, modprobeLines, type FirmwareVariant, type Maker } from './cards.ts';

/**
 * Drivers and firmware of wireless cards: an initrd with a squashfs, as those of image/rootfs/further-initrds.ts, but of a kernel, not of an
 * image. It brings its own hash. The licences go with it.
 */

const isFirmwareVariant = (variant: Variant): variant is FirmwareVariant => variant in makersOf;
const packagesOf = (makers: readonly Maker[]): string[] =>
  [...new Set(makers.map(maker => maker.package))].sort();
/** Variants share a directory of the cache where they need the same packages. */
const setOf = (variant: FirmwareVariant) => [`firmware-${variant}`, packagesOf(makersOf[variant])] as const;

/** What is fetched for variants. */
export function firmwareNeeds(having: readonly Variant[]): Need[] {
  return having.filter(isFirmwareVariant).map(variant => needs.packages(...setOf(variant), firmware));
}

export interface Firmware {
  built: Built;
  /** Debian packages by name. */
  versions: Packages['versions'];
}

/** @returns for each variant that has firmware, a directory with the initrd `firmware` */
export async function buildFirmware(
  having: readonly Variant[],
  parts: ModuleParts,
): Promise<Partial<Record<Variant, Firmware>>> {
  const all: Partial<Record<Variant, Firmware>> = {};
  const asked = having.filter(isFirmwareVariant);
  if (asked.length === 0) return all;
  const drivers = await buildDrivers(parts.kernel, parts.toolchain);
  for (const variant of asked) {
    const packages = await unpackAlone(...setOf(variant), firmware);
    const built = await packFirmware(variant, packages, { ...parts, drivers });
    all[variant] = { built, versions: packages.versions };
  }
  return all;
}

const place = 'usr/lib/firmware';

async function packFirmware(
  variant: FirmwareVariant,
  packages: Packages,
  parts: DriverParts,
): Promise<Built> {
  const { toolchain, kernel, drivers } = parts;
  const makers = makersOf[variant];
  const names = [
    'media/firmware/firmware.ts',
    'media/firmware/drivers.ts',
    'media/firmware/unpack.sh',
    'rootfs/modules.ts',
  ];
  const sources = names.map(name => ({ file: checkout('image', name) }));
  const inputs = ['firmware 2', JSON.stringify(makers), packages, toolchain, kernel, drivers, ...sources];
  return cached(`firmware-${variant}-initrd`, inputs, async directory => {
    const make = (doing: string, argv: readonly string[]) =>
      runIn({
        doing,
        root: toolchain.path,
        mounts: { '/build': directory, '/from': packages.path, '/image': checkout('image') },
        argv,
        timeoutSeconds: 900,
      });
    const at = (path: string) => join(directory, 'layer', path);
    const epoch = String(newestIn(packages, makers));
    files.makeDirectory(at('usr/share/dabei/firmware'));
    for (const maker of makers) {
      const { name } = maker;
      const tar = `/build/layer/usr/share/dabei/firmware/${name}.tar`;
      await make(`collecting the firmware ${name}`, [
        ...[
          'tar',
          '--create',
          `--file=${tar}`,
          '--format=ustar',
          `--directory=/from/${maker.package}/${place}`,
        ],
        ...[
          '--owner=0',
          '--group=0',
          '--numeric-owner',
          '--mode=u=rw,go=r',
          `--mtime=@${epoch}`,
          ...maker.files,
        ],
      ]);
      // busybox takes dictionaries of up to 64 MiB (decompress_unxz.c); this much memory is used while it unpacks.
      await make(`packing the firmware ${name}`, [
        ...['xz', '--threads=1', '--check=crc32', '--lzma2=preset=6e,dict=8MiB', tar],
      ]);
    }
    files.write(at('usr/lib/modprobe.d/firmware.conf'), modprobeLines(makers));
    files.copyOwn(checkout('image/media/firmware/unpack.sh'), at('usr/lib/dabei/firmware'));
    await layDrivers(directory, makers, parts);
    // Packed files are unpacked there.
    files.makeDirectory(at(place));
    for (const name of packagesOf(makers)) {
      const licence = join('usr/share/doc', name, 'copyright');
      files.copy(join(packages.path, name, licence), at(licence));
    }
    const image = join(directory, 'archive/firmware.squashfs');
    files.makeDirectory(join(directory, 'archive'));
    await make('packing all firmware', [
      ...['mksquashfs', '/build/layer', '/build/archive/firmware.squashfs', '-noappend', '-no-progress'],
      ...['-no-xattrs', '-all-root', '-comp', 'xz', '-b', '1M', '-mkfs-time', epoch, '-all-time', epoch],
    ]);
    const size = `${files.sizeOf(image)} ${await files.md5(image)}\n`;
    files.write(join(directory, 'archive/firmware.size'), size);
    await make('packing the initrd firmware', [
      ...['/image/rootfs/cpio.sh', '/build/archive', '/build/firmware', epoch],
    ]);
    for (const left of ['layer', 'archive']) files.remove(join(directory, left));
  });
}

/** Date of the newest file, so that the same packages always give the same bytes; seconds since 1970. */
function newestIn(packages: Packages, makers: readonly Maker[]): number {
  const paths = makers.flatMap(maker =>
    maker.files
      .map(file => join(packages.path, maker.package, place, file))
      .filter(path => files.kind(path) === 'file'),
  );
  return Math.floor(Math.max(...paths.map(path => files.modifiedAt(path).getTime())) / 1000);
}
