import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { DabeiError } from '../errors.ts';
import { paths } from '../paths.ts';
import { Secret } from '../secret.ts';

/** The only door to the file system. */

/** The file's text; null where there is none. */
export function readText(path: string): string | null {
  return readBytes(path)?.toString('utf8') ?? null;
}

/** The file's bytes; null where there is none. */
export function readBytes(path: string): Buffer | null {
  return reading(path, () => fs.readFileSync(path));
}

/** At most that many bytes from the start of a file, so that none is too large to be looked at; null where there is none. */
export function readStart(path: string, limit: number): Buffer | null {
  return reading(path, () => {
    const file = fs.openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(limit);
      let length = 0;
      for (let read = -1; read !== 0; length += read)
        read = fs.readSync(file, buffer, length, limit - length, length);
      return buffer.subarray(0, length);
    } finally {
      fs.closeSync(file);
    }
  });
}

function reading(path: string, read: () => Buffer): Buffer | null {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return null;
    throw new DabeiError('FILE', { doing: `reading ${path}`, problem: describe(error), cause: error });
  }
}

export function exists(path: string): boolean {
  return fs.existsSync(path);
}

/** What a symbolic link says, whether or not anything is there; null where there is none. */
export function readLink(path: string): string | null {
  try {
    return fs.readlinkSync(path);
  } catch {
    return null;
  }
}

/** In bytes; null where there is no file. */
export function sizeOf(path: string): number | null {
  return fs.statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** Permission bits of a directory; null where there is none. */
export function permissions(path: string): number | null {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() ? found.mode & 0o7777 : null;
}

/** Names in a directory, sorted; empty where there is none. */
export function list(path: string): string[] {
  try {
    return fs.readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Ordinary files below a directory, by their path below it, sorted; empty where there is none. */
export function walk(directory: string, below = ''): string[] {
  return list(`${directory}/${below}`).flatMap(name => {
    const path = `${below}${name}`;
    const found = fs.lstatSync(`${directory}/${path}`);
    return found.isDirectory() ? walk(directory, `${path}/`) : found.isFile() ? [path] : [];
  });
}

/** A file or a symbolic link below a directory. */
export interface TreeEntry {
  /** Below the directory: "hosts/web-01.nix". */
  path: string;
  kind: 'file' | 'link';
  /** Its owner may execute it. */
  executable: boolean;
  bytes: number;
}

/** All files and links below a directory, sorted, no link followed; empty where there is none. */
export function tree(directory: string, below = ''): TreeEntry[] {
  return list(`${directory}/${below}`).flatMap((name): TreeEntry[] => {
    const path = `${below}${name}`;
    const found = fs.lstatSync(`${directory}/${path}`);
    if (found.isDirectory()) return tree(directory, `${path}/`);
    const entry = { path, executable: (found.mode & 0o100) !== 0, bytes: found.size };
    if (found.isSymbolicLink()) return [{ ...entry, kind: 'link' }];
    return found.isFile() ? [{ ...entry, kind: 'file' }] : [];
  });
}

/** What an archive of the directory takes: contents, and some 512 bytes for each entry's name and header. */
export function treeBytes(directory: string): number {
  return tree(directory).reduce((sum, { bytes }) => sum + bytes + 512, 0);
}

/** Where a chain of symbolic links ends; null where it ends nowhere. */
export function realPath(path: string): string | null {
  try {
    return fs.realpathSync(path);
  } catch {
    return null;
  }
}

/**
 * Writes a file so that after a power cut it is either the old or the new one: new file with the final mode, fsync,
 * rename, fsync of the directory (rename(2) alone orders nothing on disk). On FAT the new name first gets an entry of size
 * 0, which only the next write-back of the inode fills in (fs/fat/namei_vfat.c), so the file is synced once more.
 */
export function writeAtomic(path: string, content: string | Buffer | Secret, mode: number): void {
  const directory = dirname(path);
  const fresh = join(directory, `.${process.pid}.new`);
  try {
    fs.mkdirSync(directory, { recursive: true });
    const file = fs.openSync(fresh, 'w', mode);
    try {
      fs.fchmodSync(file, mode);
      fs.writeFileSync(file, bytesOf(content));
      fs.fsyncSync(file);
      fs.renameSync(fresh, path);
      fs.fsyncSync(file);
    } catch (error) {
      fs.rmSync(fresh, { force: true });
      throw error;
    } finally {
      fs.closeSync(file);
    }
    const parent = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(parent);
    } finally {
      fs.closeSync(parent);
    }
  } catch (error) {
    throw new DabeiError('FILE', { doing: `writing ${path}`, problem: describe(error), cause: error });
  }
}

function bytesOf(content: string | Buffer | Secret): Buffer {
  if (content instanceof Secret) return content.reveal();
  return typeof content === 'string' ? Buffer.from(content) : content;
}

/** Writes to a kernel file below /proc or /sys: no rename there. */
export function writeKernelFile(path: string, content: string): void {
  try {
    fs.writeFileSync(path, content);
  } catch (error) {
    throw new DabeiError('FILE', { doing: `writing ${path}`, problem: describe(error), cause: error });
  }
}

export function makeDirectory(path: string, mode = 0o755): void {
  fs.mkdirSync(path, { recursive: true, mode });
}

export function remove(path: string): void {
  fs.rmSync(path, { recursive: true, force: true });
}

let logIsWhole = false;

/** Never throws: losing a log line must not stop an installation. */
export function appendToLog(line: string, path: string = paths.log): void {
  try {
    // One that was killed in the middle of a line must not take the next one's first line with it.
    const begin = logIsWhole || endsLine(path) ? '' : '\n';
    fs.appendFileSync(path, `${begin}${line}`, { mode: 0o600 });
    logIsWhole = true;
  } catch {
    // The file system is full or read-only; the console still has the line.
    logIsWhole = false;
  }
}

function endsLine(path: string): boolean {
  const last = readBytes(path)?.at(-1);
  return last === undefined || last === 0x0a;
}

/** The devices behind /dev/console: every one that a `console=` parameter names (proc.rst, /sys/class/tty/console). */
export function consolePaths(): string[] {
  const active = readText('/sys/class/tty/console/active');
  return active === null
    ? []
    : active
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(name => `/dev/${name}`);
}

/** Never throws and never waits: a serial line whose other end is gone must not stop an installation. */
export function writeConsole(path: string, text: string): void {
  try {
    const tty = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK);
    try {
      fs.writeSync(tty, text);
    } finally {
      fs.closeSync(tty);
    }
  } catch {
    // A console that cannot be written to is no reason to stop.
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
