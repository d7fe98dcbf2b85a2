import * as fs from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
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

/** Copies a disk, over whatever had the name, without its holes. */
export async function copyDisk(file: string, to: string): Promise<void> {
  fs.rmSync(to, { force: true });
  const copy = await start(['cp', '--sparse=always', file, to]);
  const { exitCode } = await copy.ended;
  if (exitCode !== 0) throw new Error(`copying ${file}: ${copy.errors()}`);
}

/**
 * Replaces a text by another of the same length wherever the first GiB has it, as a file system's own blocks.
 * @returns how many times
 */
export function patchDisk(file: string, text: string, by: string): number {
  if (text.length !== by.length) throw new Error('the texts have different lengths');
  const handle = fs.openSync(file, 'r+');
  const chunk = Buffer.alloc(4 * 2 ** 20);
  let count = 0;
  try {
    for (let offset = 0; offset < 2 ** 30; offset += chunk.length - text.length) {
      const read = fs.readSync(handle, chunk, 0, chunk.length, offset);
      const found = chunk.subarray(0, read);
      for (let at = found.indexOf(text); at >= 0; at = found.indexOf(text, at + 1)) {
        fs.writeSync(handle, by, offset + at, 'latin1');
        count++;
      }
      if (read < chunk.length) break;
    }
  } finally {
    fs.closeSync(handle);
  }
  return count;
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
 * How much of a partition is not zero, in MiB: of a swap partition with a random key, what was swapped out at least.
 * @param name of the partition in the GPT
 */
export async function writtenMiB(file: string, name: string): Promise<number> {
  await requireHostPackages({ '/usr/sbin/sfdisk': 'fdisk' });
  const argv = ['sfdisk', '--json', file];
  const { stdout } = await run({ doing: `reading the partitions of ${file}`, argv, timeoutSeconds: 30 });
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { name: string; start: number; size: number }[] };
  };
  const partition = partitiontable.partitions.find(each => each.name === name);
  if (partition === undefined) throw new Error(`${file} has no partition ${name}`);
  const page = Buffer.alloc(4096);
  const chunk = Buffer.alloc(2 ** 20);
  const handle = fs.openSync(file, 'r');
  let pages = 0;
  try {
    for (let at = partition.start * 512; at < (partition.start + partition.size) * 512; at += chunk.length) {
      const read = fs.readSync(handle, chunk, 0, chunk.length, at);
      for (let offset = 0; offset < read; offset += page.length)
        if (chunk.compare(page, 0, page.length, offset, offset + page.length) !== 0) pages++;
    }
  } finally {
    fs.closeSync(handle);
  }
  return Math.floor((pages * page.length) / 2 ** 20);
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
