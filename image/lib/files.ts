import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The build's and the tests' door to the file system. Errors are Node's own: they name the call and the path. */

export const exists = (path: string): boolean => fs.existsSync(path);
export const readBytes = (path: string): Buffer => fs.readFileSync(path);
export const readText = (path: string): string => fs.readFileSync(path, 'utf8');
/** Null where there is nothing, or no longer: a process may end while it is looked at. */
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

/** Dates a file now. */
export const touch = (path: string): void => fs.utimesSync(path, new Date(), new Date());

export function write(path: string, content: string | Buffer, mode = 0o644): void {
  makeDirectory(dirname(path));
  fs.writeFileSync(path, content, { mode });
  fs.chmodSync(path, mode);
}

/** Adds to the end of a file, which is made where there is none. */
export const append = (path: string, content: string): void => fs.appendFileSync(path, content);

export function symlink(target: string, path: string): void {
  makeDirectory(dirname(path));
  remove(path);
  fs.symlinkSync(target, path);
}

/** Copies a file of the checkout, whose mode says no more than whether it is executable: git keeps nothing else. */
export function copyOwn(from: string, to: string): void {
  copy(from, to);
  if (kind(to) === 'file') setMode(to, isExecutable(from) ? 0o755 : 0o644);
}

/** Copies a file or a tree; symbolic links stay as they are, modes are kept. */
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

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(path), hash);
  return hash.digest('hex');
}

/** One file out of several, one after the other. */
export async function concatenate(parts: readonly string[], output: string): Promise<void> {
  const target = fs.createWriteStream(output);
  for (const part of parts) await pipeline(fs.createReadStream(part), target, { end: false });
  await new Promise<void>((resolve, reject) => target.on('error', reject).end(resolve));
}

/** A directory of its own for what is only needed for a while. */
export const temporaryDirectory = (prefix: string): string => fs.mkdtempSync(prefix);

/** What a path itself is, links not followed; null where there is nothing. */
export function kind(path: string): 'file' | 'directory' | 'link' | 'other' | null {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  return stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other';
}

/** The first bytes of a file. */
export function readStart(path: string, length: number): Buffer {
  const file = fs.openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, fs.readSync(file, buffer, 0, length, 0));
  } finally {
    fs.closeSync(file);
  }
}

/** Opens a file for as long as the work takes; it is made where it is missing, and never cut. */
export async function withOpen<T>(path: string, work: (descriptor: number) => Promise<T>): Promise<T> {
  makeDirectory(dirname(path));
  const descriptor = fs.openSync(path, 'a+');
  try {
    return await work(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
