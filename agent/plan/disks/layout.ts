import type { Config, DisksConfig } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';
import { configurationHash, hash, type Asked } from './install-state.ts';
import type { InstallStateHead } from './install-state-steps.ts';
import {
  alignmentBytes,
  biosBootBytes,
  espBytes,
  mebibyte,
  memberGuids,
  partitionNumbers,
  swapBytes,
  zfsBytes,
  type MemberGuids,
} from './partitions.ts';
import { serialOf } from './serial.ts';
import { createPool, poolDatasets, type PoolRequest } from './pool.ts';
import { hostIdOf } from '../host-flake/runtime-info.ts';
import { renderStep, type Step } from '../step.ts';
import type { TargetDataset } from '../target.ts';

/** The partitions and the pool on the disks, whether dabei creates them now or an earlier start did. */
export interface Layout {
  hostId: string;
  members: readonly Disk[];
  /** In the order of the members. */
  guids: readonly MemberGuids[];
  /** Size of the ESP on each member, in bytes. */
  esp: number;
  /** Size of swap on each member, in bytes; 0 means no swap. */
  swap: number;
  /** Size of the ZFS partition of each member, in bytes. */
  zfs: readonly number[];
  partitioning: readonly Step[];
  pool: PoolRequest;
  datasets: readonly TargetDataset[];
  installState: InstallStateHead;
}

/**
 * @param members chosen by selectDisks
 * @throws DabeiError CONFIG_SCHEMA if an encrypted pool has no disks.key, or for host id 00000000, which ZFS treats as unset
 * @throws DabeiError INTERNAL without disks in the configuration or without members
 */
export function layOut(config: Config, members: readonly Disk[], facts: Facts): Layout {
  const { disks } = config;
  if (disks === undefined || members.length === 0) {
    throw new DabeiError('INTERNAL', { doing: 'planning the disks', problem: 'no disk is chosen' });
  }
  if (disks.layout === 'disko') {
    throw new DabeiError('INTERNAL', {
      doing: 'planning the disks',
      problem: 'the layout is that of the flake',
    });
  }
  const serial = serialOf(config);
  const hostId = hostIdOf(config);
  refuseHostIdZero(hostId);
  const swap = swapBytes(disks, members, facts.memoryBytes);
  const guids = memberGuids(hostId, members, facts.disks, swap > 0);
  const esp = espBytes(disks, members);
  const partitioning = members.map((member, index) => partition(member, guids[index]!, esp, swap));
  const zfs = members.map(member => zfsBytes(esp, member, swap));
  const pool: PoolRequest = {
    name: disks.poolName,
    layout: disks.layout,
    partuuids: guids.map(({ zfs }) => zfs),
    key: keyOf(disks),
    reservedBytes: reservedBytes(Math.min(...zfs)),
  };
  return {
    hostId,
    members,
    guids,
    esp,
    swap,
    zfs,
    partitioning,
    pool,
    datasets: poolDatasets(disks.poolName),
    installState: {
      configuration: configurationHash(config),
      // The hash covers the commands themselves. If the configuration or another version of dabei changes how partitions or
      // the pool are created, the layout is another one.
      layout: hash([...partitioning, ...createPool(pool)].map(renderStep).join('\n')),
      partitions: guids.flatMap(partitionGuids),
      ...(serial === undefined ? {} : { serial }),
    },
  };
}

/** The parts of the layout that `decide` compares with the install state. */
export function askedOf({ installState, members, guids }: Layout, wipe: DisksConfig['wipe']): Asked {
  return {
    configuration: installState.configuration,
    layout: installState.layout,
    members: members.map((disk, index) => ({ disk, partitions: partitionGuids(guids[index]!) })),
    wipe: wipe !== false,
  };
}

export function partitionGuids(guids: MemberGuids): string[] {
  return [guids.biosBoot, guids.esp, ...(guids.swap === null ? [] : [guids.swap]), guids.zfs];
}

/** Creates all partitions of a disk with one command: udev then handles one new partition table, not four. */
function partition(disk: Disk, guids: MemberGuids, esp: number, swap: number): Step {
  const add = (number: number, size: string, type: string, guid: string, name: string): string[] => [
    `--new=${number}:0:${size}`,
    `--typecode=${number}:${type}`,
    `--partition-guid=${number}:${guid}`,
    `--change-name=${number}:${name}`,
  ];
  const device = stablePath(disk);
  return {
    kind: 'run',
    doing: `partitioning ${device}`,
    argv: [
      'sgdisk',
      '--clear',
      // sgdisk counts in logical sectors, which have 512 or 4096 bytes.
      `--set-alignment=${alignmentBytes / disk.logicalSectorBytes}`,
      `--disk-guid=${guids.disk}`,
      ...add(partitionNumbers.biosBoot, `+${biosBootBytes / mebibyte}M`, 'EF02', guids.biosBoot, 'bios-boot'),
      ...add(partitionNumbers.esp, `+${esp / mebibyte}M`, 'EF00', guids.esp, 'esp'),
      ...(guids.swap === null
        ? []
        : add(partitionNumbers.swap, `+${swap / mebibyte}M`, '8200', guids.swap, 'swap')),
      ...add(partitionNumbers.zfs, '0', 'BF01', guids.zfs, 'zfs'),
      device,
    ],
    timeoutSeconds: 60,
  };
}

/** 2 % of the smallest ZFS partition, at most 1 GiB, in bytes rounded down to 1 MiB. */
function reservedBytes(zfs: number): number {
  return Math.min(1024, Math.floor(zfs / mebibyte / 50)) * mebibyte;
}

function refuseHostIdZero(hostId: string): void {
  if (hostId !== '00000000') return;
  throw new DabeiError('CONFIG_SCHEMA', {
    doing: 'choosing the host id',
    problem: 'hostId is 00000000, which ZFS treats as unset (zgenhostid(8))',
    remedy: 'set hostId to any other 8 hexadecimal digits',
  });
}

function keyOf({ encryption, key, keyFormat }: DisksConfig): PoolRequest['key'] {
  if (encryption === 'none') return null;
  if (key !== undefined) return { format: keyFormat, secret: key };
  throw new DabeiError('CONFIG_SCHEMA', {
    doing: 'planning the encrypted pool',
    problem: 'disks.key is not set, and an unencrypted pool must be requested explicitly',
    remedy:
      'set disks.key to a passphrase of 8 to 512 bytes, or give it as dabei.disk_key; ' +
      'for an unencrypted pool, set disks.encryption to "none"',
  });
}
