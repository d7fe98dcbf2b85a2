/**
 * Finds a file in an ISO 9660 file system (ECMA-119, 4th edition; sections in parentheses), without reading more than its directories. Pure:
 * the caller reads.
 */

/** Bytes from an offset; fewer where the medium ends. */
export type Read = (offset: number, length: number) => Buffer;

export interface Volume {
  /** Volume identifier (8.4.7), without the blanks at its end. */
  label: string;
  /** Bytes that the volume has (8.4.8). */
  bytes: number;
  /** Directory record of the root (8.4.18). */
  root: Extent;
}

/** Where a file or a directory lies, in bytes. */
export interface Extent {
  offset: number;
  bytes: number;
}

/** Logical sector (6.1.2); xorriso makes no others. */
const sectorBytes = 2048;
/** The first 16 sectors are the system area (6.2.1). */
const descriptorOffset = 16 * sectorBytes;
/** Longest directory that is read: ours has a few records. */
const longestDirectory = 2 ** 20;

/** The primary volume descriptor (8.4); null if the bytes are not an ISO 9660 file system. */
export function readVolume(read: Read): Volume | null {
  const bytes = read(descriptorOffset, sectorBytes);
  // Type 1, standard identifier, version 1.
  if (bytes.length < sectorBytes || bytes.toString('latin1', 0, 7) !== '\u0001CD001\u0001') return null;
  return {
    label: bytes.toString('latin1', 40, 72).trimEnd(),
    bytes: bytes.readUInt32LE(80) * sectorBytes,
    root: extentOf(bytes.subarray(156, 190)),
  };
}

/**
 * Finds a file by its path.
 * @param path names with slashes between them, compared without regard to case: the file system has capital letters only
 * @returns null if there is no such file, or a directory is damaged
 */
export function findFile(read: Read, { root }: Volume, path: string): Extent | null {
  let here = { ...root, isDirectory: true };
  for (const name of path.toUpperCase().split('/')) {
    if (!here.isDirectory || here.bytes > longestDirectory) return null;
    const found = recordsOf(read(here.offset, here.bytes)).find(record => record.name === name);
    if (found === undefined) return null;
    here = found;
  }
  return here.isDirectory ? null : { offset: here.offset, bytes: here.bytes };
}

interface DirectoryRecord extends Extent {
  name: string;
  isDirectory: boolean;
}

/** Directory records (9.1); none crosses the end of a sector (6.8.1.1), where zeros fill the rest. */
function recordsOf(directory: Buffer): DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  for (let at = 0; at < directory.length;) {
    const length = directory[at]!;
    if (length === 0) {
      at = (Math.floor(at / sectorBytes) + 1) * sectorBytes;
      continue;
    }
    const record = directory.subarray(at, at + length);
    const nameBytes = record[32] ?? 0;
    if (record.length < 33 + nameBytes) break;
    records.push({
      ...extentOf(record),
      // "NAME.;1": the separators stay where there is no extension (7.5.1).
      name: record.toString('latin1', 33, 33 + nameBytes).replace(/\.?;\d+$/, ''),
      isDirectory: (record[25]! & 2) !== 0,
    });
    at += length;
  }
  return records;
}

/** Numbers are there twice, little-endian first (7.3.3). */
const extentOf = (record: Buffer): Extent => ({
  offset: record.readUInt32LE(2) * sectorBytes,
  bytes: record.readUInt32LE(10),
});
