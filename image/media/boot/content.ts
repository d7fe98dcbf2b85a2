import { join } from 'node:path';
import { target } from '../../lib/target.ts';
import { cached, type Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import { checkout, runIn } from '../../lib/host.ts';
import type { ImageLayout } from '../../rootfs/initrd.ts';
import type { MediumParts } from '../medium.ts';
import { reservedBytes } from '../reserved/reserved-file.ts';
import { earlyConfig, menu } from './grub.ts';
import { variants as allVariants, type Variant } from '../../../agent/variants.ts';
import { torInitrd, wifiInitrd, type FurtherInitrd } from '../../rootfs/further-initrds.ts';
import { markPath, onMedium, variantPath, type MediumKind } from './layout.ts';
import { modulesMount, partsOf, type MediaTools } from './media-tools.ts';
import { kernelPath } from './of-target.ts';

/** What is on every medium with a boot loader, and the programs that put it there. The same inputs give the same bytes. */

export interface MediumContent {
  /** Paths of the files. */
  kernel: string;
  initrd: string;
  description: string;
  /** Of nix-dabei, for the menu. */
  version: string;
  /** Further initrds that the boot loader loads: their paths. */
  variants: Readonly<Partial<Record<Variant, string>>>;
  /** Date of everything on the medium, in seconds since 1970. */
  epoch: number;
}

/**
 * A medium from the cache, or a new one.
 * @param source of the medium itself, below image/media/, without its ending
 * @param having whose initrds it carries
 */
export async function cachedMedium(
  name: string,
  source: string,
  { mediaTools, image, description, firmware }: MediumParts,
  make: (directory: string, content: MediumContent) => Promise<void>,
  having: readonly Variant[] = [],
): Promise<Built> {
  const { version } = JSON.parse(files.readText(checkout('package.json'))) as { version: string };
  const sources = [source, 'boot/content', 'boot/grub', 'boot/layout', 'boot/of-target'];
  const own = sources.map(path => ({ file: checkout(`image/media/${path}.ts`) }));
  const ofFirmware = having.flatMap(variant => firmware[variant]?.built ?? []);
  const parts = [...partsOf(mediaTools), image, ...ofFirmware];
  const inputs = [`${name} 1`, ...having, ...parts, description, version, String(reservedBytes), ...own];
  return cached(name, inputs, async directory => {
    const { epoch } = JSON.parse(files.readText(join(image.path, 'layout.json'))) as ImageLayout;
    const kernel = join(image.path, target.kernel.image);
    const variants: Partial<Record<Variant, string>> = {};
    for (const variant of having) {
      const own = firmware[variant]?.built;
      const archives = [
        join(image.path, initrds[variant].archive),
        ...(own ? [join(own.path, 'firmware')] : []),
      ];
      // The kernel reads one archive after the other.
      variants[variant] = join(directory, `variant-${variant}`);
      await files.concatenate(archives, variants[variant]);
    }
    const initrd = join(image.path, 'initrd');
    await make(directory, { kernel, initrd, variants, description, version, epoch });
    for (const path of Object.values(variants)) files.remove(path);
  });
}

const initrds: Readonly<Record<Variant, FurtherInitrd>> = {
  tor: torInitrd,
  wifi: wifiInitrd,
  'wifi-intel': wifiInitrd,
};

/** Those of a medium, in their order. */
export function variantsOf({ variants }: Pick<MediumContent, 'variants'>): Variant[] {
  return allVariants.filter(variant => variants[variant] !== undefined);
}

/** Runs a program of the media tools, which sees the medium's directory as /build. */
export type MakeStep = (doing: string, argv: readonly string[]) => Promise<unknown>;

interface Tools {
  make: MakeStep;
  /** Makes a boot loader of GRUB's modules, which runs early.cfg. @param output path below the directory */
  loader: (output: string, platform: string, format: string, modules: readonly string[]) => Promise<unknown>;
}

export function toolsOf(tools: MediaTools, directory: string, epoch: number): Tools {
  const make: MakeStep = (doing, argv) =>
    runIn({
      ...{ doing, root: tools.programs.path, argv, timeoutSeconds: 300 },
      mounts: { '/build': directory, ...modulesMount(tools) },
      // xorriso(1) and mtools(1) give every date and every generated identifier this value.
      env: { SOURCE_DATE_EPOCH: String(epoch), TZ: 'UTC' },
    });
  const loader: Tools['loader'] = (output, platform, format, modules) =>
    make(`making the loader for ${format}`, [
      ...['grub-mkimage', `--format=${format}`, `--directory=/usr/lib/grub/${platform}`, '--prefix=/dabei'],
      ...['--config=/build/early.cfg', `--output=/build/${output}`, ...modules],
    ]);
  return { make, loader };
}

/** Writes the files of the medium below tree/, and early.cfg for the boot loaders. */
export async function writeTree(directory: string, kind: MediumKind, content: MediumContent): Promise<void> {
  const { kernel, initrd, variants, description, version } = content;
  const having = variantsOf(content);
  const at = (path: string) => join(directory, 'tree', path);
  const mark = markPath(await files.sha256(initrd));
  files.copy(kernel, at(kernelPath));
  files.copy(initrd, at(onMedium.initrd));
  for (const variant of having) files.copy(variants[variant]!, at(variantPath(variant)));
  files.write(at(onMedium.reserved), Buffer.alloc(reservedBytes));
  files.write(at(onMedium.description), description);
  files.write(at(onMedium.menu), menu(version, mark, kind, having));
  files.write(at(mark), '');
  files.write(join(directory, 'early.cfg'), earlyConfig(mark));
}

/** Writes the sums that the menu checks. @param paths below tree/ */
export async function sumFiles(directory: string, paths: readonly string[]): Promise<void> {
  const at = (path: string) => join(directory, 'tree', path);
  const sums = paths.map(async path => `${await files.sha256(at(path))}  ${path}\n`);
  files.write(at(onMedium.sums), (await Promise.all(sums)).join(''));
}

/** Volume serial number of a FAT file system, as mformat(1) takes it. */
export const fatSerial = (epoch: number): string => (epoch >>> 0).toString(16).padStart(8, '0');
