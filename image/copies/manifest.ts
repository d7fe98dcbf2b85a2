import type { Options } from './options.ts';

/** What is known of a disk image: for people, and for programs that write it. It contains no secret. Pure. */

/** sfdisk --json (sfdisk(8)), as far as it is used. */
export interface PartitionTable {
  /** GUID of the disk. */
  id: string;
  sectorsize: number;
  partitions: readonly { start: number; size: number; type: string; uuid: string; name: string }[];
}

export interface Described {
  options: Pick<Options, 'firmware' | 'format'>;
  /** Of nix-dabei, which installed it. */
  version: string;
  architecture: string;
  hostName: string;
  /** "NAME" of the file beside the manifest, with its size and hash; and those of the disk in it. */
  file: { name: string; bytes: number; sha256: string };
  disk: { bytes: number; sha256: string };
  table: PartitionTable;
  pool: { name: string; guid: string; isEncrypted: boolean };
  hasRescue: boolean;
}

export interface Manifest {
  version: 1;
  nixDabei: string;
  hostName: string;
  architecture: string;
  firmware: 'bios' | 'uefi';
  file: { name: string; format: string; bytes: number; sha256: string };
  /** A disk that it is written to has at least so many bytes, and sectors of this size. */
  disk: { bytes: number; sectorBytes: number; sha256: string; guid: string };
  partitions: {
    number: number;
    name: string;
    firstByte: number;
    bytes: number;
    type: string;
    guid: string;
  }[];
  /** Number of the partition with kernel and initrd. */
  esp: number;
  pool: { name: string; guid: string; encrypted: boolean };
  sharedByAllCopies: string[];
  madeByEachCopy: string[];
}

/** @throws Error where the table is not that of an image: a bug */
export function describe(described: Described): Manifest {
  const { options, table, disk, pool } = described;
  const partitions = table.partitions.map(({ start, size, type, uuid, name }) => ({
    number: numbers[name] ?? 0,
    name,
    firstByte: start * table.sectorsize,
    bytes: size * table.sectorsize,
    type: type.toLowerCase(),
    guid: uuid.toLowerCase(),
  }));
  const esp = partitions.find(({ name }) => name === 'esp');
  if (esp === undefined || partitions.some(({ number }) => number === 0))
    throw new Error('the disk does not have the partitions of an installation');
  return {
    version: 1,
    nixDabei: described.version,
    hostName: described.hostName,
    architecture: described.architecture,
    firmware: options.firmware,
    file: {
      name: described.file.name,
      format: options.format,
      bytes: described.file.bytes,
      sha256: described.file.sha256,
    },
    disk: {
      bytes: disk.bytes,
      sectorBytes: table.sectorsize,
      sha256: disk.sha256,
      guid: table.id.toLowerCase(),
    },
    partitions,
    esp: esp.number,
    pool: { name: pool.name, guid: pool.guid, encrypted: pool.isEncrypted },
    sharedByAllCopies: [
      'everything in the file systems, until a copy changes it: system, host name, authorized keys',
      ...(pool.isEncrypted
        ? [
            'the master key of the pool, even after the passphrase of a copy is changed, and the passphrase until then',
          ]
        : []),
      'the volume id of the ESP',
    ],
    madeByEachCopy: [
      'GUIDs of disk, partitions and pool',
      'host id and machine id',
      `SSH host keys of the system and of stage 1${described.hasRescue ? ' (which the rescue system has, too)' : ''}`,
      'the key of swap, anew at each start',
      'the size of the last partition and of the pool',
    ],
  };
}

const numbers: Readonly<Record<string, number>> = { 'bios-boot': 1, esp: 2, swap: 3, zfs: 4 };

/**
 * Reads the GUID of the pool from a ZFS label: a list of pairs in XDR (RFC 4506), names padded to 4 bytes; of a number, the type 8 and one
 * element follow (nvpair.h, DATA_TYPE_UINT64; module/nvpair/nvpair.c, nvs_xdr).
 * @param label the first 256 KiB of the partition
 * @returns decimal digits, as `zpool get guid` shows it; null without one
 */
export function poolGuid(label: Buffer): string | null {
  const name = 'pool_guid';
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  const pair = Buffer.concat([
    length,
    Buffer.from(name.padEnd(12, '\0')),
    Buffer.from([0, 0, 0, 8, 0, 0, 0, 1]),
  ]);
  const at = label.indexOf(pair);
  if (at < 0 || at + pair.length + 8 > label.length) return null;
  return label.readBigUInt64BE(at + pair.length).toString();
}
