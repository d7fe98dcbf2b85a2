import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { DabeiError } from '../errors.ts';
import { paths } from '../paths.ts';
import { Secret } from '../secret.ts';

/** The only door to the file system. */

/** The file's text, read as UTF-8; null if the file does not exist. @throws DabeiError FILE if it cannot be read */
export function readText(path: string): string | null {
  return readBytes(path)?.toString('utf8') ?? null;
}

/** The file's bytes; null if the file does not exist. @throws DabeiError FILE if it cannot be read */
export function readBytes(path: string): Buffer | null {
  return reading(path, () => fs.readFileSync(path));
}

/**
 * Reads at most `limit` bytes from the start of a file, which may be too large for the RAM; null if it does not exist.
 * @throws DabeiError FILE if it cannot be read
 */
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
    // ESRCH: the process of a file in /proc ended while it was read.
    if (['ENOENT', 'ENOTDIR', 'ESRCH'].some(errno => isErrno(error, errno))) return null;
    throw new DabeiError('FILE', { doing: `reading ${path}`, problem: describe(error), cause: error });
  }
}

export function exists(path: string): boolean {
  return fs.existsSync(path);
}

/** The target of a symbolic link, even if the target does not exist; null if the path is not a link. */
export function readLink(path: string): string | null {
  try {
    return fs.readlinkSync(path);
  } catch {
    return null;
  }
}

/** Size in bytes; null if the file does not exist. */
export function sizeOf(path: string): number | null {
  return fs.statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** Permission bits of a directory; null if the path is not a directory. */
export function permissions(path: string): number | null {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() ? found.mode & 0o7777 : null;
}

/** Names in a directory, sorted; empty if the directory cannot be read. */
export function list(path: string): string[] {
  try {
    return fs.readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Paths of all regular files below a directory, relative to it, sorted; empty if the directory cannot be read. */
export function walk(directory: string, below = ''): string[] {
  return list(`${directory}/${below}`).flatMap(name => {
    const path = `${below}${name}`;
    const found = fs.lstatSync(`${directory}/${path}`);
    return found.isDirectory() ? walk(directory, `${path}/`) : found.isFile() ? [path] : [];
  });
}

/** A file or a symbolic link below a directory. */
export interface TreeEntry {
  /** Relative to the directory: "hosts/web-01.nix". */
  path: string;
  kind: 'file' | 'link';
  /** Its owner may execute it. */
  executable: boolean;
  bytes: number;
}

/** All files and links below a directory, sorted. Does not follow links. Empty if the directory cannot be read. */
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

/** Approximate size of an archive of the directory: contents, and 512 bytes for each entry's name and header. */
export function treeBytes(directory: string): number {
  return tree(directory).reduce((sum, { bytes }) => sum + bytes + 512, 0);
}

/** The absolute path without symbolic links; null if it does not exist. */
export function realPath(path: string): string | null {
  try {
    return fs.realpathSync(path);
  } catch {
    return null;
  }
}

/**
 * Writes a file so that after a power cut, the disk has either the old or the new file: creates a new file with the final mode, calls
 * fsync, renames the file, and calls fsync for the directory (rename(2) does not define an order on disk). On FAT, the new name first
 * has size 0 until the kernel writes the inode (fs/fat/namei_vfat.c), so this function also calls fsync after the rename.
 * @throws DabeiError FILE
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

/** Writes to a file below /proc or /sys, in place: there is no rename there. @throws DabeiError FILE */
export function writeKernelFile(path: string, content: string): void {
  try {
    fs.writeFileSync(path, content);
  } catch (error) {
    throw new DabeiError('FILE', { doing: `writing ${path}`, problem: describe(error), cause: error });
  }
}

/**
 * Writes a file in one call and in place, as efivarfs demands (Documentation/filesystems/efivarfs.rst).
 * @throws DabeiError FILE
 */
export function writeKernelBytes(path: string, content: Buffer): void {
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

/** Overwrites a file with zeros before removing it: the kernel does not clear memory that it frees. Nothing where there is none. */
export function erase(path: string): void {
  if (!fs.existsSync(path)) return;
  try {
    const file = fs.openSync(path, 'r+');
    try {
      fs.writeSync(file, Buffer.alloc(fs.fstatSync(file).size), 0, undefined, 0);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.rmSync(path, { force: true });
  } catch (error) {
    throw new DabeiError('FILE', { doing: `removing ${path}`, problem: describe(error), cause: error });
  }
}

let logIsWhole = false;

/** Never throws: a lost log line must not stop an installation. */
export function appendToLog(line: string, path: string = paths.log): void {
  try {
    // An earlier process may have ended in the middle of a line.
    const begin = logIsWhole || endsLine(path) ? '' : '\n';
    fs.appendFileSync(path, `${begin}${line}`, { mode: 0o600 });
    logIsWhole = true;
  } catch {
    // The file system is full or read-only. The consoles still show the line.
    logIsWhole = false;
  }
}

function endsLine(path: string): boolean {
  const last = readBytes(path)?.at(-1);
  return last === undefined || last === 0x0a;
}

/** Paths of the kernel's consoles (Documentation/ABI/testing/sysfs-tty, console/active); the last one is behind /dev/console. */
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

/** Never throws and never waits: a serial line without a peer must not stop an installation. */
export function writeConsole(path: string, text: string): void {
  try {
    const tty = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK);
    try {
      fs.writeSync(tty, text);
    } finally {
      fs.closeSync(tty);
    }
  } catch {
    // The console is missing or cannot be written to.
  }
}

/** Never throws and never waits. @returns how many bytes the terminal took; 0 if it cannot take any now */
export function writeTerminal(path: string, bytes: Buffer): number {
  try {
    const tty = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK);
    try {
      return fs.writeSync(tty, bytes);
    } finally {
      fs.closeSync(tty);
    }
  } catch {
    // The buffer of the line is full, or the terminal is missing.
    return 0;
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
