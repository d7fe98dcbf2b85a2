import { isatty } from 'node:tty';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The build's and the tests' door to the file system. Its errors are Node's own: they name the call and the path. */

export const exists = (path: string): boolean => fs.existsSync(path);
export const isTerminal = (descriptor: number): boolean => isatty(descriptor);
export const readBytes = (path: string): Buffer => fs.readFileSync(path);
export const readText = (path: string): string => fs.readFileSync(path, 'utf8');
/** Null if there is no such file, or no longer: a process may end while this reads its files. */
export function readIfThere(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
export const list = (path: string): string[] => fs.readdirSync(path).sort();
export const sizeOf = (path: string): number => fs.statSync(path).size;
export const modifiedAt = (path: string): Date => fs.statSync(path).mtime;
export const readLink = (path: string): string => fs.readlinkSync(path);
export const rename = (from: string, to: string): void => fs.renameSync(from, to);
export const remove = (path: string): void => fs.rmSync(path, { recursive: true, force: true });
export const makeDirectory = (path: string): void => void fs.mkdirSync(path, { recursive: true });
export const isExecutable = (path: string): boolean => (fs.statSync(path).mode & 0o100) !== 0;
export const setMode = (path: string, mode: number): void => fs.chmodSync(path, mode);

/** Sets a file's date to now. */
export const touch = (path: string): void => fs.utimesSync(path, new Date(), new Date());

export function write(path: string, content: string | Buffer, mode = 0o644): void {
  makeDirectory(dirname(path));
  fs.writeFileSync(path, content, { mode });
  fs.chmodSync(path, mode);
}

/** Appends to a file; creates it if it is missing. */
export const append = (path: string, content: string): void => fs.appendFileSync(path, content);

export function symlink(target: string, path: string): void {
  makeDirectory(dirname(path));
  remove(path);
  fs.symlinkSync(target, path);
}

/** Copies a file of the checkout, and keeps only whether it is executable: git stores no other mode bit. */
export function copyOwn(from: string, to: string): void {
  copy(from, to);
  if (kind(to) === 'file') setMode(to, isExecutable(from) ? 0o755 : 0o644);
}

/** Copies a file or a tree; keeps symbolic links and modes. */
export function copy(from: string, to: string): void {
  makeDirectory(dirname(to));
  fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

/** All files and symbolic links below a directory, as full paths, sorted. */
export function walk(directory: string): string[] {
  return fs
    .readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? walk(path) : [path];
    });
}

export const sha256 = (path: string): Promise<string> => digest('sha256', path);

/** Against damage alone: whoever can choose the content can choose its MD5. */
export const md5 = (path: string): Promise<string> => digest('md5', path);

async function digest(algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(fs.createReadStream(path), hash);
  return hash.digest('hex');
}

/** Concatenates several files into one. */
export async function concatenate(parts: readonly string[], output: string): Promise<void> {
  const target = fs.createWriteStream(output);
  for (const part of parts) await pipeline(fs.createReadStream(part), target, { end: false });
  await new Promise<void>((resolve, reject) => target.on('error', reject).end(resolve));
}

/** Creates a temporary directory. */
export const temporaryDirectory = (prefix: string): string => fs.mkdtempSync(prefix);

/** What a path itself is, without following links; null if there is nothing. */
export function kind(path: string): 'file' | 'directory' | 'link' | 'other' | null {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  return stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other';
}

/** The first bytes of a file. */
export const readStart = (path: string, length: number): Buffer => readAt(path, 0, length);

/** Bytes from an offset of a file or a block device; fewer where it ends. */
export function readAt(path: string, offset: number, length: number): Buffer {
  const file = fs.openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, fs.readSync(file, buffer, 0, length, offset));
  } finally {
    fs.closeSync(file);
  }
}

/** Overwrites bytes of an existing file or block device, and returns once they are on the disk (fsync(2)). */
export function overwriteAt(path: string, offset: number, bytes: Buffer): void {
  const file = fs.openSync(path, 'r+');
  try {
    fs.writeSync(file, bytes, 0, bytes.length, offset);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** Makes a file of zeros that takes no room yet. */
export function writeSparse(path: string, bytes: number): void {
  write(path, '');
  fs.truncateSync(path, bytes);
}

/**
 * Bytes of a logical sector of a block device, as Linux says it (Documentation/ABI/stable/sysfs-block, queue/logical_block_size).
 * @returns null for a file, and on other systems
 */
export function sectorBytesOf(path: string): number | null {
  const stat = fs.statSync(path);
  if (!stat.isBlockDevice()) return null;
  // makedev(3): 12 bits of the major number, and 20 of the minor one, in the places that Linux gives them.
  const major = (stat.rdev >>> 8) & 0xfff;
  const minor = (stat.rdev & 0xff) | ((stat.rdev >>> 12) & 0xfff00);
  const device = `/sys/dev/block/${major}:${minor}`;
  // A partition is a directory below its disk.
  const text =
    readIfThere(`${device}/queue/logical_block_size`) ?? readIfThere(`${device}/../queue/logical_block_size`);
  return text === null ? null : Number(text);
}

/** Opens a file while the work runs; creates it if it is missing, and never truncates it. */
export async function withOpen<T>(path: string, work: (descriptor: number) => Promise<T>): Promise<T> {
  makeDirectory(dirname(path));
  const descriptor = fs.openSync(path, 'a+');
  try {
    return await work(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
