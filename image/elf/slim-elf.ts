import { gnuHashTable, relrTable, sysvHash } from './hash.ts';
import { align, dt, parseImage, type Image, type Symbol } from './tables.ts';

/**
 * Makes a linked ELF file smaller without linking it again (elf(5); "Relocation" in the x86-64 supplement of the System V
 * ABI; "Dynamic relocations" in ELF for the Arm 64-bit Architecture).
 *
 * Debian's libraries export every symbol, for programs yet to be written: libnode alone lists 65,000, and at every
 * start the dynamic loader looks up 59,000 of them, libnode's own. The set of programs in the image is closed. If none
 * of them needs a symbol, this module binds it: its relocations become relative and its name disappears. Relative
 * relocations are encoded as DT_RELR, a bitmap. Addresses of code and data do not change; zeros fill the freed space.
 */

export interface SlimOptions {
  /** Whether this symbol, which the file defines, stays visible to other files. */
  keep: (name: string) => boolean;
  /** Whether to remove the tables for C++ exceptions: safe only if no exception passes through this file. */
  withoutUnwinding: boolean;
}

/** Relocation types by e_machine; `adds`: whether globDat and jumpSlot mean symbol and addend, and not the symbol alone. */
const relocations: Readonly<Record<number, Readonly<Record<RelocationName, number>> & { adds: boolean }>> = {
  62: { absolute64: 1, globDat: 6, jumpSlot: 7, relative: 8, adds: false },
  183: { absolute64: 257, globDat: 1025, jumpSlot: 1026, relative: 1027, adds: true },
};
type RelocationName = 'absolute64' | 'globDat' | 'jumpSlot' | 'relative';

const symbolType = { function: 2 } as const;
const relrVersion = 'GLIBC_ABI_DT_RELR';

/** @throws Error if the file's structure is unknown to this module; RangeError if the file is truncated */
export function slim(original: Buffer, options: SlimOptions): Buffer {
  const file = Buffer.from(original);
  const image = parseImage(file);
  if (image === null) throw new Error('this is not a program or library for an architecture of this project');
  if (image.dynamic !== null && !image.isRewritable)
    throw new Error('its tables are not adjacent, or one of them is an old hash table');
  if (options.withoutUnwinding) dropUnwinding(file, image);
  if (image.dynamic !== null) rewriteTables(file, image, options);
  // Section headers serve linkers and debuggers; the loader does not read them.
  file.writeBigUInt64LE(0n, 0x28);
  file.fill(0, 0x3c, 0x40);
  return file.subarray(0, image.end);
}

/** Removes PT_GNU_EH_FRAME. An exception that occurs after all then ends the program, as an uncaught one does. */
function dropUnwinding(file: Buffer, { sections, headerOf }: Image): void {
  for (const name of ['.eh_frame', '.eh_frame_hdr', '.gcc_except_table']) {
    const section = sections.get(name);
    if (section) file.fill(0, section.offset, section.offset + section.size);
  }
  const header = headerOf('ehFrame');
  if (header !== null) file.writeUInt32LE(0, header);
}

interface Relocation {
  offset: number;
  type: number;
  symbol: number;
  addend: bigint;
}

function rewriteTables(file: Buffer, image: Image, options: SlimOptions): void {
  const { symbols, tables, tag } = image;
  const r = relocations[image.machine];
  if (r === undefined) throw new Error(`the relocations of ELF machine ${image.machine} are not understood`);
  const hasRelr = tag(dt.relr) !== null;
  const canRelr = !hasRelr && image.needsLibc && image.spareTags >= 3;
  // The PLT refers to a lazily bound jump slot by its number, so all must stay.
  const boundAtStart = image.bindsNow;
  // Those of sections have no name: linkers for some architectures list them, and nobody looks them up.
  const kept = ({ name }: Symbol): boolean => name !== '' && (!image.isLibrary || options.keep(name));
  const local = ({ symbol, type }: Relocation): boolean => {
    const definition = symbols[symbol]!;
    const { type: kind, section } = definition;
    const plain = kind <= symbolType.function && section !== 0 && section < 0xff00;
    return (type === r.absolute64 || type === r.globDat || type === r.jumpSlot) && plain && !kept(definition);
  };
  const relative: { offset: number; value: bigint }[] = [];
  const rest = (table: Relocation[], mayGo: boolean): Relocation[] =>
    table.filter(relocation => {
      const { offset, type, symbol, addend } = relocation;
      const isRelative = type === r.relative;
      if (!mayGo || offset % 2 !== 0 || !(isRelative || (symbol !== 0 && local(relocation)))) return true;
      const value = isRelative ? 0n : symbols[symbol]!.value;
      relative.push({ offset, value: value + (isRelative || type === r.absolute64 || r.adds ? addend : 0n) });
      return false;
    });
  const dynamicRelocations = rest(readRelocations(file, tables.rela), true);
  const jumpSlots = rest(readRelocations(file, tables.jumpRel), boundAtStart);

  const used = new Set([...dynamicRelocations, ...jumpSlots].map(({ symbol }) => symbol));
  const stays = symbols.map(
    (symbol, index) => index === 0 || used.has(index) || (symbol.section !== 0 && kept(symbol)),
  );
  const hash = gnuHashTable(symbols.flatMap((symbol, index) => (stays[index] ? [{ index, symbol }] : [])));
  const place = new Map(hash.order.map((old, index) => [old, index]));

  const strings = new Strings();
  const symtab = Buffer.alloc(hash.order.length * 24);
  const versym = Buffer.alloc(tables.versym ? hash.order.length * 2 : 0);
  hash.order.forEach((old, index) => {
    const entry = tables.symtab.offset + old * 24;
    file.copy(symtab, index * 24, entry, entry + 24);
    symtab.writeUInt32LE(old === 0 ? 0 : strings.add(symbols[old]!.name), index * 24);
    if (tables.versym) versym.writeUInt16LE(file.readUInt16LE(tables.versym.offset + old * 2), index * 2);
  });

  const relr = canRelr ? relrTable(relative.map(({ offset }) => offset)) : Buffer.alloc(0);
  if (canRelr) {
    for (const { offset, value } of relative) file.writeBigInt64LE(value, image.offsetOf(offset));
  }
  const asRelocations = canRelr
    ? []
    : relative.map(({ offset, value }) => ({ offset, type: r.relative, symbol: 0, addend: value }));
  if (asRelocations.length > 0 && tables.rela === null)
    throw new Error('it has no table for relative relocations');
  const rela = writeRelocations([...asRelocations, ...dynamicRelocations], place);
  const jumpRel = writeRelocations(jumpSlots, place);
  const verneed = writeVerneed(image, strings, canRelr && relr.length > 0);
  const verdef = writeVerdef(file, image, strings);
  for (const entry of image.tags) {
    if (([dt.needed, dt.soname, dt.runpath, dt.rpath] as number[]).includes(entry.tag))
      entry.value = strings.add(image.stringAt(entry.value));
  }

  const { start, end } = image.arena;
  const arena = Buffer.alloc(end - start);
  let at = 0;
  const put = (content: Buffer): number => {
    at = align(at, 8);
    if (at + content.length > arena.length)
      throw new RangeError('the new tables are larger than the old ones');
    content.copy(arena, at);
    at += content.length;
    return image.addressOf(start) + at - content.length;
  };
  const set = (wanted: number, value: number) => image.setTag(wanted, value);
  set(dt.gnuHash, put(hash.table));
  set(dt.symtab, put(symtab));
  const text = strings.bytes();
  set(dt.strtab, put(text));
  set(dt.strsz, text.length);
  if (tables.versym) set(dt.versym, put(versym));
  if (verneed) set(dt.verneed, put(verneed));
  if (verdef) set(dt.verdef, put(verdef));
  if (relr.length > 0) {
    set(dt.relr, put(relr));
    set(dt.relrsz, relr.length);
    set(dt.relrent, 8);
  } else if (hasRelr) {
    set(
      dt.relr,
      put(Buffer.from(file.subarray(tables.relr!.offset, tables.relr!.offset + tables.relr!.size))),
    );
  }
  if (tables.rela) {
    set(dt.rela, put(rela));
    set(dt.relasz, rela.length);
    image.setTag(dt.relacount, asRelocations.length > 0 ? asRelocations.length : null);
  }
  if (tables.jumpRel) {
    set(dt.jmprel, put(jumpRel));
    set(dt.pltrelsz, jumpRel.length);
  }
  arena.copy(file, start);
  image.writeTags();
}

function readRelocations(file: Buffer, table: { offset: number; size: number } | null): Relocation[] {
  if (table === null) return [];
  return Array.from({ length: table.size / 24 }, (_, index) => {
    const at = table.offset + index * 24;
    return {
      offset: Number(file.readBigUInt64LE(at)),
      type: file.readUInt32LE(at + 8),
      symbol: file.readUInt32LE(at + 12),
      addend: file.readBigInt64LE(at + 16),
    };
  });
}

function writeRelocations(relocations: readonly Relocation[], place: ReadonlyMap<number, number>): Buffer {
  const table = Buffer.alloc(relocations.length * 24);
  relocations.forEach(({ offset, type, symbol, addend }, index) => {
    table.writeBigUInt64LE(BigInt(offset), index * 24);
    table.writeUInt32LE(type, index * 24 + 8);
    table.writeUInt32LE(place.get(symbol)!, index * 24 + 12);
    table.writeBigInt64LE(addend, index * 24 + 16);
  });
  return table;
}

/**
 * Which versions of which libraries the file needs; glibc accepts DT_RELR only in a file that requires
 * GLIBC_ABI_DT_RELR.
 */
function writeVerneed(image: Image, strings: Strings, withRelr: boolean): Buffer | null {
  if (image.verneed.length === 0) return null;
  const parts: Buffer[] = [];
  image.verneed.forEach(({ library, versions }, index) => {
    const all = [...versions];
    if (withRelr && library === 'libc.so.6' && !all.some(({ name }) => name === relrVersion))
      all.push({ hash: sysvHash(relrVersion), flags: 0, index: image.highestVersion + 1, name: relrVersion });
    const part = Buffer.alloc(16 * (1 + all.length));
    part.writeUInt16LE(1, 0);
    part.writeUInt16LE(all.length, 2);
    part.writeUInt32LE(strings.add(library), 4);
    part.writeUInt32LE(16, 8);
    part.writeUInt32LE(index === image.verneed.length - 1 ? 0 : part.length, 12);
    all.forEach((version, number) => {
      const at = 16 * (number + 1);
      part.writeUInt32LE(version.hash, at);
      part.writeUInt16LE(version.flags, at + 4);
      part.writeUInt16LE(version.index, at + 6);
      part.writeUInt32LE(strings.add(version.name), at + 8);
      part.writeUInt32LE(number === all.length - 1 ? 0 : 16, at + 12);
    });
    parts.push(part);
  });
  return Buffer.concat(parts);
}

/** Which versions the file defines: unchanged, except for the offsets of their names. */
function writeVerdef(file: Buffer, image: Image, strings: Strings): Buffer | null {
  const { verdef } = image.tables;
  if (verdef === null) return null;
  const table = Buffer.from(file.subarray(verdef.offset, verdef.offset + verdef.size));
  for (let at = 0; ;) {
    let name = at + table.readUInt32LE(at + 12);
    for (let left = table.readUInt16LE(at + 6); left > 0; left--) {
      table.writeUInt32LE(strings.add(image.stringAt(table.readUInt32LE(name))), name);
      name += table.readUInt32LE(name + 4);
    }
    const next = table.readUInt32LE(at + 16);
    if (next === 0) return table;
    at += next;
  }
}

/** A string table that holds each string once. */
class Strings {
  readonly #places = new Map<string, number>([['', 0]]);
  readonly #parts: string[] = ['\0'];
  #length = 1;

  add(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#length;
    this.#places.set(text, place);
    this.#parts.push(`${text}\0`);
    this.#length += Buffer.byteLength(text, 'latin1') + 1;
    return place;
  }

  bytes(): Buffer {
    return Buffer.from(this.#parts.join(''), 'latin1');
  }
}
