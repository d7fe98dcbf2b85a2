import { rows } from '../../agent/arch.ts';
/** Reads and rewrites the tables of a linked 64-bit ELF file (elf(5); the GNU parts: glibc's elf.h). */

export const dt = {
  null: 0,
  needed: 1,
  pltrelsz: 2,
  hash: 4,
  strtab: 5,
  symtab: 6,
  rela: 7,
  relasz: 8,
  strsz: 10,
  soname: 14,
  rpath: 15,
  jmprel: 23,
  bindNow: 24,
  runpath: 29,
  flags: 30,
  relrsz: 35,
  relr: 36,
  relrent: 37,
  gnuHash: 0x6ffffef5,
  versym: 0x6ffffff0,
  relacount: 0x6ffffff9,
  flags1: 0x6ffffffb,
  verdef: 0x6ffffffc,
  verneed: 0x6ffffffe,
} as const;

const pt = { load: 1, dynamic: 2, ehFrame: 0x6474e550 } as const;
/** The rewritten sections; linkers place them side by side. */
const rewritten = [
  ...['.gnu.hash', '.dynsym', '.dynstr', '.gnu.version', '.gnu.version_r', '.gnu.version_d'],
  ...['.rela.dyn', '.rela.plt', '.relr.dyn'],
];

interface Range {
  offset: number;
  size: number;
}

export interface Symbol {
  name: string;
  /** 0 none, 1 object, 2 function, 6 thread-local, 10 chosen at start */
  type: number;
  /** 0 if another file defines it */
  section: number;
  value: bigint;
  /** In bytes; 0 if unknown. */
  size: number;
}

interface Verneed {
  library: string;
  versions: { hash: number; flags: number; index: number; name: string }[];
}

interface Tables {
  symtab: Range;
  versym: Range | null;
  verdef: Range | null;
  rela: Range | null;
  jumpRel: Range | null;
  relr: Range | null;
}

export interface Image {
  /** e_machine. */
  machine: number;
  sections: ReadonlyMap<string, Range>;
  /** Where the last segment ends. */
  end: number;
  /** Offset of a program header; null if there is none. */
  headerOf: (kind: 'ehFrame') => number | null;
  /** Null for a static program. */
  dynamic: Range | null;
  /** Whether the file has everything that rewriting its tables requires. */
  isRewritable: boolean;
  isLibrary: boolean;
  bindsNow: boolean;
  needsLibc: boolean;
  spareTags: number;
  tags: { tag: number; value: number }[];
  tag: (tag: number) => number | null;
  setTag: (tag: number, value: number | null) => void;
  writeTags: () => void;
  offsetOf: (address: number) => number;
  addressOf: (offset: number) => number;
  stringAt: (place: number) => string;
  symbols: readonly Symbol[];
  tables: Tables;
  verneed: readonly Verneed[];
  highestVersion: number;
  /** File offsets of the range that contains the rewritten sections and nothing else. */
  arena: { start: number; end: number };
}

export const align = (value: number, to: number): number => Math.ceil(value / to) * to;

const machines = rows.map(({ elfMachine }) => elfMachine);

/** @returns null if the file is not a program or library for an architecture of arch.ts */
export function parseImage(file: Buffer): Image | null {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return null;
  const machine = file.readUInt16LE(0x12);
  if (![2, 3].includes(file.readUInt16LE(0x10)) || !machines.includes(machine)) return null;
  const headers = readProgramHeaders(file);
  const loads = headers.filter(({ type }) => type === pt.load);
  const sections = readSections(file);
  const dynamic = headers.find(({ type }) => type === pt.dynamic) ?? null;
  const offsetOf = (address: number): number => {
    const load = loads.find(l => address >= l.address && address < l.address + l.size);
    if (!load) throw new RangeError(`address 0x${address.toString(16)} is in no segment`);
    return address - load.address + load.offset;
  };
  const addressOf = (offset: number): number => {
    const load = loads.find(l => offset >= l.offset && offset < l.offset + l.size);
    if (!load) throw new RangeError(`offset 0x${offset.toString(16)} is in no segment`);
    return offset - load.offset + load.address;
  };
  const slots = dynamic ? dynamic.size / 16 : 0;
  const tags: Image['tags'] = [];
  for (let index = 0; index < slots; index++) {
    const at = dynamic!.offset + index * 16;
    const tag = Number(file.readBigUInt64LE(at));
    if (tag === dt.null) break;
    tags.push({ tag, value: Number(file.readBigUInt64LE(at + 8)) });
  }
  const tag = (wanted: number) => tags.find(entry => entry.tag === wanted)?.value ?? null;
  const setTag = (wanted: number, value: number | null) => {
    const index = tags.findIndex(entry => entry.tag === wanted);
    if (value === null) tags.splice(index < 0 ? tags.length : index, 1);
    else if (index >= 0) tags[index]!.value = value;
    else tags.push({ tag: wanted, value });
  };
  const writeTags = () => {
    if (tags.length >= slots) throw new RangeError('the dynamic section is full');
    file.fill(0, dynamic!.offset, dynamic!.offset + dynamic!.size);
    tags.forEach((entry, index) => {
      file.writeBigUInt64LE(BigInt(entry.tag), dynamic!.offset + index * 16);
      file.writeBigUInt64LE(BigInt(entry.value), dynamic!.offset + index * 16 + 8);
    });
  };
  const strings = tag(dt.strtab) === null ? 0 : offsetOf(tag(dt.strtab)!);
  const stringAt = (place: number) =>
    file.toString('latin1', strings + place, file.indexOf(0, strings + place));
  const arena = arenaOf(sections);
  const isRewritable = arena !== null && tag(dt.gnuHash) !== null && tag(dt.hash) === null;
  const symtab = sections.get('.dynsym') ?? { offset: 0, size: 0 };
  const symbols = dynamic ? readSymbols(file, symtab, stringAt) : [];
  const verneed = dynamic ? readVerneed(file, sections.get('.gnu.version_r'), stringAt) : [];
  const versym = sections.get('.gnu.version') ?? null;
  const indices = versym
    ? symbols.map((_, index) => file.readUInt16LE(versym.offset + index * 2) & 0x7fff)
    : [];
  const needed = verneed.flatMap(({ versions }) => versions.map(({ index }) => index & 0x7fff));
  return {
    ...{ machine, sections },
    end: Math.max(...loads.map(({ offset, size }) => offset + size)),
    headerOf: kind => headers.find(({ type }) => type === pt[kind])?.at ?? null,
    dynamic,
    isRewritable,
    isLibrary: tag(dt.soname) !== null,
    bindsNow:
      tag(dt.bindNow) !== null || ((tag(dt.flags) ?? 0) & 8) !== 0 || ((tag(dt.flags1) ?? 0) & 1) !== 0,
    needsLibc: verneed.some(({ library }) => library === 'libc.so.6'),
    // One zero entry stays as the terminator; the number of relative relocations is not written again.
    spareTags: slots - 1 - tags.length + (tag(dt.relacount) === null ? 0 : 1),
    ...{ tags, tag, setTag, writeTags, offsetOf, addressOf, stringAt, symbols, verneed },
    tables: {
      symtab,
      versym,
      verdef: sections.get('.gnu.version_d') ?? null,
      rela: sections.get('.rela.dyn') ?? null,
      jumpRel: sections.get('.rela.plt') ?? null,
      relr: sections.get('.relr.dyn') ?? null,
    },
    highestVersion: Math.max(
      1,
      ...indices,
      ...needed,
      ...verdefIndices(file, sections.get('.gnu.version_d')),
    ),
    arena: arena ?? { start: 0, end: 0 },
  };
}

function readProgramHeaders(file: Buffer) {
  const start = Number(file.readBigUInt64LE(0x20));
  return Array.from({ length: file.readUInt16LE(0x38) }, (_, index) => {
    const at = start + index * file.readUInt16LE(0x36);
    return {
      at,
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function readSections(file: Buffer): Map<string, Range> {
  const start = Number(file.readBigUInt64LE(0x28));
  const count = file.readUInt16LE(0x3c);
  const header = (index: number) => start + index * 64;
  if (count === 0) return new Map();
  const names = Number(file.readBigUInt64LE(header(file.readUInt16LE(0x3e)) + 24));
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const at = header(index);
      const name = names + file.readUInt32LE(at);
      return [
        file.toString('latin1', name, file.indexOf(0, name)),
        { offset: Number(file.readBigUInt64LE(at + 24)), size: Number(file.readBigUInt64LE(at + 32)) },
      ] as const;
    }),
  );
}

/** @returns null if another section lies between the rewritten ones, or if one of them is missing */
function arenaOf(sections: ReadonlyMap<string, Range>): { start: number; end: number } | null {
  const own = rewritten.flatMap(name => sections.get(name) ?? []);
  if (!sections.has('.gnu.hash') || !sections.has('.dynsym')) return null;
  const start = align(Math.min(...own.map(({ offset }) => offset)), 8);
  const end = Math.max(...own.map(({ offset, size }) => offset + size));
  const between = [...sections].some(
    ([name, { offset, size }]) =>
      name !== '' && size > 0 && !rewritten.includes(name) && offset >= start && offset < end,
  );
  return between ? null : { start, end };
}

function readSymbols(file: Buffer, { offset, size }: Range, stringAt: (place: number) => string): Symbol[] {
  return Array.from({ length: size / 24 }, (_, index) => {
    const at = offset + index * 24;
    return {
      name: stringAt(file.readUInt32LE(at)),
      type: file.readUInt8(at + 4) & 15,
      section: file.readUInt16LE(at + 6),
      value: file.readBigInt64LE(at + 8),
      size: Number(file.readBigUInt64LE(at + 16)),
    };
  });
}

function readVerneed(file: Buffer, table: Range | undefined, stringAt: (place: number) => string): Verneed[] {
  const found: Verneed[] = [];
  if (!table) return found;
  for (let at = table.offset; ;) {
    const versions: Verneed['versions'] = [];
    let version = at + file.readUInt32LE(at + 8);
    for (let left = file.readUInt16LE(at + 2); left > 0; left--) {
      versions.push({
        hash: file.readUInt32LE(version),
        flags: file.readUInt16LE(version + 4),
        index: file.readUInt16LE(version + 6),
        name: stringAt(file.readUInt32LE(version + 8)),
      });
      version += file.readUInt32LE(version + 12);
    }
    found.push({ library: stringAt(file.readUInt32LE(at + 4)), versions });
    const next = file.readUInt32LE(at + 12);
    if (next === 0) return found;
    at += next;
  }
}

function verdefIndices(file: Buffer, table: Range | undefined): number[] {
  const found: number[] = [];
  if (!table) return found;
  for (let at = table.offset; ;) {
    found.push(file.readUInt16LE(at + 4) & 0x7fff);
    const next = file.readUInt32LE(at + 16);
    if (next === 0) return found;
    at += next;
  }
}
