import { layoutTable } from './layouts.ts';
import type { PoolLayout } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import type { Secret } from '../../secret.ts';
import { mebibyte } from './partitions.ts';
import type { Step } from '../step.ts';
import { keptBelow, persistedDirectories, targetRoot, type TargetDataset } from '../target.ts';

/** Steps that create the encrypted pool, its datasets and their mounts (zpool-create(8), zfsprops(7)). */

/**
 * Feature set of the pool (/usr/share/zfs/compatibility.d). ZFS 2.3 of this image would enable features that an installed or
 * rescue system may not support, and such a system could not import the pool. The live system of Ubuntu 24.04 has ZFS 2.2;
 * Debian 13 and NixOS since 24.05 have 2.2 or newer. People can enable the features of 2.3 (raidz expansion, fast dedup)
 * later: `zpool set compatibility=off`, `zpool upgrade`.
 */
const compatibility = 'openzfs-2.2';

export function byPartuuid(guid: string): string {
  return `/dev/disk/by-partuuid/${guid}`;
}

/** Datasets that the installed system mounts, the root file system first. */
export function poolDatasets(poolName: string): TargetDataset[] {
  return [
    { name: `${poolName}/local/root`, mountpoint: '/' },
    { name: `${poolName}/local/nix`, mountpoint: '/nix' },
    { name: `${poolName}/safe/home`, mountpoint: '/home' },
    { name: `${poolName}/safe/persist`, mountpoint: '/persist' },
  ];
}

/** The least limit that ZFS accepts for its cache; it ignores smaller values (module/zfs/arc.c, MIN_ARC_MAX). */
const leastArcBytes = 64 * mebibyte;

/** Limit of ZFS' cache during the installation: an eighth of the RAM; below 1 GiB of RAM, the least limit. Nix needs the rest. */
export function arcMaxBytes(memoryBytes: number): number {
  if (memoryBytes < 1024 * mebibyte) return leastArcBytes;
  return Math.max(leastArcBytes, Math.floor(memoryBytes / 8 / mebibyte) * mebibyte);
}

/**
 * INVARIANT: the host id of the installed system is set before the pool is created. ZFS writes the host id into the labels, and a
 * system with another host id refuses to import a pool that was not exported.
 */
export function prepareZfs(hostId: string, facts: Pick<Facts, 'memoryBytes'>): Step[] {
  return [
    {
      kind: 'run',
      doing: `setting the host id to ${hostId}`,
      argv: ['zgenhostid', '-f', hostId],
      timeoutSeconds: 10,
    },
    {
      kind: 'run',
      doing: 'loading ZFS',
      argv: ['modprobe', 'zfs'],
      timeoutSeconds: 60,
    },
    {
      kind: 'kernel',
      doing: 'setting spl_hostid in the loaded module',
      path: '/sys/module/spl/parameters/spl_hostid',
      value: `0x${hostId}`,
    },
    {
      kind: 'kernel',
      doing: "limiting ZFS' cache",
      path: '/sys/module/zfs/parameters/zfs_arc_max',
      value: String(arcMaxBytes(facts.memoryBytes)),
      optional: true,
    },
  ];
}

export interface PoolRequest {
  name: string;
  layout: PoolLayout;
  /** Partition GUIDs of the members. */
  partuuids: readonly string[];
  /** null: the pool is not encrypted. */
  key: { format: 'passphrase' | 'hex'; secret: Secret } | null;
  /** Bytes that stay free, because deleting files from a full pool takes space, too. */
  reservedBytes: number;
}

export function createPool(request: PoolRequest): Step[] {
  const { name } = request;
  const vdevs = request.partuuids.map(byPartuuid);
  const { vdev } = layoutTable[request.layout];
  return [
    {
      kind: 'run',
      doing: `creating the pool ${name}`,
      argv: [
        // -f: members may differ in size, and earlier steps destroyed their old contents.
        ...(['zpool', 'create', '-f'] as const),
        ...pairs('-o', ['ashift=12', 'autotrim=on', 'cachefile=none', `compatibility=${compatibility}`]),
        ...['-R', targetRoot, '-m', 'none'],
        ...pairs('-O', [
          'canmount=off',
          'acltype=posixacl',
          'xattr=sa',
          'dnodesize=auto',
          'relatime=on',
          'compression=zstd',
          ...(request.key === null
            ? ['encryption=off']
            : [
                'encryption=aes-256-gcm',
                `keyformat=${request.key.format}`,
                // If standard input is not a terminal, ZFS reads one line and does not ask twice (lib/libzfs/libzfs_crypto.c).
                'keylocation=prompt',
              ]),
        ]),
        name,
        ...(vdev === null ? vdevs : [vdev, ...vdevs]),
      ],
      ...(request.key === null ? {} : { stdin: request.key.secret }),
      timeoutSeconds: 300,
    },
    dataset(`${name}/local`, ['mountpoint=none', 'canmount=off']),
    dataset(`${name}/local/root`, ['mountpoint=legacy']),
    {
      kind: 'run',
      doing: 'snapshotting the empty root',
      argv: ['zfs', 'snapshot', `${name}/local/root@blank`],
      timeoutSeconds: 60,
    },
    dataset(`${name}/local/nix`, ['mountpoint=legacy', 'atime=off']),
    dataset(`${name}/safe`, ['mountpoint=none', 'canmount=off']),
    dataset(`${name}/safe/home`, ['mountpoint=legacy']),
    dataset(`${name}/safe/persist`, ['mountpoint=legacy']),
    dataset(`${name}/reserved`, [
      'mountpoint=none',
      'canmount=off',
      `refreservation=${request.reservedBytes / mebibyte}M`,
    ]),
  ];
}

/** Imports a pool that an earlier start created, and loads its key. It needs no -f, because the pool has this host id. */
export function openPool(request: PoolRequest): Step[] {
  const { name, key } = request;
  const remedy = 'set disks.wipe to true to start over';
  return [
    {
      kind: 'run',
      doing: `importing the pool ${name}`,
      argv: [
        ...(['zpool', 'import', '-N', '-o', 'cachefile=none', '-R', targetRoot] as const),
        ...pairs('-d', request.partuuids.map(byPartuuid)),
        name,
      ],
      timeoutSeconds: 600,
      remedy,
    },
    ...(key === null
      ? []
      : [
          {
            kind: 'run' as const,
            doing: `opening the pool ${name}`,
            argv: ['zfs', 'load-key', name] as const,
            stdin: key.secret,
            timeoutSeconds: 120,
            remedy,
          },
        ]),
  ];
}

function dataset(name: string, properties: readonly string[]): Step {
  return {
    kind: 'run',
    doing: `creating the dataset ${name}`,
    argv: ['zfs', 'create', ...pairs('-o', properties), name],
    timeoutSeconds: 60,
  };
}

export function mountDatasets(datasets: readonly TargetDataset[]): Step[] {
  return datasets.flatMap(({ name, mountpoint }): Step[] => {
    const path = mountpoint === '/' ? targetRoot : `${targetRoot}${mountpoint}`;
    return [
      makeMountPoint(path),
      {
        kind: 'run',
        doing: `mounting ${name}`,
        argv: ['mount', '-t', 'zfs', name, path],
        timeoutSeconds: 60,
      },
    ];
  });
}

/** With impermanence, mounts directories of /persist over the ones that the installation writes to: the files are kept. */
export function bindPersisted(): Step[] {
  return persistedDirectories.flatMap((directory): Step[] => {
    const [kept, path] = [`${targetRoot}${keptBelow(directory)}`, `${targetRoot}${directory}`];
    return [
      makeMountPoint(kept),
      makeMountPoint(path),
      {
        kind: 'run',
        doing: `keeping ${directory} in /persist`,
        argv: ['mount', '--bind', kept, path],
        timeoutSeconds: 60,
      },
    ];
  });
}

/** Mode 0755: nixos-install and sshd refuse directories that other users can write to or cannot pass through. */
export function makeMountPoint(path: string): Step {
  return {
    kind: 'run',
    doing: `making the mount point ${path}`,
    argv: ['mkdir', '-p', '-m', '0755', path],
    timeoutSeconds: 10,
  };
}

function pairs(option: string, values: readonly string[]): string[] {
  return values.flatMap(value => [option, value]);
}
