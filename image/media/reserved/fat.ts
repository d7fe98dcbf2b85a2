import type { Extent, Read } from './iso9660.ts';

/**
 * Finds a file in a FAT32 file system (Microsoft, "FAT32 File System Specification", version 1.03; sections in parentheses), without reading
 * more than its directories and their part of the table. Pure: the caller reads.
 */

interface Geometry {
  /** Of the file system, in bytes from the start of the disk. */
  offset: number;
  sectorBytes: number;
  clusterBytes: number;
  tableSector: number;
  dataSector: number;
  rootCluster: number;
}

/** Longest chain that is followed: the reserved file has 128 clusters of one sector. */
const longestChain = 2 ** 16;
const entryBytes = 32;
/** First value that ends a chain ("FAT Data Structure"). */
const endOfChain = 0x0ffffff8;

/**
 * Finds a file by the short names of its path.
 * @param offset of the file system, in bytes
 * @param path names of at most eight characters, with slashes between them, compared without regard to case
 * @returns null if there is no such file, it does not lie in one piece, or a directory is damaged
 */
export function findFatFile(read: Read, offset: number, path: string): Extent | null {
  const geometry = readGeometry(read, offset);
  if (geometry === null) return null;
  let here: Entry = { cluster: geometry.rootCluster, bytes: 0, isDirectory: true, name: '' };
  for (const name of path.toUpperCase().split('/')) {
    const clusters = here.isDirectory ? chainOf(read, geometry, here.cluster) : null;
    if (clusters === null) return null;
    const bytes = Buffer.concat(
      clusters.map(cluster => read(place(geometry, cluster), geometry.clusterBytes)),
    );
    const found = entriesOf(bytes).find(entry => entry.name === name);
    if (found === undefined) return null;
    here = found;
  }
  const chain = here.isDirectory ? null : chainOf(read, geometry, here.cluster);
  if (chain === null || chain.length * geometry.clusterBytes < here.bytes) return null;
  if (chain.some((cluster, index) => cluster !== here.cluster + index)) return null;
  return { offset: place(geometry, here.cluster), bytes: here.bytes };
}

/** The first sector ("Boot Sector and BPB Structure"). */
function readGeometry(read: Read, offset: number): Geometry | null {
  const sector = read(offset, 512);
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) return null;
  const sectorBytes = sector.readUInt16LE(11);
  const clusterBytes = sectorBytes * sector[13]!;
  const tableSector = sector.readUInt16LE(14);
  const tableSectors = sector.readUInt32LE(36);
  // FAT12 and FAT16 have a root directory of a fixed size.
  if (sectorBytes !== 512 || clusterBytes === 0 || sector.readUInt16LE(17) !== 0) return null;
  return {
    ...{ offset, sectorBytes, clusterBytes, tableSector },
    dataSector: tableSector + sector[16]! * tableSectors,
    rootCluster: sector.readUInt32LE(44),
  };
}

/** The first cluster of data has number 2. */
const place = ({ offset, dataSector, sectorBytes, clusterBytes }: Geometry, cluster: number): number =>
  offset + dataSector * sectorBytes + (cluster - 2) * clusterBytes;

/** All clusters of a file; null if the table is damaged. */
function chainOf(read: Read, geometry: Geometry, first: number): number[] | null {
  const table = geometry.offset + geometry.tableSector * geometry.sectorBytes;
  const clusters: number[] = [];
  for (let cluster = first; cluster < endOfChain;) {
    if (cluster < 2 || clusters.length === longestChain) return null;
    clusters.push(cluster);
    const next = read(table + 4 * cluster, 4);
    if (next.length < 4) return null;
    // The upper four bits are reserved.
    cluster = next.readUInt32LE() & 0x0fffffff;
  }
  return clusters;
}

interface Entry {
  name: string;
  cluster: number;
  bytes: number;
  isDirectory: boolean;
}

/** "FAT Directory Structure". Entries of long names have all of the lowest four bits of their attributes. */
function entriesOf(directory: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + entryBytes <= directory.length; at += entryBytes) {
    if (directory[at] === 0) break;
    const attributes = directory[at + 11]!;
    const isLabelOrLongName = (attributes & 0x08) !== 0;
    if (directory[at] === 0xe5 || isLabelOrLongName) continue;
    const extension = directory.toString('latin1', at + 8, at + 11).trimEnd();
    const name = directory.toString('latin1', at, at + 8).trimEnd();
    entries.push({
      name: extension === '' ? name : `${name}.${extension}`,
      cluster: directory.readUInt16LE(at + 20) * 0x10000 + directory.readUInt16LE(at + 26),
      bytes: directory.readUInt32LE(at + 28),
      isDirectory: (attributes & 0x10) !== 0,
    });
  }
  return entries;
}
