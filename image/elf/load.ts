import * as known from './known.ts';
import type { Machine, RelocationType, Tag } from './known.ts';
import { hashOf, pt, segmentsOf } from './load-format.ts';

/**
 * Reads a 64-bit ELF file as the dynamic loader does: only program headers and the dynamic section, with symbols from
 * DT_GNU_HASH. It shares no code with tables.ts and hash.ts, because bind.ts checks their work with it. It knows only
 * what occurs in the image; anything else is an error, so that someone examines it before it ships.
 *
 * Sources: System V gABI, "Dynamic Linking"; glibc, elf/dl-lookup.c and elf/dl-version.c; those of known.ts.
 */

/** A word, or for COPY a range, that the loader writes. */
export interface Word {
  at: number;
  type: RelocationType;
  /** Null: the file itself. */
  symbol: LoadedSymbol | null;
  addend: bigint;
  /** Whether the word itself holds the addend (DT_RELR). */
  inPlace: boolean;
}

export interface LoadedSymbol {
  name: string;
  /** The version that a reference requires or a definition offers; null: none. */
  version: string | null;
  isWeak: boolean;
  isLocal: boolean;
  type: number;
  section: number;
  value: bigint;
  size: bigint;
}

export class LoadedFile {
  /** The rules of its processor. */
  readonly machine: Machine;
  readonly needed: readonly string[];
  readonly soname: string | null;
  readonly searchPath: readonly string[];
  /** Whether its references find its own symbols first (DT_SYMBOLIC). */
  readonly isSymbolic: boolean;
  readonly words: readonly Word[];
  /** library -> versions */
  readonly requires: ReadonlyMap<string, readonly string[]>;
  readonly provides: ReadonlySet<string>;
  /** Functions that the code refers to by symbol number. */
  readonly #lazyJumps: readonly number[];
  readonly #file: Buffer;
  readonly #segments: ReturnType<typeof segmentsOf>;
  readonly #tags = new Map<Tag, number>();
  readonly #versions: (string | null)[] = [null, null];
  readonly #symbols = new Map<number, LoadedSymbol>();

  /** @throws Error naming what it does not understand; RangeError if the file is truncated */
  constructor(file: Buffer) {
    this.#file = file;
    const machine = known.machines[file.readUInt16LE(0x12)];
    if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01' || machine === undefined)
      throw new Error('it is for no processor that is understood');
    this.machine = machine;
    if (file.readUInt16LE(0x10) !== 3) throw new Error('it cannot be loaded anywhere (ET_DYN)');
    this.#segments = segmentsOf(file);
    const dynamic = this.#segments.find(({ type }) => type === pt.dynamic);
    if (dynamic === undefined) throw new Error('it has no dynamic section');
    const needed: number[] = [];
    for (let at = dynamic.offset; ; at += 16) {
      const tag = Number(file.readBigUInt64LE(at));
      if (tag === 0) break;
      if (at + 16 >= dynamic.offset + dynamic.size) throw new Error('its dynamic section has no end');
      const name = machine.tags[tag];
      if (name === undefined) throw new Error(`the dynamic tag 0x${tag.toString(16)} is not understood`);
      const value = Number(file.readBigUInt64LE(at + 8));
      if (name === 'NEEDED') needed.push(value);
      else if (this.#tags.has(name)) throw new Error(`the dynamic tag ${name} stands there twice`);
      else this.#tags.set(name, value);
    }
    this.#requireSizes({ RELAENT: 24, SYMENT: 24, PLTREL: 7, RELRENT: 8 });
    this.needed = needed.map(place => this.#string(place));
    const soname = this.#tags.get('SONAME');
    this.soname = soname === undefined ? null : this.#string(soname);
    const searchPath = this.#tags.get('RUNPATH');
    this.searchPath = searchPath === undefined ? [] : this.#string(searchPath).split(':').filter(Boolean);
    const flags = this.#tags.get('FLAGS') ?? 0;
    if ((flags & ~known.knownFlags) !== 0)
      throw new Error(`its DT_FLAGS 0x${flags.toString(16)} are not understood`);
    this.isSymbolic = this.#tags.has('SYMBOLIC') || (flags & 2) !== 0;
    this.provides = this.#readVerdef();
    this.requires = this.#readVerneed();
    const dynamicWords = this.#readRela('RELA', 'RELASZ');
    // glibc does not look at the types of the first relocations, as many as this tag says (elf/do-rel.h).
    if (dynamicWords.slice(0, this.#tags.get('RELACOUNT') ?? 0).some(({ type }) => type !== 'RELATIVE'))
      throw new Error('it counts relative relocations that are none');
    const jumps = this.#readRela('JMPREL', 'PLTRELSZ');
    const bindsAtStart =
      this.#tags.has('BIND_NOW') || (flags & 8) !== 0 || ((this.#tags.get('FLAGS_1') ?? 0) & 1) !== 0;
    this.#lazyJumps = bindsAtStart ? [] : jumps.map(({ at }) => at);
    this.words = [...dynamicWords, ...jumps, ...this.#readRelr()];
  }

  get hasRelr(): boolean {
    return this.#tags.has('RELR');
  }

  /** The content of the dynamic section, except where tables are and how they are encoded. */
  get settings(): string {
    const others = [...this.#tags].filter(([tag]) => !known.movedTags.test(tag)).sort();
    const requires = [...this.requires].map(([library, versions]) => [
      library,
      ...versions.filter(version => version !== known.relrVersion),
    ]);
    const { needed, soname, searchPath, provides } = this;
    return JSON.stringify([others, needed, soname, searchPath, requires, [...provides], this.#lazyJumps]);
  }

  /**
   * The definition in this file that matches a reference: glibc's do_lookup_x and check_match.
   * @param version null if the reference requires none
   */
  find(name: string, version: string | null, hash = hashOf(name)): LoadedSymbol | null {
    const table = this.#offset(this.#tag('GNU_HASH'));
    const [buckets, first, words, shift] = [0, 4, 8, 12].map(at => this.#file.readUInt32LE(table + at)) as [
      ...[number, number, number, number],
    ];
    if (buckets === 0 || (words & (words - 1)) !== 0) throw new Error('its hash table is not understood');
    const isInWord = (bit: number) => {
      const at = table + 16 + ((hash >>> 6) & (words - 1)) * 8 + (bit >= 32 ? 4 : 0);
      return ((this.#file.readUInt32LE(at) >>> (bit & 31)) & 1) === 1;
    };
    if (!isInWord(hash & 63) || !isInWord((hash >>> shift) & 63)) return null;
    const chains = table + 16 + words * 8 + buckets * 4;
    const start = this.#file.readUInt32LE(table + 16 + words * 8 + (hash % buckets) * 4);
    const defaults: LoadedSymbol[] = [];
    for (let index = start; index !== 0; index++) {
      const link = this.#file.readUInt32LE(chains + (index - first) * 4);
      if (link >>> 1 === hash >>> 1) {
        const symbol = this.symbol(index);
        const isDefined =
          symbol.section !== 0 &&
          (symbol.value !== 0n ||
            symbol.section === known.absoluteSection ||
            symbol.type === known.symbolType.thread);
        if (symbol.name === name && isDefined && !symbol.isLocal) {
          const own = this.#versionOf(index);
          if (own === null) return symbol;
          if (version !== null) {
            if (symbol.version === version || (symbol.version === null && !own.isHidden)) return symbol;
          } else if (own.index < 3) return symbol;
          else if (!own.isHidden) defaults.push(symbol);
        }
      }
      if ((link & 1) === 1) break;
    }
    return defaults.length === 1 ? defaults[0]! : null;
  }

  symbol(index: number): LoadedSymbol {
    const seen = this.#symbols.get(index);
    if (seen) return seen;
    const at = this.#offset(this.#tag('SYMTAB')) + index * 24;
    const info = this.#file.readUInt8(at + 4);
    const symbol = {
      name: this.#string(this.#file.readUInt32LE(at)),
      version: this.#versions[this.#versionOf(index)?.index ?? 0] ?? null,
      isLocal: info >> 4 === 0,
      isWeak: info >> 4 === 2,
      type: info & 15,
      section: this.#file.readUInt16LE(at + 6),
      value: this.#file.readBigUInt64LE(at + 8),
      size: this.#file.readBigUInt64LE(at + 16),
    };
    if (!known.symbolBindings.includes(info >> 4) || !known.symbolTypes.includes(symbol.type))
      throw new Error(`the kind of its symbol ${symbol.name} is not understood`);
    if (this.#file.readUInt8(at + 5) !== 0)
      throw new Error(`its symbol ${symbol.name} has a visibility, which is not understood`);
    if (symbol.section === 0 && symbol.value !== 0n)
      throw new Error(`a jump stands for the address of the foreign function ${symbol.name}`);
    this.#symbols.set(index, symbol);
    return symbol;
  }

  #readRela(start: Tag, size: Tag): Word[] {
    if (!this.#tags.has(start)) return [];
    const table = this.#offset(this.#tag(start));
    if (this.#tag(size) % 24 !== 0) throw new Error(`its ${size} is no multiple of an entry's size`);
    return Array.from({ length: this.#tag(size) / 24 }, (_, number) => {
      const at = table + number * 24;
      const code = this.#file.readUInt32LE(at + 8);
      const type = this.machine.relocationTypes[code];
      if (type === undefined) throw new Error(`the relocation type ${code} is not understood`);
      const index = this.#file.readUInt32LE(at + 12);
      return {
        ...{ at: Number(this.#file.readBigUInt64LE(at)), type, inPlace: false },
        symbol: index === 0 ? null : this.symbol(index),
        addend: this.#file.readBigInt64LE(at + 16),
      };
    });
  }

  #readRelr(): Word[] {
    const places: number[] = [];
    const start = this.#tags.get('RELR');
    if (start === undefined) return [];
    const table = this.#offset(start);
    for (let next = 0, at = table; at < table + this.#tag('RELRSZ'); at += 8) {
      const low = this.#file.readUInt32LE(at);
      const high = this.#file.readUInt32LE(at + 4);
      if ((low & 1) === 0) {
        const place = high * 2 ** 32 + low;
        places.push(place);
        next = place + 8;
        continue;
      }
      for (let bit = 1; bit < 64; bit++)
        if ((((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1) places.push(next + (bit - 1) * 8);
      next += 63 * 8;
    }
    return places.map(at => ({
      ...{ at, type: 'RELATIVE', symbol: null, inPlace: true },
      addend: this.#file.readBigInt64LE(this.#offset(at)),
    }));
  }

  #readVerdef(): Set<string> {
    const found = new Set<string>();
    let at = this.#tags.has('VERDEF') ? this.#offset(this.#tag('VERDEF')) : 0;
    for (let left = this.#tags.get('VERDEFNUM') ?? 0; left > 0; left--) {
      const isBase = (this.#file.readUInt16LE(at + 2) & 1) !== 0;
      const name = this.#string(this.#file.readUInt32LE(at + this.#file.readUInt32LE(at + 12)));
      if (!isBase) this.#versions[this.#file.readUInt16LE(at + 4)] = name;
      if (!isBase) found.add(name);
      at = this.#next(at, at + 16, left);
    }
    return found;
  }

  #readVerneed(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    let at = this.#tags.has('VERNEED') ? this.#offset(this.#tag('VERNEED')) : 0;
    for (let left = this.#tags.get('VERNEEDNUM') ?? 0; left > 0; left--) {
      const names: string[] = [];
      let version = at + this.#file.readUInt32LE(at + 8);
      for (let more = this.#file.readUInt16LE(at + 2); more > 0; more--) {
        const index = this.#file.readUInt16LE(version + 6);
        const name = this.#string(this.#file.readUInt32LE(version + 8));
        if (index < 2 || index > 0x7fff || this.#versions[index] !== undefined)
          throw new Error(`the number of the version ${name} is not understood`);
        this.#versions[index] = name;
        names.push(name);
        version = this.#next(version, version + 12, more);
      }
      found.set(this.#string(this.#file.readUInt32LE(at + 4)), names);
      at = this.#next(at, at + 12, left);
    }
    return found;
  }

  /** Checks that the chains of versions end where their counts say, and not before. */
  #next(at: number, field: number, left: number): number {
    const distance = this.#file.readUInt32LE(field);
    if ((distance === 0) !== (left === 1)) throw new Error('its versions are not as many as it says');
    return at + distance;
  }

  #versionOf(index: number): { index: number; isHidden: boolean } | null {
    const table = this.#tags.get('VERSYM');
    if (table === undefined) return null;
    const entry = this.#file.readUInt16LE(this.#offset(table) + index * 2);
    return { index: entry & 0x7fff, isHidden: (entry & 0x8000) !== 0 };
  }

  #requireSizes(wanted: Partial<Record<Tag, number>>): void {
    for (const [tag, value] of Object.entries(wanted) as [Tag, number][])
      if ((this.#tags.get(tag) ?? value) !== value) throw new Error(`its ${tag} is not ${value}`);
  }

  #tag(tag: Tag): number {
    const value = this.#tags.get(tag);
    if (value === undefined) throw new Error(`it has no ${tag}`);
    return value;
  }

  #string(place: number): string {
    if (place >= this.#tag('STRSZ')) throw new Error('a name lies outside of its table');
    const start = this.#offset(this.#tag('STRTAB')) + place;
    return this.#file.toString('latin1', start, this.#file.indexOf(0, start));
  }

  #offset(address: number): number {
    const segment = this.#segments.find(
      s => s.type === pt.load && address >= s.address && address < s.address + s.size,
    );
    if (!segment) throw new RangeError(`the address 0x${address.toString(16)} lies outside of the file`);
    return address - segment.address + segment.offset;
  }
}
