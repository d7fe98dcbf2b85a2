import type { Config } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';
import type { Disk, Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';
import { describeDisk, formatBytes, stablePath } from './describe-disk.ts';
import { installSwapNames, startInstallSwap, stopInstallSwap } from './install-swap.ts';
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
import { byPartuuid, createPool, makeMountPoint, mountDatasets, poolDatasets, prepareZfs } from './pool.ts';
import { cancelReturn } from './return.ts';
import { hostIdOf } from './runtime-info.ts';
import type { Step } from './step.ts';
import { espMountpoint, targetRoot, type TargetMember, type TargetStorage } from './target.ts';
import { eraseSignatures, settle, tearDown, wipeDisk, zeroEnds } from './wipe-disk.ts';

/** From chosen disks to an encrypted pool, mounted: as data. */

export interface DiskPlan extends TargetStorage {
  /** In order; the first one that writes is the point of no return. */
  steps: Step[];
  /** Mapped devices that are swapped to while installing; `planFinish` takes them down. */
  installSwap: readonly string[];
  /** What will happen to which disk, for a person to read before it does. */
  summary: string[];
}

/**
 * @param members chosen by selectDisks, without refusals
 * @param swapKey at least 32 random bytes, for swap while installing; drawn by the caller, since planning is pure
 * @throws DabeiError CONFIG_SCHEMA without disks.key, or for a host id that ZFS does not take
 */
export function planNukeDisk(
  config: Config,
  members: readonly Disk[],
  facts: Facts,
  swapKey: Secret,
): DiskPlan {
  const { disks } = config;
  if (disks === undefined || members.length === 0) {
    throw new DabeiError('INTERNAL', { doing: 'planning the disks', problem: 'no disk is chosen' });
  }
  const hostId = hostIdOf(config);
  refuseHostIdZero(hostId);
  const passphrase = passphraseOf(disks.key);

  const swap = swapBytes(disks, members, facts.memoryBytes);
  const guids = memberGuids(hostId, members, facts.disks, swap > 0);
  const swapPartuuids = guids.flatMap(({ swap }) => (swap === null ? [] : [swap]));
  const installSwap = installSwapNames(facts, swapPartuuids);
  const datasets = poolDatasets(disks.poolName);
  const links = guids.flatMap(partitionGuids).map(byPartuuid);
  const smallestZfs = Math.min(...members.map(member => zfsBytes(member, swap)));

  return {
    steps: [
      cancelReturn,
      ...tearDown(members),
      ...members.flatMap(wipeDisk),
      ...members.map((member, index) => partition(member, guids[index]!, swap)),
      settle,
      {
        kind: 'run',
        doing: 'waiting for the new partitions',
        argv: ['udevadm', 'wait', '--timeout=60', '--settle', ...links],
        timeoutSeconds: 70,
        remedy: 'look at what the kernel and udev say of the disk: dmesg; ls -l /dev/disk/by-partuuid',
      },
      ...members.flatMap((member, index) => clearPartitions(guids[index]!, swap, member.logicalSectorBytes)),
      eraseSignatures('the new partitions', links),
      ...startInstallSwap(installSwap, swapPartuuids, swap, swapKey),
      ...prepareZfs(hostId, facts),
      ...createPool({
        name: disks.poolName,
        layout: disks.layout,
        partuuids: guids.map(({ zfs }) => zfs),
        passphrase,
        reservedBytes: reservedBytes(smallestZfs),
      }),
      ...mountDatasets(datasets),
      ...guids.flatMap(({ esp }, index) => makeEsp(esp, `${targetRoot}${espMountpoint(index)}`)),
    ],
    poolName: disks.poolName,
    hostId,
    members: members.map((member, index): TargetMember => ({
      disk: stablePath(member),
      espPartuuid: guids[index]!.esp,
      swapPartuuid: guids[index]!.swap,
      zfsPartuuid: guids[index]!.zfs,
    })),
    datasets,
    installSwap,
    summary: [
      ...members.flatMap(member => [
        `everything on this disk will be destroyed: ${describeDisk(member)}`,
        `  new: BIOS boot ${formatBytes(biosBootBytes)}, ESP ${formatBytes(espBytes)}, ` +
          `${swap > 0 ? `swap ${formatBytes(swap)}, ` : 'no swap, '}ZFS ${formatBytes(zfsBytes(member, swap))}`,
      ]),
      `pool ${disks.poolName}: ${disks.layout}, aes-256-gcm, host id ${hostId}`,
    ],
  };
}

/** From a mounted target to a pool that the installed system can import: nothing of it is in use afterwards. */
export function planFinish(plan: Pick<DiskPlan, 'poolName' | 'installSwap'>): Step[] {
  const { poolName } = plan;
  const remedy =
    `see what still uses it: findmnt --submounts ${targetRoot}; end those programs, then ` +
    `umount --recursive ${targetRoot}; zpool export ${poolName}; reboot`;
  return [
    {
      kind: 'run',
      doing: 'writing everything to disk',
      argv: ['sync'],
      timeoutSeconds: 600,
    },
    {
      kind: 'run',
      doing: `unmounting ${targetRoot}`,
      argv: ['umount', '--recursive', targetRoot],
      timeoutSeconds: 300,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: `exporting the pool ${poolName}`,
      argv: ['zpool', 'export', poolName],
      timeoutSeconds: 300,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: `making sure that the pool ${poolName} is exported`,
      argv: ['zpool', 'list', '-H', '-o', 'name', poolName],
      timeoutSeconds: 60,
      // 1: there is no such pool, as it should be.
      accept: [1],
      expect: 'no-output',
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    ...stopInstallSwap(plan.installSwap),
  ];
}

/** All partitions of a disk in one call, so that udev sees one new table and not four. */
function partition(disk: Disk, guids: MemberGuids, swap: number): Step {
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
      // In sectors, which are eight times larger on a disk with 4096 bytes each.
      `--set-alignment=${alignmentBytes / disk.logicalSectorBytes}`,
      `--disk-guid=${guids.disk}`,
      ...add(partitionNumbers.biosBoot, `+${biosBootBytes / mebibyte}M`, 'EF02', guids.biosBoot, 'bios-boot'),
      ...add(partitionNumbers.esp, `+${espBytes / mebibyte}M`, 'EF00', guids.esp, 'esp'),
      ...(guids.swap === null
        ? []
        : add(partitionNumbers.swap, `+${swap / mebibyte}M`, '8200', guids.swap, 'swap')),
      ...add(partitionNumbers.zfs, '0', 'BF01', guids.zfs, 'zfs'),
      device,
    ],
    timeoutSeconds: 60,
  };
}

/**
 * What began or ended just where a new partition does, in a table long gone, is visible again: an old ZFS label would be
 * a second pool of the same name to `zpool import`. The ZFS partition gets all four labels anew.
 */
function clearPartitions(guids: MemberGuids, swap: number, sectorBytes: number): Step[] {
  return [
    ...zeroEnds(byPartuuid(guids.biosBoot), biosBootBytes, sectorBytes),
    ...zeroEnds(byPartuuid(guids.esp), espBytes, sectorBytes),
    ...(guids.swap === null ? [] : zeroEnds(byPartuuid(guids.swap), swap, sectorBytes)),
  ];
}

function makeEsp(partuuid: string, mountPoint: string): Step[] {
  const device = byPartuuid(partuuid);
  return [
    {
      kind: 'run',
      doing: `formatting the ESP ${partuuid}`,
      argv: ['mkfs.vfat', '-F', '32', '-n', 'ESP', device],
      timeoutSeconds: 60,
    },
    makeMountPoint(mountPoint),
    {
      kind: 'run',
      doing: `mounting the ESP at ${mountPoint}`,
      // FAT has no permissions of its own; what lies there may hold an SSH host key of the initrd.
      argv: ['mount', '-t', 'vfat', '-o', 'umask=0077', device, mountPoint],
      timeoutSeconds: 60,
    },
  ];
}

/** 2 % of the smallest member, at most 1 GiB, in whole MiB. */
function reservedBytes(zfs: number): number {
  return Math.min(1024, Math.floor(zfs / mebibyte / 50)) * mebibyte;
}

function partitionGuids(guids: MemberGuids): string[] {
  return [guids.biosBoot, guids.esp, ...(guids.swap === null ? [] : [guids.swap]), guids.zfs];
}

function refuseHostIdZero(hostId: string): void {
  if (hostId !== '00000000') return;
  throw new DabeiError('CONFIG_SCHEMA', {
    doing: 'choosing the host id',
    problem: 'hostId is 00000000, which to ZFS means that there is none (zgenhostid(8))',
    remedy: 'set hostId to any other 8 hexadecimal digits',
  });
}

function passphraseOf(key: Secret | undefined): Secret {
  if (key !== undefined) return key;
  throw new DabeiError('CONFIG_SCHEMA', {
    doing: 'planning the encrypted pool',
    problem: 'disks.key is not set, and dabei makes no pool that is not encrypted',
    remedy: 'set disks.key to a passphrase of 8 to 512 bytes, or give it as dabei.disk_key',
  });
}
