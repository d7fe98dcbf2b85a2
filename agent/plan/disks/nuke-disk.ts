import type { Config } from '../../config/schema.ts';
import type { Disk, Facts } from '../../facts.ts';
import type { Secret } from '../../secret.ts';
import { poolBytes } from '../nix/closure.ts';
import { describeOwnDisk } from '../host-flake/copies.ts';
import { describeDisk, stablePath } from './describe-disk.ts';
import { formatBytes } from '../../format.ts';
import { describeMedium } from './medium.ts';
import { installSwapNames, startInstallSwap, startZram, stopInstallSwap } from './install-swap.ts';
import { claimEsp, markDone, type InstallStateHead } from './install-state-steps.ts';
import { layOut, partitionGuids, type Layout } from './layout.ts';
import { biosBootBytes, type MemberGuids } from './partitions.ts';
import {
  bindPersisted,
  byPartuuid,
  createPool,
  makeMountPoint,
  mountDatasets,
  openPool,
  prepareZfs,
} from './pool.ts';
import { chooseRescue, chooseTrial, summarizeTrial } from '../rescue/entry.ts';
import { cancelReturn } from '../return.ts';
import type { Step } from '../step.ts';
import {
  espMountpoint,
  targetRoot,
  type TargetMember,
  type TargetStorage,
  unmountAttempts,
} from '../target.ts';
import { eraseSignatures, settle, tearDown, wipeDisk, zeroEnds } from './wipe-disk.ts';

/** The stage nuke-disk as data: the steps from the chosen disks to a mounted, encrypted pool; and the steps of the stage finish. */

export interface DiskPlan extends TargetStorage {
  poolName: string;
  /** In order. The first step that writes to a disk is the point of no return. */
  steps: Step[];
  /** Names of the mapped devices used as swap during the installation; `planFinish` removes them. */
  installSwap: readonly string[];
  /** Bytes of swap on all members together. */
  installSwapBytes: number;
  installState: InstallStateHead;
  /** Bytes that the pool can hold, before compression. */
  capacityBytes: number;
  /** Size of each ESP. */
  espBytes: number;
  /** Lines that tell people what will happen to each disk. */
  summary: string[];
}

/**
 * @param members chosen by selectDisks, without refusals
 * @param swapKey at least 32 random bytes for swap during the installation; the caller generates them, because planning is pure
 * @param continues an earlier start created the pool: import it, and erase nothing
 * @throws DabeiError CONFIG_SCHEMA if an encrypted pool has no disks.key, or for host id 00000000, which ZFS treats as unset
 */
export function planNukeDisk(
  config: Config,
  members: readonly Disk[],
  facts: Facts,
  swapKey: Secret,
  continues = false,
): DiskPlan {
  const layout = layOut(config, members, facts);
  const { guids, esp, swap, zfs, hostId, datasets, pool } = layout;
  const swapPartuuids = guids.flatMap(({ swap }) => (swap === null ? [] : [swap]));
  const installSwap = installSwapNames(config, facts, swapPartuuids);
  const links = guids.flatMap(partitionGuids).map(byPartuuid);
  const full = config.disks?.wipe === 'full';
  const rescue = chooseRescue(config, facts, esp);
  const trial = rescue?.writes ? chooseTrial(config, facts) : null;
  const swapping = swap > 0 ? startInstallSwap(installSwap, swapPartuuids, swap, swapKey) : startZram(facts);
  const made: Step[] = [
    ...members.flatMap(member => wipeDisk(member, full)),
    ...layout.partitioning,
    settle,
    waitForPartitions(links),
    ...members.flatMap((member, index) => clearPartitions(guids[index]!, layout, member.logicalSectorBytes)),
    eraseSignatures('the new partitions', links),
    ...guids.flatMap(({ esp }) => [formatEsp(esp), ...claimEsp(layout.installState, esp)]),
    ...swapping,
    ...prepareZfs(hostId, facts),
    ...createPool(pool),
  ];
  const reopened: Step[] = [
    settle,
    waitForPartitions(links),
    ...swapping,
    ...prepareZfs(hostId, facts),
    ...openPool(pool),
  ];

  return {
    steps: [
      cancelReturn,
      ...tearDown(members),
      ...(continues ? reopened : made),
      ...mountDatasets(datasets),
      ...(config.system.impermanence ? bindPersisted() : []),
      ...guids.flatMap(({ esp }, index) => mountEsp(esp, `${targetRoot}${espMountpoint(index)}`)),
      ...(continues ? [] : markDone(layout.installState, 'nuke-disk', pool.name, members.length)),
    ],
    installState: layout.installState,
    poolName: pool.name,
    hostId,
    disks: members.map(stablePath),
    members: members.map((member, index): TargetMember => ({
      disk: stablePath(member),
      espPartuuid: guids[index]!.esp,
      swapPartuuid: guids[index]!.swap,
      zfsPartuuid: guids[index]!.zfs,
    })),
    datasets,
    installSwap,
    installSwapBytes: installSwap.length * swap,
    espBytes: esp,
    ...(rescue?.writes ? { rescue: true } : {}),
    ...(trial === null ? {} : { trial }),
    ...(config.disks?.copies === true ? { copies: describeOwnDisk(guids[0]!) } : {}),
    capacityBytes: poolBytes(pool.layout, zfs, pool.reservedBytes),
    summary: [
      ...(continues
        ? members.map(member => `dabei keeps the contents of this disk: ${describeDisk(member)}`)
        : members.flatMap((member, index) => [
            `everything on this disk will be destroyed: ${describeDisk(member)}`,
            ...describeMedium(member),
            `  new: BIOS boot ${formatBytes(biosBootBytes)}, ESP ${formatBytes(esp)}, ` +
              `${swap > 0 ? `swap ${formatBytes(swap)}, ` : 'no swap, '}ZFS ${formatBytes(zfs[index]!)}`,
          ])),
      `pool ${pool.name}: ${pool.layout}, ${pool.key === null ? 'NOT ENCRYPTED' : 'aes-256-gcm'}, host id ${hostId}`,
      ...(config.disks?.copies === true
        ? ['this disk is copied: each copy makes itself its own at its first start']
        : []),
      ...(rescue === null ? [] : [rescue.told]),
      ...summarizeTrial(config, facts, rescue?.writes === true),
    ],
  };
}

/** Unmounts the target, exports the pool so that the installed system can import it, and stops the installation's swap. */
export function planFinish(plan: Pick<DiskPlan, 'poolName' | 'installSwap'>): Step[] {
  const { poolName } = plan;
  const remedy =
    `check what still uses it: findmnt --submounts ${targetRoot}; end those programs, then ` +
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
      attempts: unmountAttempts,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: `exporting the pool ${poolName}`,
      argv: ['zpool', 'export', poolName],
      timeoutSeconds: 300,
      attempts: unmountAttempts,
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    {
      kind: 'run',
      doing: `checking that the pool ${poolName} is exported`,
      argv: ['zpool', 'list', '-H', '-o', 'name', poolName],
      timeoutSeconds: 60,
      // 1: no such pool is imported, which is what the step checks.
      accept: [1],
      expect: 'no-output',
      errorCode: 'POOL_EXPORT',
      remedy,
    },
    ...stopInstallSwap(plan.installSwap),
  ];
}

/**
 * An earlier partition may have begun or ended where a new one does, and its contents would be visible again: `zpool import` would
 * take an old ZFS label for a second pool of the same name. The ZFS partition needs no clearing, because `zpool create` writes
 * all four labels.
 */
function clearPartitions(guids: MemberGuids, { esp, swap }: Layout, sectorBytes: number): Step[] {
  return [
    ...zeroEnds(byPartuuid(guids.biosBoot), biosBootBytes, sectorBytes),
    ...zeroEnds(byPartuuid(guids.esp), esp, sectorBytes),
    ...(guids.swap === null ? [] : zeroEnds(byPartuuid(guids.swap), swap, sectorBytes)),
  ];
}

function waitForPartitions(links: readonly string[]): Step {
  return {
    kind: 'run',
    doing: 'waiting for the new partitions',
    argv: ['udevadm', 'wait', '--timeout=60', '--settle', ...links],
    timeoutSeconds: 70,
    remedy: 'check what the kernel and udev report about the disk: dmesg; ls -l /dev/disk/by-partuuid',
  };
}

function formatEsp(partuuid: string): Step {
  return {
    kind: 'run',
    doing: `formatting the ESP ${partuuid}`,
    argv: ['mkfs.vfat', '-F', '32', '-n', 'ESP', byPartuuid(partuuid)],
    timeoutSeconds: 60,
  };
}

function mountEsp(partuuid: string, mountPoint: string): Step[] {
  return [
    makeMountPoint(mountPoint),
    {
      kind: 'run',
      doing: `mounting the ESP at ${mountPoint}`,
      // FAT stores no permissions, and an ESP may contain a host key of the initrd.
      argv: ['mount', '-t', 'vfat', '-o', 'umask=0077', byPartuuid(partuuid), mountPoint],
      timeoutSeconds: 60,
    },
  ];
}
