import { findLibrary, resolveInRoot } from './elf.ts';
import { absoluteSection, descriptorType, relrVersion, symbolType, type RelocationType } from './known.ts';
import { hashOf } from './load-format.ts';
import { LoadedFile, type LoadedSymbol, type Word } from './load.ts';

/**
 * Computes what the dynamic loader would write where, without starting anything (glibc, elf/dl-reloc.c,
 * elf/dl-machine.h).
 */

const threadTypes: readonly RelocationType[] = ['DTPMOD64', 'DTPOFF64', 'TPOFF64', descriptorType];

/** The linked files of a root; reads each once. @param bytesOf reads a file by its path inside the root */
export class LinkedSet {
  readonly #loaded = new Map<string, LoadedFile>();
  readonly #scopes = new Map<string, readonly string[]>();
  readonly #definitions = new Map<string, readonly [string, LoadedSymbol] | null>();

  readonly bytesOf: (path: string) => Buffer;
  readonly #root: string;

  constructor(root: string, bytesOf: (path: string) => Buffer) {
    this.#root = root;
    this.bytesOf = bytesOf;
  }

  /** @throws Error with the path of a file that this reader does not understand */
  file(path: string): LoadedFile {
    const known = this.#loaded.get(path);
    if (known) return known;
    try {
      const loaded = new LoadedFile(this.bytesOf(path));
      this.#loaded.set(path, loaded);
      return loaded;
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`);
    }
  }

  /** A file and its dependencies, in the order of symbol lookup: breadth first. */
  scope(path: string): readonly string[] {
    const known = this.#scopes.get(path);
    if (known) return known;
    const scope = [path];
    for (const member of scope) {
      for (const name of this.file(member).needed) {
        const library = this.#library(member, name);
        if (!scope.includes(library)) scope.push(library);
      }
    }
    this.#scopes.set(path, scope);
    return scope;
  }

  /**
   * Computes what the loader writes into each word of one file when it starts another one with it.
   * @param faults receives what the loader would not find
   */
  bind(start: string, path: string, faults: Set<string>): Map<number, string> {
    const written = new Map<number, string>();
    for (const word of this.file(path).words) {
      const meaning = this.#meaning(start, path, word, faults);
      for (const at of word.type === descriptorType ? [word.at, word.at + 8] : [word.at]) {
        if (written.has(at)) faults.add(`${path}: 0x${at.toString(16)} is written twice`);
        written.set(at, meaning);
      }
    }
    return written;
  }

  /** Reports missing versions of libraries: glibc's _dl_check_map_versions. */
  missingVersions(path: string): string[] {
    const { needed, requires, hasRelr } = this.file(path);
    const libc = requires.get('libc.so.6');
    const unmarked =
      hasRelr && libc && !libc.includes(relrVersion)
        ? [`${path}: has DT_RELR without the version that announces it`]
        : [];
    const missing = [...requires].flatMap(([library, versions]) => {
      if (!needed.includes(library)) return [`${path}: wants versions of ${library}, which it does not need`];
      const { provides } = this.file(this.#library(path, library));
      return versions
        .filter(version => provides.size > 0 && !provides.has(version))
        .map(version => `${path}: wants version ${version} of ${library}`);
    });
    return [...unmarked, ...missing];
  }

  #library(neededBy: string, name: string): string {
    const { searchPath } = this.file(neededBy);
    return resolveInRoot(this.#root, findLibrary(this.#root, name, neededBy, searchPath)).real;
  }

  #meaning(start: string, path: string, { type, symbol, addend }: Word, faults: Set<string>): string {
    const own = `${path}+${addend}`;
    if (type === 'RELATIVE') return own;
    if (type === 'IRELATIVE') return `what ${own} chooses`;
    if (symbol === null) {
      if (type === 'DTPMOD64' || type === 'TPOFF64' || type === descriptorType) return `${type} ${own}`;
      faults.add(`${path}: a relocation of type ${type} has no symbol`);
      return '';
    }
    const found = this.#definition(start, path, symbol, type === 'COPY');
    if (found === null) {
      const version = symbol.version === null ? '' : `@${symbol.version}`;
      if (!symbol.isWeak)
        faults.add(`${path}, started as ${start}: ${symbol.name}${version} is defined nowhere`);
      return 'nothing';
    }
    const [owner, { value, section, size, type: kind }] = found;
    const isThread = threadTypes.includes(type);
    if (isThread !== (kind === symbolType.thread))
      faults.add(`${path}: ${symbol.name} is thread-local for one side only`);
    const place = this.file(path).machine.adding.includes(type) ? value + addend : value;
    if (type === 'DTPMOD64') return `DTPMOD64 ${owner}+0`;
    if (isThread) return `${type} ${owner}+${place}`;
    if (type === 'COPY') return `copy of ${size} from ${owner}+${place}`;
    if (kind === symbolType.chosenAtStart) return `what ${owner}+${place} chooses`;
    return section === absoluteSection ? `${place}` : `${owner}+${place}`;
  }

  #definition(
    start: string,
    path: string,
    symbol: LoadedSymbol,
    isCopy: boolean,
  ): readonly [string, LoadedSymbol] | null {
    if (symbol.isLocal) return [path, symbol];
    const isSymbolic = this.file(path).isSymbolic;
    const { name, version } = symbol;
    const key = [start, isSymbolic || isCopy ? path : '', isCopy, name, version ?? ''].join('\0');
    const known = this.#definitions.get(key);
    if (known !== undefined) return known;
    const hash = hashOf(name);
    const others = this.scope(start).filter(member => !isCopy || member !== path);
    let result: readonly [string, LoadedSymbol] | null = null;
    for (const member of isSymbolic ? [path, ...others] : others) {
      const found = this.file(member).find(name, version, hash);
      if (found === null) continue;
      result = [member, found];
      break;
    }
    this.#definitions.set(key, result);
    return result;
  }
}

/**
 * For every program and every library: what the loader finds for it, and whether that has changed.
 * @param paths of linked files, inside the root
 * @returns one line for each fault
 */
export function compareBindings(before: LinkedSet, after: LinkedSet, paths: readonly string[]): string[] {
  const faults = new Set<string>();
  for (const start of paths) {
    const scope = before.scope(start);
    if (scope.join() !== after.scope(start).join()) {
      faults.add(`${start}: needs other libraries than before`);
      continue;
    }
    for (const path of scope) {
      const was = before.bind(start, path, new Set());
      const is = after.bind(start, path, faults);
      for (const [at, meaning] of is)
        if (was.get(at) !== meaning)
          faults.add(
            `${path} at 0x${at.toString(16)}, started as ${start}: ${was.get(at)} is ${meaning} now`,
          );
      for (const [at, meaning] of was)
        if (!is.has(at)) faults.add(`${path} at 0x${at.toString(16)}: ${meaning} is no longer written`);
    }
    after.missingVersions(start).forEach(fault => faults.add(fault));
  }
  return [...faults];
}
