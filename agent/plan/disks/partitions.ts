import { createHash } from 'node:crypto';
import type { DisksConfig } from '../../config/schema.ts';
import type { Disk } from '../../facts.ts';
import { stablePath } from './describe-disk.ts';
import { isSameDisk } from './identity.ts';

/** Which partitions every member gets: numbers, sizes, GUIDs. */

export const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;
const memoryStep = gibibyte / 4;

/** Every partition starts at a multiple of it: right for sectors of 512 and 4096 bytes, and for flash. */
export const alignmentBytes = mebibyte;
/** GRUB's core image, for machines that start by BIOS (UEFI machines have it, too: a disk may move). */
export const biosBootBytes = mebibyte;
/** A minimal NixOS, compressed, with what building it needs on the way. */
const minimumZfsBytes = 2 * gibibyte;
/** The GPT before the first partition and its copy after the last one, each in a MiB of its own. */
const tableBytes = 2 * mebibyte;

const fixedBytes = ({ esp }: DisksConfig) => tableBytes + biosBootBytes + esp;

/** GPT numbers of the partitions; a member without swap has no number 3. */
export const partitionNumbers = { biosBoot: 1, esp: 2, swap: 3, zfs: 4 } as const;

/** The least size of a member, in bytes: what the layout needs, with swap only where its size is asked for. */
export function minimumDiskBytes(config: DisksConfig): number {
  const swap = config.swap === 'auto' ? 0 : share(config.swap, config.devices.length);
  return fixedBytes(config) + swap + minimumZfsBytes;
}

/**
 * Bytes of swap on each member, a multiple of 1 MiB; 0 is none. The size is that of all members together, each has an
 * equal share.
 *
 * "auto": as much as there is RAM, but at least 2 GiB (evaluating a NixOS configuration takes 0.8 to 1 GB) and at
 * most 8 GiB; of a small disk no more than an eighth, and never so much that ZFS gets less than its minimum. A share
 * below 256 MiB is not worth a partition.
 */
export function swapBytes(config: DisksConfig, members: readonly Disk[], memoryBytes: number): number {
  if (config.swap !== 'auto') return share(config.swap, members.length);
  const smallest = Math.min(...members.map(member => member.sizeBytes));
  // Another kernel leaves a little more or less of the same RAM, and the layout must stay what it was.
  const memory = Math.ceil(memoryBytes / memoryStep) * memoryStep;
  const total = Math.min(Math.max(memory, 2 * gibibyte), 8 * gibibyte);
  const each = Math.min(
    share(total, members.length),
    wholeMebibytes(smallest / 8),
    wholeMebibytes(smallest - fixedBytes(config) - minimumZfsBytes),
  );
  return each < 256 * mebibyte ? 0 : each;
}

/** Bytes that are left for ZFS on a disk, rounded down to 1 MiB. */
export function zfsBytes(config: DisksConfig, disk: Disk, swap: number): number {
  return wholeMebibytes(disk.sizeBytes - fixedBytes(config) - swap);
}

/** The GUIDs of one member; lower case, as in /dev/disk/by-partuuid. */
export interface MemberGuids {
  disk: string;
  biosBoot: string;
  esp: string;
  /** null: without swap. */
  swap: string | null;
  zfs: string;
}

/**
 * GUIDs for all members, the same whenever the plan is made, so that a plan can be printed before it is carried out.
 *
 * A disk without a serial number is known by its slot alone. A disk from an earlier installation in that slot, now
 * attached elsewhere, would carry the same GUIDs, and by-partuuid could lead to it: GUIDs that exist on a disk which is
 * no member are passed over.
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

/** A UUID of version 8, whose bits are its maker's own (RFC 9562, 5.8), from SHA-256. */
function deriveGuid(hostId: string, path: string, number: number, round: number): string {
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
