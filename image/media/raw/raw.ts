import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { mediumGuids } from '../../../agent/plan/disks/medium.ts';
import type { Built } from '../../lib/cache.ts';
import * as files from '../../lib/files.ts';
import {
  cachedMedium,
  fatSerial,
  sumFiles,
  toolsOf,
  writeTree,
  type MakeStep,
  type MediumContent,
} from '../boot/content.ts';
import { biosModules, efiModules } from '../boot/grub.ts';
import { imgName, onMedium, volumeLabel } from '../boot/layout.ts';
import { biosTarget, efiLoaderPath, efiTarget, kernelPath } from '../boot/of-target.ts';
import type { MediaTools } from '../boot/media-tools.ts';
import type { Medium, MediumParts } from '../medium.ts';
import { bootableEntry, bootCode, placedCore, sectorBytes } from './boot-sector.ts';

/**
 * The raw image of a disk, for BIOS and UEFI: a GUID partition table with a partition for GRUB's core image and an ESP that has everything else.
 * It is written onto a stick, or onto the disk that it then installs over. The same inputs give the same bytes.
 */
export const raw: Medium = { name: 'raw image', files: [imgName], carriesImage: true, make: buildRaw };

function buildRaw(parts: MediumParts): Promise<Built> {
  return cachedMedium('raw', 'raw/raw', parts, (directory, content) =>
    makeRaw(parts.mediaTools, directory, content),
  );
}

/** The first sector after table and header (UEFI 2.10, 5.3.1): GRUB's core image does not ask for alignment, and 1 MiB would be added. */
const coreSector = 34;
const espSector = 2048;
/** The copy of table and header at the end. */
const tableSectors = 33;

/** mformat(1) wants whole cylinders: heads times sectors. */
const [heads, sectors] = [2, 32];
const unit = heads * sectors;
/** FAT32 begins at 65,525 clusters (Microsoft, "FAT32 File System Specification", "FAT Type Determination"); a cluster is one sector. */
const leastClusters = 65_525;
const [fatEntryBytes, fatCopies, fatReservedSectors] = [4, 2, 32];

/**
 * Writes nix-dabei.img into a directory, and removes what it was made from.
 */
export async function makeRaw(tools: MediaTools, directory: string, content: MediumContent): Promise<void> {
  const at = (path: string) => join(directory, 'tree', path);
  const { make, loader } = toolsOf(tools, directory, content.epoch);
  await writeTree(directory, 'img', content);
  files.makeDirectory(dirname(at(efiLoaderPath)));
  await loader(`tree/${efiLoaderPath}`, efiTarget, efiTarget, efiModules);
  if (biosTarget !== null) await loader('core.img', biosTarget, biosTarget, biosModules);
  await sumFiles(directory, [
    kernelPath,
    onMedium.initrd,
    onMedium.description,
    onMedium.menu,
    efiLoaderPath,
  ]);
  const espSectors = await makeEsp(make, directory, content.epoch);

  const output = join(directory, imgName);
  files.writeSparse(output, (espSector + espSectors + tableSectors) * sectorBytes);
  await make('writing the partition table', tableArguments(espSectors, await files.sha256(content.initrd)));
  files.overwriteAt(output, bootableEntry.offset, bootableEntry.bytes);
  if (biosTarget !== null) {
    const boot = files.readBytes(join(tools.programs.path, 'usr/lib/grub', biosTarget, 'boot.img'));
    files.overwriteAt(output, 0, bootCode(boot, coreSector));
    const core = placedCore(files.readBytes(join(directory, 'core.img')), coreSector);
    if (core.length > (espSector - coreSector) * sectorBytes)
      throw new Error(`GRUB's core image has ${core.length} bytes, which reach into the ESP`);
    files.overwriteAt(output, coreSector * sectorBytes, core);
  }
  files.overwriteAt(output, espSector * sectorBytes, files.readBytes(join(directory, 'esp.img')));
  for (const left of ['tree', 'early.cfg', 'core.img', 'esp.img']) files.remove(join(directory, left));
}

/** A FAT32 file system with all files. @returns how many sectors it has */
async function makeEsp(make: MakeStep, directory: string, epoch: number): Promise<number> {
  const tree = join(directory, 'tree');
  const paths = files.walk(tree).map(path => path.slice(tree.length + 1));
  const directories = [...new Set(paths.flatMap(parentsOf))].sort();
  const total = espSectorsFor(
    paths.map(path => files.sizeOf(join(tree, path))),
    directories.length,
  );
  const image = ['-i', '/build/esp.img'];
  await make('formatting the ESP', [
    ...['mformat', '-C', ...image, '-F', '-c', '1', '-R', `${fatReservedSectors}`, '-H', `${espSector}`],
    ...['-T', `${total}`, '-h', `${heads}`, '-s', `${sectors}`, '-N', fatSerial(epoch), '-v', volumeLabel],
    '::',
  ]);
  await make('making directories of the ESP', ['mmd', ...image, ...directories.map(path => `::/${path}`)]);
  // In an order that no build machine changes. Each file is in one piece, as dabei-image needs the reserved one.
  for (const path of paths)
    await make(`filling the ESP: ${path}`, ['mcopy', ...image, `/build/tree/${path}`, `::/${path}`]);
  return total;
}

/** "a/b/c": "a", "a/b". */
const parentsOf = (path: string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** @returns sectors of the smallest file system that holds files of these sizes; directories have room for dozens of names */
export function espSectorsFor(bytes: readonly number[], directories: number): number {
  const directorySectors = 16;
  const clusters = Math.max(
    bytes.reduce((sum, size) => sum + Math.ceil(size / sectorBytes), 0) +
      (directories + 1) * directorySectors,
    leastClusters,
  );
  const tables = fatCopies * Math.ceil(((clusters + 2) * fatEntryBytes) / sectorBytes);
  // Rounded up twice: the tables have entries for the clusters that rounding adds.
  return (Math.ceil((fatReservedSectors + tables + clusters) / unit) + 1) * unit;
}

/** sgdisk(8). Alignment 1: the core image begins right after the table. */
function tableArguments(espSectors: number, initrdSha256: string): string[] {
  const last = espSector + espSectors - 1;
  return [
    ...['sgdisk', '--clear', '--set-alignment=1', `--disk-guid=${diskGuid(initrdSha256)}`],
    ...[`--new=1:${coreSector}:${espSector - 1}`, '--typecode=1:ef02', '--change-name=1:nix-dabei BIOS boot'],
    ...[`--new=2:${espSector}:${last}`, '--typecode=2:ef00', '--change-name=2:nix-dabei'],
    ...[`--partition-guid=1:${mediumGuids.biosBoot}`, `--partition-guid=2:${mediumGuids.esp}`],
    `/build/${imgName}`,
  ];
}

/** A GUID of the version for own purposes (RFC 9562, 5.8), which names the image. */
function diskGuid(initrdSha256: string): string {
  const hash = createHash('sha256').update(`nix-dabei.img ${initrdSha256}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
