import { basename } from 'node:path';
import type { Doors } from '../doors.ts';

/** Reads the imported pools from the kernel's statistics and zpool(8). */

/** An imported pool: its name, the paths of its devices, and the mount points of its datasets. */
export interface ImportedPool {
  name: string;
  devices: readonly string[];
  mountPoints: readonly string[];
}

/** Reads the imported pools. The kernel has a directory with statistics for each (spl(4), /proc/spl/kstat). */
export async function readPools({ exec, files }: Doors): Promise<ImportedPool[]> {
  const statistics = '/proc/spl/kstat/zfs';
  const names = files.list(statistics).filter(name => files.exists(`${statistics}/${name}/state`));
  if (names.length === 0) return [];
  const { stdout } = await exec.run({
    doing: 'asking which disks the imported pools use',
    argv: ['zpool', 'list', '-H', '-P', '-L', '-v', '-o', 'name'],
    timeoutSeconds: 60,
  });
  const mounts = files.readText('/proc/self/mounts') ?? '';
  return [...parsePoolDevices(stdout, names)].map(([name, devices]) => ({
    name,
    devices: devices.map(device => mapperPath(files, device)),
    mountPoints: poolMountPoints(mounts, name),
  }));
}

/** Converts zpool(8)'s path of a mapped device, such as /dev/dm-0, to lsblk(8)'s, below /dev/mapper. Keeps other paths. */
function mapperPath(files: Doors['files'], device: string): string {
  const name = files.readText(`/sys/class/block/${basename(device)}/dm/name`)?.trim();
  return name ? `/dev/mapper/${name}` : device;
}

/**
 * Devices of each pool. A line starts with the name of a pool, or with a tab and the name of a vdev. Headings such as "logs" start a
 * line, too, so the function needs the names of the pools.
 * @param text output of `zpool list -H -P -L -v -o name`
 * @param names names of the imported pools
 */
export function parsePoolDevices(text: string, names: readonly string[]): Map<string, string[]> {
  const pools = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    const device = /^\t(\/dev\/[^\t]+)/.exec(line)?.[1];
    if (device !== undefined) current.push(device);
    const name = line.split('\t')[0]!;
    if (names.includes(name)) pools.set(name, (current = []));
  }
  return pools;
}

/** Mount points of a pool's datasets. @param mounts contents of /proc/self/mounts (proc_pid_mounts(5)) */
export function poolMountPoints(mounts: string, pool: string): string[] {
  return mounts
    .split('\n')
    .map(line => line.split(' '))
    .filter(([source = '', , type]) => type === 'zfs' && (source === pool || source.startsWith(`${pool}/`)))
    .map(([, mountPoint = '']) => unescapeOctal(mountPoint));
}

/** Decodes the escapes of /proc/self/mounts: a backslash and three octal digits, for white space and backslashes. */
export function unescapeOctal(value: string): string {
  return value.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
