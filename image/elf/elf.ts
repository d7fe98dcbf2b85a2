import { posix } from 'node:path';
import { kind, readBytes, readLink, readStart } from '../lib/files.ts';
import { rows } from '../../agent/arch.ts';

/** Which files a program needs to start: the part of ld.so(8)'s search that a merged Debian root needs. */

/** Where ld.so looks after a file's own search path: Debian's /etc/ld.so.conf.d, and the built-in directories. */
const libraryDirectories = [...rows.map(({ libraries }) => `/${libraries}`), '/usr/lib64', '/usr/lib'];

export interface ElfNeeds {
  /** PT_INTERP: the dynamic loader, as an absolute path; null for static programs and for libraries. */
  interpreter: string | null;
  /** DT_NEEDED: file names of libraries, in order. */
  needed: string[];
  /** DT_RUNPATH, or DT_RPATH if there is none; $ORIGIN is not replaced yet. */
  searchPath: string[];
}

/**
 * Finds everything that programs need to start, in a directory that holds a whole Debian root.
 *
 * @param programs absolute paths inside `root`. A path may be an ELF program or library, a script (its interpreter is
 * added), or any other file (kept as it is). A file does not show what it opens with dlopen(3) (NSS modules, engines,
 * libgcc_s for thread cancellation): name that here, too, as a path or as a bare library name.
 * @param replaced libraries, by bare name, that other files replace: their own dependencies count, and links to them
 * are not followed
 * @returns absolute paths inside `root`, sorted, without repetition: files, and each symbolic link on the way to them.
 * Directories in them are real ones (/usr/lib, not /lib); the caller creates the merged-/usr links.
 * @throws Error naming the file whose dependency is missing
 */
export async function elfClosure(
  root: string,
  programs: string[],
  replaced: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const closure = new Set<string>();
  const visit = (path: string, neededBy: string): void => {
    const substitute = replaced[posix.basename(path)];
    if (substitute !== undefined) {
      if (closure.has(path)) return;
      closure.add(path);
      const { needed, searchPath } = parseElf(readBytes(substitute));
      for (const name of needed) visit(findLibrary(root, name, path, searchPath), path);
      return;
    }
    const { real, links } = resolveInRoot(root, path);
    for (const link of links) closure.add(link);
    if (closure.has(real)) return;
    if (kind(root + real) !== 'file')
      throw new Error(`${path} is not a file in ${root}; ${neededBy} needs it`);
    closure.add(real);
    const script = scriptInterpreter(readStart(root + real, 256));
    if (script) return visit(script, real);
    const needs = isElf(readStart(root + real, 4)) ? parseElf(readBytes(root + real)) : null;
    if (!needs) return;
    if (needs.interpreter) visit(inMergedUsr(root, needs.interpreter), real);
    for (const name of needs.needed) visit(findLibrary(root, name, real, needs.searchPath), real);
  };
  for (const program of programs) {
    visit(
      program.startsWith('/') ? program : findLibrary(root, program, 'the list of programs', []),
      'the caller',
    );
  }
  return [...closure].sort();
}

/**
 * Follows symbolic links as a process with `root` as its root directory would.
 * @returns the real path, and each link at the end of a path on the way (links of directories are followed without
 * being listed)
 * @throws Error if links form a cycle, but not if the file is missing
 */
export function resolveInRoot(root: string, path: string): { real: string; links: string[] } {
  const links: string[] = [];
  let todo = path.split('/').filter(Boolean);
  let real = '';
  // path_resolution(7): more than 40 links are ELOOP.
  for (let followed = 0; todo.length > 0;) {
    const [name = '', ...rest] = todo;
    todo = rest;
    if (name === '.') continue;
    if (name === '..') {
      real = posix.dirname(real || '/').replace(/^\/$/, '');
      continue;
    }
    const next = `${real}/${name}`;
    if (kind(root + next) !== 'link') {
      real = next;
      continue;
    }
    if (++followed > 40) throw new Error(`${path}: too many symbolic links in ${root}`);
    if (todo.length === 0) links.push(next);
    const leads = readLink(root + next);
    if (leads.startsWith('/')) real = '';
    todo = [...leads.split('/').filter(Boolean), ...todo];
  }
  return { real: real || '/', links };
}

/** Without the package base-files, a root lacks the links from /lib64 and the like into /usr. */
function inMergedUsr(root: string, path: string): string {
  return kind(root + resolveInRoot(root, path).real) === null ? `/usr${path}` : path;
}

export function findLibrary(
  root: string,
  name: string,
  neededBy: string,
  searchPath: readonly string[],
): string {
  if (name.includes('/')) return name;
  const origin = posix.dirname(neededBy);
  const own = searchPath.map(entry => entry.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
  for (const directory of [...own, ...libraryDirectories]) {
    const path = posix.join(directory, name);
    if (kind(root + resolveInRoot(root, path).real) === 'file') return path;
  }
  throw new Error(
    `${neededBy} needs the library ${name}, which is in none of the library directories of ${root}`,
  );
}

/** execve(2): the interpreter in the first line of a script; null if the file is not a script. */
function scriptInterpreter(start: Buffer): string | null {
  return /^#![ \t]*(\/\S+)/.exec(start.toString('latin1'))?.[1] ?? null;
}

function isElf(start: Buffer): boolean {
  return start.length === 4 && start.readUInt32BE(0) === 0x7f454c46;
}

/** elf(5): the constants that this module uses. */
const elf = { class64: 2, littleEndian: 1, ptLoad: 1, ptDynamic: 2, ptInterp: 3 } as const;
const dt = { null: 0, needed: 1, strtab: 5, rpath: 15, runpath: 29 } as const;

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file (elf(5)).
 * @throws RangeError if the file is truncated
 */
export function parseElf(file: Buffer): ElfNeeds {
  const needs: ElfNeeds = { interpreter: null, needed: [], searchPath: [] };
  if (file[4] !== elf.class64 || file[5] !== elf.littleEndian) return needs;
  const segments = programHeaders(file);
  const offsetOf = (address: number): number => {
    const segment = segments.find(
      s => s.type === elf.ptLoad && address >= s.address && address < s.address + s.size,
    );
    if (!segment) throw new RangeError(`address 0x${address.toString(16)} is in no segment`);
    return address - segment.address + segment.offset;
  };
  const interpreter = segments.find(s => s.type === elf.ptInterp);
  if (interpreter) needs.interpreter = textAt(file, interpreter.offset);
  const dynamic = segments.find(s => s.type === elf.ptDynamic);
  if (!dynamic) return needs;
  const entries: [tag: number, value: number][] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = Number(file.readBigUInt64LE(at));
    if (tag === dt.null) break;
    entries.push([tag, Number(file.readBigUInt64LE(at + 8))]);
  }
  const value = (tag: number) => entries.find(entry => entry[0] === tag)?.[1];
  const table = value(dt.strtab);
  if (table === undefined) return needs;
  const strings = offsetOf(table);
  needs.needed = entries.filter(([tag]) => tag === dt.needed).map(([, at]) => textAt(file, strings + at));
  const searchPath = value(dt.runpath) ?? value(dt.rpath);
  if (searchPath !== undefined)
    needs.searchPath = textAt(file, strings + searchPath)
      .split(':')
      .filter(Boolean);
  return needs;
}

function programHeaders(file: Buffer) {
  const start = Number(file.readBigUInt64LE(0x20));
  const entrySize = file.readUInt16LE(0x36);
  return Array.from({ length: file.readUInt16LE(0x38) }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

/** The text that starts at `offset` and ends before a zero byte. */
function textAt(file: Buffer, offset: number): string {
  return file.toString('utf8', offset, file.indexOf(0, offset));
}
