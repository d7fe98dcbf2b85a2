import type { Read } from './iso9660.ts';

/** Finds a partition by its GUID in a GUID partition table (UEFI 2.10, chapter 5.3; tables in parentheses). Pure: the caller reads. */

const sectorBytes = 512;

interface FoundPartition {
  /** Bytes from the start of the disk. */
  offset: number;
  /** Bytes of the whole image: to the end of the table's copy, which a larger disk has in the middle. */
  imageBytes: number;
}

/**
 * @param guid of the partition itself, in lower case
 * @returns null if there is no table, or no such partition in it
 */
export function findPartition(read: Read, guid: string): FoundPartition | null {
  const header = read(sectorBytes, sectorBytes);
  if (header.length < sectorBytes || header.toString('latin1', 0, 8) !== 'EFI PART') return null;
  // AlternateLBA, PartitionEntryLBA, NumberOfPartitionEntries, SizeOfPartitionEntry (table 5.5).
  const sectors = Number(header.readBigUInt64LE(32)) + 1;
  const [count, entryBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  if (count > 128 || entryBytes !== 128) return null;
  const table = read(Number(header.readBigUInt64LE(72)) * sectorBytes, count * entryBytes);
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    // UniquePartitionGUID, StartingLBA (table 5.6).
    if (guidAt(table, at + 16) !== guid) continue;
    return {
      offset: Number(table.readBigUInt64LE(at + 32)) * sectorBytes,
      imageBytes: sectors * sectorBytes,
    };
  }
  return null;
}

/** The first three parts are little-endian (UEFI 2.10, appendix A). */
function guidAt(bytes: Buffer, at: number): string {
  const part = (from: number, length: number) =>
    Buffer.from(bytes.subarray(at + from, at + from + length))
      .reverse()
      .toString('hex');
  const rest = bytes.toString('hex', at + 8, at + 16);
  return `${part(0, 4)}-${part(4, 2)}-${part(6, 2)}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}
