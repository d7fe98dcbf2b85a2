import { basename } from 'node:path';
import { cleanLine } from '../../clean-text.ts';
import type { Content, Disk } from '../../facts.ts';
import { isMediumEsp, mediumOn } from './medium.ts';
import { mebibyte } from './partitions.ts';
import { stablePath } from './describe-disk.ts';
import type { RunStep, Step } from '../step.ts';
import { unmountAttempts } from '../target.ts';

/** Steps that take disks out of use, remove every signature from them, and check that no signature is left. */

/**
 * Takes everything on the disks out of use, top down: swap, mounts, pools, mapped devices, arrays. These steps write nothing to a
 * disk: a pool or array that also has members on other disks can be used there again.
 */
export function tearDown(members: readonly Disk[]): Step[] {
  // Facts list a device that is stacked on several members with each of them.
  const topDown = unique(members.flatMap(disk => [...disk.contents].reverse()));
  const swaps = topDown.filter(content => content.mountPoints.includes('[SWAP]'));
  const mountPoints = [...new Set(topDown.flatMap(content => content.mountPoints))]
    .filter(mountPoint => mountPoint !== '[SWAP]')
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return [
    ...swaps.map(({ device }): Step => ({
      kind: 'run',
      doing: `taking ${device} out of use as swap`,
      argv: ['swapoff', device],
      timeoutSeconds: 300,
    })),
    ...mountPoints.map((mountPoint): Step => ({
      kind: 'run',
      doing: `unmounting ${cleanLine(mountPoint)}`,
      argv: ['umount', '--recursive', mountPoint],
      timeoutSeconds: 120,
      attempts: unmountAttempts,
      remedy: `check what uses it: findmnt --submounts ${cleanLine(mountPoint)}; end those programs and run dabei install again`,
    })),
    ...topDown.flatMap(release),
  ];
}

function release(content: Content): Step[] {
  const { device } = content;
  if (content.deviceType === 'zpool') {
    return [
      {
        kind: 'run',
        doing: `exporting the old pool ${device}`,
        argv: ['zpool', 'export', '-f', device],
        timeoutSeconds: 300,
      },
    ];
  }
  if (device.startsWith('/dev/mapper/') || device.startsWith('/dev/dm-')) {
    // Logical volumes and opened LUKS containers are device-mapper devices. dmsetup can remove them; the programs of LVM and
    // cryptsetup are not needed.
    return [
      {
        kind: 'run',
        doing: `removing the mapped device ${device}`,
        argv: ['dmsetup', 'remove', '--retry', basename(device)],
        timeoutSeconds: 60,
      },
    ];
  }
  if (/^\/dev\/md[^/]*$/.test(device) && content.deviceType !== 'part') {
    return [
      {
        kind: 'kernel',
        doing: `stopping the array ${device}`,
        // Writing "clear" does what the ioctl STOP_ARRAY does (Documentation/admin-guide/md.rst).
        path: `/sys/block/${basename(device)}/md/array_state`,
        value: 'clear',
      },
    ];
  }
  return [];
}

/**
 * Removes every signature from a disk, first from its partitions, then from the disk itself.
 *
 * INVARIANT: the partitions are cleared from the last to the first. If power is cut in between, the pool of an unfinished
 * installation loses its labels before its ESP loses the install state, which says to which installation the pool belongs.
 *
 * wipefs alone is not enough, because it erases only magic numbers. ZFS keeps four labels of 256 KiB, two at each end of a
 * device; md keeps its superblock within 4 KiB of the start or 128 KiB of the end. The ends of the disk are zeroed after
 * discarding, because a drive may return anything for discarded blocks unless it promises zeros. nuke-disk.ts clears the
 * ends of the new partitions after it has created them.
 * @param full overwrite every block instead of discarding it
 */
export function wipeDisk(disk: Disk, full: boolean): Step[] {
  const device = stablePath(disk);
  const partitions = disk.contents.filter(content => isPartition(content, disk)).reverse();
  const whole = disk.contents.find(content => content.device === disk.path);
  return [
    ...partitions.flatMap(partition => [
      ...(isMediumEsp(partition) ? [overwriteMedium(partition.device)] : []),
      ...zeroEnds(partition.device, partition.sizeBytes, disk.logicalSectorBytes),
      ...zeroBlueStore(partition.device, partition, disk.logicalSectorBytes),
      eraseSignatures(partition.device, [partition.device]),
    ]),
    {
      kind: 'run',
      // INVARIANT: this runs before the header is zeroed. The header says where the copy of the table is; on a disk that was
      // enlarged, that is not the end of the disk.
      doing: `destroying the partition table of ${device} and its copy`,
      argv: ['sgdisk', '--zap-all', device],
      timeoutSeconds: 60,
      // 2: sgdisk could not read a damaged table (sgdisk(8), return values). It has destroyed the table nevertheless.
      accept: [2],
    },
    ...(mediumOn(disk) === 'nix-dabei.iso' && !full ? [overwriteIso(device, disk.sizeBytes)] : []),
    full ? overwrite(device) : discard(device),
    ...zeroEnds(device, disk.sizeBytes, disk.logicalSectorBytes),
    ...(whole === undefined ? [] : zeroBlueStore(device, whole, disk.logicalSectorBytes)),
    eraseSignatures(device, [device]),
    {
      kind: 'run',
      doing: `removing the old partitions of ${device} from the kernel`,
      argv: ['blockdev', '--rereadpt', device],
      timeoutSeconds: 60,
      optional: true,
    },
    settle,
    {
      kind: 'run',
      doing: `dropping cached blocks of ${device}`,
      argv: ['blockdev', '--flushbufs', device],
      timeoutSeconds: 60,
    },
    {
      kind: 'run',
      doing: `checking that no signature is left on ${device}`,
      argv: ['wipefs', '--no-act', '--noheadings', '--output', 'DEVICE,OFFSET,TYPE,LABEL', device],
      timeoutSeconds: 60,
      expect: 'no-output',
      errorCode: 'DISK_NOT_CLEAN',
      remedy: `check the disk's health, and what else writes to it: dmesg; lsblk --fs ${disk.path}`,
    },
  ];
}

function discard(device: string): Step {
  return {
    kind: 'run',
    doing: `discarding everything on ${device}`,
    argv: ['blkdiscard', '--force', '--step', String(1024 * mebibyte), device],
    timeoutSeconds: 300,
    optional: true,
  };
}

/**
 * The configuration on nix-dabei.img may have the passphrase, in the middle of a partition that nothing else overwrites: making a file
 * system there does not, and not every disk forgets what is discarded.
 */
function overwriteMedium(device: string): Step {
  return {
    kind: 'run',
    doing: `overwriting nix-dabei.img and its configuration on ${device} with zeros`,
    argv: ['blkdiscard', '--zeroout', '--force', device],
    timeoutSeconds: 300,
  };
}

/** More than nix-dabei.iso has, in any variant. */
const isoBytes = 128 * mebibyte;

/** The same for nix-dabei.iso, which lies at the start of the disk, across its partitions. */
function overwriteIso(device: string, sizeBytes: number): Step {
  const length = Math.min(isoBytes, Math.floor(sizeBytes / mebibyte) * mebibyte);
  return {
    kind: 'run',
    doing: `overwriting nix-dabei.iso and its configuration on ${device} with zeros`,
    argv: ['blkdiscard', '--zeroout', '--force', '--length', String(length), device],
    timeoutSeconds: 300,
  };
}

/** The kernel lets the device write the zeros if the device can do that (ioctl BLKZEROOUT, block/blk-lib.c). */
function overwrite(device: string): Step {
  return {
    kind: 'run',
    doing: `overwriting every block of ${device} with zeros`,
    argv: ['blkdiscard', '--zeroout', '--force', '--verbose', '--step', String(1024 * mebibyte), device],
    // A disk of 24 TB at 100 MB/s takes three days.
    timeoutSeconds: 7 * 24 * 3600,
    progress: true,
  };
}

/** Waits at most 60 seconds until udev has handled all events that are in its queue (udevadm(8), settle). */
export const settle: Step = {
  kind: 'run',
  doing: 'waiting for udev',
  argv: ['udevadm', 'settle', '--timeout=60'],
  timeoutSeconds: 70,
  optional: true,
};

/** @param what describes the devices in the step's text */
export function eraseSignatures(what: string, devices: readonly string[]): RunStep {
  return {
    kind: 'run',
    doing: `erasing signatures on ${what}`,
    argv: ['wipefs', '--all', '--force', ...devices],
    timeoutSeconds: 60,
  };
}

/** Zeroes the first and the last MiB of a device, or the whole device if it has at most 2 MiB. */
export function zeroEnds(device: string, sizeBytes: number, sectorBytes: number): Step[] {
  const sectors = Math.floor(sizeBytes / sectorBytes);
  const area = mebibyte / sectorBytes;
  if (sectors === 0) return [];
  if (sectors <= 2 * area) return [zero(device, 'all', sectorBytes, 0, sectors)];
  return [
    zero(device, 'the first MiB', sectorBytes, 0, area),
    zero(device, 'the last MiB', sectorBytes, sectors - area, area),
  ];
}

/**
 * Ceph keeps copies of a BlueStore label at fixed offsets of its device, and repairs the first label from them (in Ceph's
 * src/os/bluestore/BlueStore.cc: bdev_label_positions, BDEV_LABEL_BLOCK_SIZE). wipefs erases only the first label.
 */
const blueStore = { gibibytes: [1, 10, 100, 1000], bytes: 4096 };

function zeroBlueStore(device: string, { signature, sizeBytes }: Content, sectorBytes: number): Step[] {
  if (!signature?.split('+').includes('ceph_bluestore')) return [];
  return blueStore.gibibytes
    .filter(gibibytes => gibibytes * 1024 * mebibyte + blueStore.bytes <= sizeBytes)
    .map(gibibytes =>
      zero(
        device,
        `the BlueStore label at ${gibibytes} GiB`,
        sectorBytes,
        (gibibytes * 1024 * mebibyte) / sectorBytes,
        blueStore.bytes / sectorBytes,
      ),
    );
}

function zero(device: string, what: string, sectorBytes: number, seek: number, count: number): Step {
  return {
    kind: 'run',
    doing: `zeroing ${what} of ${device}`,
    argv: [
      'dd',
      'if=/dev/zero',
      `of=${device}`,
      `bs=${sectorBytes}`,
      `seek=${seek}`,
      `count=${count}`,
      'conv=notrunc,fsync',
    ],
    timeoutSeconds: 120,
  };
}

/** Whether it is a partition of the disk itself, by the names that the kernel gives: sda1, nvme0n1p1. */
function isPartition(content: Content, disk: Disk): boolean {
  if (content.deviceType !== 'part' || !content.device.startsWith(disk.path)) return false;
  return /^p?\d+$/.test(content.device.slice(disk.path.length));
}

function unique(contents: readonly Content[]): Content[] {
  return [...new Map(contents.map(content => [content.device, content])).values()];
}
