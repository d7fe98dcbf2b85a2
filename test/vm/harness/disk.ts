import * as fs from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { start } from './machine/process.ts';

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

/**
 * What was ever written to the disk, with its place, as tar(1) archives sparse files: it asks the file system for the holes
 * (SEEK_HOLE, lseek(2)), which would take seconds for every gigabyte if they were read.
 */
async function* written(file: string): AsyncGenerator<Buffer> {
  const same = ['--mtime=@0', '--mode=0600', '--owner=0', '--group=0', '--numeric-owner'];
  const place = ['--directory', dirname(file), basename(file)];
  const tar = await start(['tar', '--create', '--sparse', '--format=gnu', ...same, ...place]);
  for await (const chunk of tar.output) yield chunk as Buffer;
  const { exitCode } = await tar.ended;
  if (exitCode !== 0) throw new Error(`reading ${file}: ${tar.errors()}`);
}

/** SHA-256 of all that was written to the disk; zeros over nothing count, too. */
export async function hashDisk(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of written(file)) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Which of the byte strings are anywhere on the disk, whole.
 * @param needles name -> bytes
 * @returns the names of those that are there
 */
export async function searchDisk(file: string, needles: Readonly<Record<string, Buffer>>): Promise<string[]> {
  const left = new Map(Object.entries(needles));
  const overlap = Math.max(0, ...[...left.values()].map(bytes => bytes.length)) - 1;
  const found: string[] = [];
  let tail = Buffer.alloc(0);
  for await (const fresh of written(file)) {
    const chunk = Buffer.concat([tail, fresh]);
    for (const [name, bytes] of left) {
      if (!chunk.includes(bytes)) continue;
      found.push(name);
      left.delete(name);
    }
    tail = chunk.subarray(Math.max(0, chunk.length - overlap));
  }
  return found;
}
