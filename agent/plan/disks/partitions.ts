import { createHash } from 'node:crypto';
import type { DisksConfig } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';
import { isSameDisk } from './identity.ts';

/** The partitions of every member: numbers, sizes, GUIDs. */

export const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;
const memoryStep = gibibyte / 4;

/** Every partition starts at a multiple of this, which suits sectors of 512 and 4096 bytes, and flash memory. */
export const alignmentBytes = mebibyte;
/** For GRUB's core image, on machines that start by BIOS. UEFI machines get it, too, because a disk may move to another machine. */
export const biosBootBytes = mebibyte;
/** Room for a minimal NixOS, compressed, and for what building it needs temporarily. */
const minimumZfsBytes = 2 * gibibyte;
/** 1 MiB before the first partition for the GPT, and 1 MiB after the last partition for its copy. */
const tableBytes = 2 * mebibyte;

const fixedBytes = (esp: number) => tableBytes + biosBootBytes + esp;

/** Disks from this size on have an ESP twice as large (docs/rescue.md, "Room on the ESP"). */
const largeDiskBytes = 16 * gibibyte;

/** Size of the ESP on each member, in bytes; the same on all, since they are copies of each other. */
export function espBytes({ esp }: DisksConfig, members: readonly Disk[]): number {
  if (esp !== 'auto') return esp;
  return members.every(({ sizeBytes }) => sizeBytes >= largeDiskBytes) ? gibibyte : gibibyte / 2;
}

/** GPT numbers of the partitions; a member without swap has no partition 3. */
export const partitionNumbers = { biosBoot: 1, esp: 2, swap: 3, zfs: 4 } as const;

/** The least size of a member, in bytes. It includes swap only if the configuration gives its size. */
export function minimumDiskBytes(config: DisksConfig): number {
  // Only the flake knows what its layout needs.
  if (config.layout === 'disko') return 0;
  const swap = config.swap === 'auto' ? 0 : share(config.swap, config.devices.length);
  return fixedBytes(config.esp === 'auto' ? gibibyte / 2 : config.esp) + swap + minimumZfsBytes;
}

/**
 * Bytes of swap on each member, a multiple of 1 MiB; 0 means no swap. disks.swap is the size of all members together, and each
 * member has an equal share.
 *
 * "auto" is the size of the RAM, but at least 2 GiB (evaluating a NixOS configuration takes 0.8 to 1 GB) and at most 8 GiB. A
 * member gives no more than an eighth of the smallest disk, and never so much that ZFS gets less than its minimum. A share
 * below 256 MiB is not worth a partition.
 */
export function swapBytes(config: DisksConfig, members: readonly Disk[], memoryBytes: number): number {
  if (config.swap !== 'auto') return share(config.swap, members.length);
  const smallest = Math.min(...members.map(member => member.sizeBytes));
  // MemTotal of the same machine differs a little from kernel to kernel. Rounding keeps the layout the same.
  const memory = Math.ceil(memoryBytes / memoryStep) * memoryStep;
  const total = Math.min(Math.max(memory, 2 * gibibyte), 8 * gibibyte);
  const each = Math.min(
    share(total, members.length),
    wholeMebibytes(smallest / 8),
    wholeMebibytes(smallest - fixedBytes(espBytes(config, members)) - minimumZfsBytes),
  );
  return each < 256 * mebibyte ? 0 : each;
}

/** Bytes of the ZFS partition of a disk, rounded down to 1 MiB. */
export function zfsBytes(esp: number, disk: Disk, swap: number): number {
  return wholeMebibytes(disk.sizeBytes - fixedBytes(esp) - swap);
}

/** The GUIDs of one member, in lower case, as in /dev/disk/by-partuuid. */
export interface MemberGuids {
  disk: string;
  biosBoot: string;
  esp: string;
  /** null: no swap. */
  swap: string | null;
  zfs: string;
}

/**
 * Derives the GUIDs of all members. They are the same whenever the plan is made: the printed plan is the one that is executed.
 *
 * A disk without a serial number is identified by its slot alone. A disk that an earlier installation partitioned in that slot,
 * and that is now attached elsewhere, would have the same GUIDs, and /dev/disk/by-partuuid could lead to it. Therefore GUIDs
 * that exist on a disk outside this installation are not used.
 */
export function memberGuids(
  hostId: string,
  members: readonly Disk[],
  disks: readonly Disk[],
  withSwap: boolean,
): MemberGuids[] {
  const taken = new Set(
    disks
      .filter(disk => members.every(member => member.path !== disk.path && !isSameDisk(member, disk)))
      .flatMap(disk => disk.contents.map(content => content.partUuid)),
  );
  for (let round = 0; ; round++) {
    const guids = members.map(member => {
      const guid = (number: number) => deriveGuid(hostId, stablePath(member), number, round);
      return {
        disk: guid(0),
        biosBoot: guid(partitionNumbers.biosBoot),
        esp: guid(partitionNumbers.esp),
        swap: withSwap ? guid(partitionNumbers.swap) : null,
        zfs: guid(partitionNumbers.zfs),
      };
    });
    if (!guids.some(member => Object.values(member).some(guid => guid !== null && taken.has(guid))))
      return guids;
  }
}

/** A UUID of version 8, whose contents the application defines (RFC 9562, section 5.8): here a SHA-256 hash. */
export function deriveGuid(hostId: string, path: string, number: number, round: number): string {
  const name = [hostId, path, number, ...(round === 0 ? [] : [round])].join('\n');
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function share(total: number, members: number): number {
  return Math.ceil(total / members / mebibyte) * mebibyte;
}

function wholeMebibytes(bytes: number): number {
  return Math.max(0, Math.floor(bytes / mebibyte) * mebibyte);
}
