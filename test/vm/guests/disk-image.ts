import { join } from 'node:path';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
import { target } from '../../../image/lib/target.ts';
import * as files from '../../../image/lib/files.ts';
import { describe, poolGuid, type Manifest, type PartitionTable } from '../../../image/copies/manifest.ts';
import type { Format, Options } from '../../../image/copies/options.ts';
import type { Request } from '../../../image/copies/request.ts';
import { image } from '../harness/image.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import type { Site } from '../harness/site.ts';
import { timeScale } from '../harness/time-scale.ts';
import { stageDone } from './install.ts';

/** The image of an installed disk: the installer in a virtual machine writes a file, and what is in it is packed. */

/** Installs onto a new disk of the site, and leaves it as the machine left it. */
export async function installToFile(
  site: Site,
  { members, wantsRescue }: Request,
  { firmware, sizeMiB, memoryMiB, minutes }: Pick<Options, 'firmware' | 'sizeMiB' | 'memoryMiB' | 'minutes'>,
  onLine: (line: string) => void = () => {},
): Promise<DiskOptions> {
  // The initrd with the configuration lies there until QEMU has read it.
  files.setMode(site.directory, 0o700);
  const disk = site.disk('image', sizeMiB);
  const machine = await site.startImage({
    name: 'install',
    memoryMiB,
    firmware,
    disks: [disk],
    limitSeconds: minutes * 60,
    appended: [
      ...members,
      ...(wantsRescue ? [{ path: 'kernel', content: files.readBytes(image.kernel) }] : []),
    ],
  });
  machine.console.onLine(onLine);
  await stageDone(machine, 'finish', minutes * 60);
  // It restarts, which ends QEMU.
  await machine.waitForEnd(120);
  return disk;
}

export interface Packed {
  manifest: Manifest;
  file: string;
}

/** Packs the disk and describes it, into a directory. The manifest is written last: where it is, the image is whole. */
export async function packImage(
  disk: DiskOptions,
  directory: string,
  version: string,
  { poolName, isEncrypted, hostName, wantsRescue }: Request,
  options: Pick<Options, 'firmware' | 'format'>,
): Promise<Packed> {
  await requireHostPackages({
    '/usr/sbin/sfdisk': 'fdisk',
    '/usr/bin/zstd': 'zstd',
    ...(options.format === 'qcow2' ? { '/usr/bin/qemu-img': 'qemu-utils' } : {}),
  });
  files.makeDirectory(directory);
  const name = `disk.${options.format}`;
  const file = join(directory, name);
  const manifestFile = join(directory, 'manifest.json');
  files.remove(manifestFile);
  const table = await tableOf(disk.file);
  const zfs = table.partitions.find(partition => partition.name === 'zfs');
  const guid =
    zfs === undefined ? null : poolGuid(files.readAt(disk.file, zfs.start * table.sectorsize, 256 * 1024));
  if (guid === null) throw new Error('the installed disk has no pool');
  const hash = await files.sha256(disk.file);
  await run({
    doing: `packing ${name}`,
    argv: packing(options.format, disk.file, `${file}.part`),
    timeoutSeconds: 7200 * timeScale,
  });
  files.rename(`${file}.part`, file);
  const manifest = describe({
    options,
    version,
    architecture: target.nixSystem,
    hostName,
    file: { name, bytes: files.sizeOf(file), sha256: await files.sha256(file) },
    disk: { bytes: files.sizeOf(disk.file), sha256: hash },
    table,
    pool: { name: poolName, guid, isEncrypted },
    hasRescue: wantsRescue,
  });
  files.write(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
  return { manifest, file };
}

function packing(format: Format, from: string, to: string): [string, ...string[]] {
  switch (format) {
    case 'raw.zst':
      return ['zstd', '-q', '-f', '-T0', '-10', from, '-o', to];
    case 'qcow2':
      return [
        'qemu-img',
        'convert',
        '-c',
        '-f',
        'raw',
        '-O',
        'qcow2',
        '-o',
        'compression_type=zstd',
        from,
        to,
      ];
  }
}

/** The partition table of a disk in a file. */
export async function tableOf(file: string): Promise<PartitionTable> {
  const argv = ['sfdisk', '--json', file];
  const { stdout } = await run({ doing: `reading the partitions of ${file}`, argv, timeoutSeconds: 30 });
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: PartitionTable & { sectorsize?: number };
  };
  return { ...partitiontable, sectorsize: partitiontable.sectorsize ?? 512 };
}
