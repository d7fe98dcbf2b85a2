import { bindPersisted, byPartuuid, makeMountPoint, mountDatasets, prepareZfs } from '../disks/pool.ts';
import { planFinish } from '../disks/nuke-disk.ts';
import type { RunStep, Step } from '../step.ts';
import { targetRoot } from '../target.ts';
import type { RescuedMachine } from './machine.ts';

/** Steps by which a rescue system opens the machine that it belongs to, at /mnt, and closes it again. */

export interface PoolNames {
  name: string;
  datasets: readonly { name: string; mountpoint: string }[];
}

/** Under the machine's own host id, so that its own import afterwards needs no force. */
export function prepareImport({ hostId }: RescuedMachine, memoryBytes: number): Step[] {
  return prepareZfs(hostId, { memoryBytes });
}

/** @param readOnly for a pool with features that this ZFS can read only (zpool-features(7)) */
export function importPool(pool: string, readOnly: boolean): RunStep {
  return {
    kind: 'run',
    doing: `importing the pool ${pool}`,
    argv: [
      ...(['zpool', 'import', '-N', '-o', 'cachefile=none', '-R', targetRoot] as const),
      ...(readOnly ? ['-o', 'readonly=on'] : []),
      ...['-d', '/dev/disk/by-partuuid', pool],
    ],
    timeoutSeconds: 600,
  };
}

/** zpool import says so of features that it does not know (cmd/zpool/zpool_main.c). */
export const unsupportedFeatures = /unsupported feature|uses the following feature/i;
/** What it adds where they are needed for writing alone (lib/libzfs/libzfs_pool.c). */
export const readOnlyHelps = /'-o readonly=on'/;

/** zfs asks on the terminal, or reads a line of standard input; dabei never sees the passphrase. */
export function loadKey(pool: string): readonly [string, ...string[]] {
  return ['zfs', 'load-key', pool];
}

/**
 * All file systems of the installed system, the root first.
 * @param mounted what is mounted already
 */
export function mountMachine(machine: RescuedMachine, pool: PoolNames, mounted: ReadonlySet<string>): Step[] {
  const missing = pool.datasets.filter(({ mountpoint }) => !mounted.has(below(mountpoint)));
  const esps = machine.disks.filter(({ espMountpoint }) => !mounted.has(below(espMountpoint)));
  const persisted = machine.impermanence !== null && missing.some(({ mountpoint }) => mountpoint === '/');
  return [
    ...mountDatasets(missing),
    ...(persisted ? bindPersisted() : []),
    ...esps.flatMap(({ espPartuuid, espMountpoint }): Step[] => [
      makeMountPoint(below(espMountpoint)),
      // A disk of a mirror may be gone.
      { ...mountPartition(byPartuuid(espPartuuid), below(espMountpoint)), optional: true },
    ]),
  ];
}

/** @param device path of the ESP's partition */
export function mountPartition(device: string, path: string): RunStep {
  return {
    kind: 'run',
    doing: `mounting the ESP at ${path}`,
    argv: ['mount', '-t', 'vfat', '-o', 'umask=0077', device, path],
    timeoutSeconds: 60,
  };
}

const below = (mountpoint: string) => (mountpoint === '/' ? targetRoot : `${targetRoot}${mountpoint}`);

/** Unmounts everything below /mnt and exports the pool. */
export function lockMachine(pool: string, isMounted: boolean): Step[] {
  const steps = planFinish({ poolName: pool, installSwap: [] });
  return isMounted ? steps : steps.filter(step => step.kind !== 'run' || step.argv[0] !== 'umount');
}
