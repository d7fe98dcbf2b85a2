import { layoutTable } from './layouts.ts';
import type { Layout } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import type { Secret } from '../../secret.ts';
import { mebibyte } from './partitions.ts';
import type { Step } from '../step.ts';
import { persistedDirectories, targetRoot, type TargetDataset } from '../target.ts';

/** Steps that create the encrypted pool, its datasets and their mounts; zpool-create(8), zfsprops(7). */

/**
 * Feature set of the pool (/usr/share/zfs/compatibility.d). This image has ZFS 2.3 and would enable features that the
 * installed system or a rescue system may not know, and then could not import the pool. 2.2 is what Ubuntu 24.04's live
 * system has; Debian 13 and NixOS since 24.05 have it or a newer one. What 2.3 adds (raidz expansion, fast dedup) can be
 * enabled later: `zpool set compatibility=off`, `zpool upgrade`.
 */
const compatibility = 'openzfs-2.2';

export function byPartuuid(guid: string): string {
  return `/dev/disk/by-partuuid/${guid}`;
}

/** Datasets that are mounted in the installed system, the root first. */
export function poolDatasets(poolName: string): TargetDataset[] {
  return [
    { name: `${poolName}/local/root`, mountpoint: '/' },
    { name: `${poolName}/local/nix`, mountpoint: '/nix' },
    { name: `${poolName}/safe/home`, mountpoint: '/home' },
    { name: `${poolName}/safe/persist`, mountpoint: '/persist' },
  ];
}

/**
 * The least that ZFS accepts as a limit for its cache; smaller values are ignored (module/zfs/arc.c, MIN_ARC_MAX).
 */
const leastArcBytes = 64 * mebibyte;

/** Bytes that ZFS may cache while installing: an eighth of the RAM, the least possible below 1 GiB. Nix needs the rest. */
export function arcMaxBytes(memoryBytes: number): number {
  if (memoryBytes < 1024 * mebibyte) return leastArcBytes;
  return Math.max(leastArcBytes, Math.floor(memoryBytes / 8 / mebibyte) * mebibyte);
}

/**
 * The host id must be the installed system's before the pool is created: ZFS writes it into the labels, and a system
 * with another one refuses to import a pool that was not exported.
 */
export function prepareZfs(hostId: string, facts: Facts): Step[] {
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
  layout: Layout;
  /** Partition GUIDs of the members. */
  partuuids: readonly string[];
  /** null: the pool is not encrypted. */
  key: { format: 'passphrase' | 'hex'; secret: Secret } | null;
  /** Bytes kept free, so that a full pool can still be emptied: deleting takes space, too. */
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
        // -f: members may differ in size, and what lay on them was destroyed by earlier steps.
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
                // With standard input not a terminal, ZFS reads one line from it, once (lib/libzfs/libzfs_crypto.c).
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

/** Imports a pool that an earlier start made, and opens it. Without -f: it was made under this host id. */
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

/** What the installed system keeps is written where it will find it: below /persist. */
export function bindPersisted(): Step[] {
  return persistedDirectories.flatMap((directory): Step[] => {
    const [kept, path] = [`${targetRoot}/persist${directory}`, `${targetRoot}${directory}`];
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

/** nixos-install and sshd refuse directories that others may write to or cannot pass through. */
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
