import * as fs from 'node:fs';
import { createHash } from 'node:crypto';

/** Raw disk images on this machine: sparse files, made, hashed and searched. */

/** Makes an empty disk, over whatever had its name. */
export function makeDisk(file: string, megabytes: number): void {
  fs.rmSync(file, { force: true });
  fs.closeSync(fs.openSync(file, 'w'));
  fs.truncateSync(file, megabytes * 2 ** 20);
}

/** Puts bytes at an offset; from the end of the disk when it is negative. */
export function writeAt(file: string, offset: number, bytes: Buffer): void {
  const handle = fs.openSync(file, 'r+');
  try {
    const place = offset < 0 ? fs.fstatSync(handle).size + offset : offset;
    fs.writeSync(handle, bytes, 0, bytes.length, place);
  } finally {
    fs.closeSync(handle);
  }
}

/**
 * A disk that belongs to somebody: text at the start, in the middle and at the end, where wiping, partitioning and
 * ZFS labels would write, and no signature that blkid knows.
 */
export function fillWithForeignBytes(file: string): void {
  const size = fs.statSync(file).size;
  const block = Buffer.alloc(64 * 1024, 'these bytes belong to somebody; ');
  for (const offset of [0, 2 ** 20, Math.floor(size / 2 / 512) * 512, size - block.length])
    writeAt(file, offset, block);
}

const chunkBytes = 4 * 2 ** 20;
const zeros = Buffer.alloc(chunkBytes);

/** SHA-256 of the whole disk, holes read as zeros. */
export async function hashDisk(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file, { highWaterMark: chunkBytes }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Which of the byte strings are anywhere on the disk, whole.
 * @param needles name -> bytes
 * @returns "name at offset N" for the first place of each that is there
 */
export async function searchDisk(file: string, needles: Readonly<Record<string, Buffer>>): Promise<string[]> {
  const left = new Map(Object.entries(needles));
  const overlap = Math.max(0, ...[...left.values()].map(bytes => bytes.length)) - 1;
  const found: string[] = [];
  let tail = Buffer.alloc(0);
  let offset = 0;
  for await (const part of fs.createReadStream(file, { highWaterMark: chunkBytes })) {
    const fresh = part as Buffer;
    // Most of a disk image is holes.
    if (fresh.equals(zeros.subarray(0, fresh.length)) && tail.equals(zeros.subarray(0, tail.length))) {
      offset += fresh.length;
      continue;
    }
    const chunk = Buffer.concat([tail, fresh]);
    for (const [name, bytes] of left) {
      const place = chunk.indexOf(bytes);
      if (place < 0) continue;
      found.push(`${name} at offset ${offset + place}`);
      left.delete(name);
    }
    tail = chunk.subarray(Math.max(0, chunk.length - overlap));
    offset += chunk.length - tail.length;
  }
  return found;
}
