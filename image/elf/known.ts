/**
 * The parts of ELF that occur in the image, and that this project has therefore examined; anything else fails the build
 * (load.ts). Sources: System V gABI, "Dynamic Section"; x86-64 psABI, "Relocation Types" and "Dynamic Section"; glibc,
 * elf/elf.h.
 */

/** Dynamic tags (DT_*) that locate the rewritten tables, or that the rewriting cannot affect. */
export const knownTags = {
  ...{ 1: 'NEEDED', 2: 'PLTRELSZ', 3: 'PLTGOT', 4: 'HASH', 5: 'STRTAB', 6: 'SYMTAB', 7: 'RELA', 8: 'RELASZ' },
  ...{ 9: 'RELAENT', 10: 'STRSZ', 11: 'SYMENT', 12: 'INIT', 13: 'FINI', 14: 'SONAME', 16: 'SYMBOLIC' },
  ...{ 20: 'PLTREL', 21: 'DEBUG', 23: 'JMPREL', 24: 'BIND_NOW', 25: 'INIT_ARRAY', 26: 'FINI_ARRAY' },
  ...{ 27: 'INIT_ARRAYSZ', 28: 'FINI_ARRAYSZ', 29: 'RUNPATH', 30: 'FLAGS', 35: 'RELRSZ', 36: 'RELR' },
  ...{ 37: 'RELRENT', 0x6ffffef5: 'GNU_HASH', 0x6ffffff0: 'VERSYM', 0x6ffffff9: 'RELACOUNT' },
  ...{ 0x6ffffffb: 'FLAGS_1', 0x6ffffffc: 'VERDEF', 0x6ffffffd: 'VERDEFNUM', 0x6ffffffe: 'VERNEED' },
  ...{ 0x6fffffff: 'VERNEEDNUM', 0x70000000: 'X86_64_PLT', 0x70000001: 'X86_64_PLTSZ' },
  ...{ 0x70000003: 'X86_64_PLTENT' },
} as const;
export type Tag = (typeof knownTags)[keyof typeof knownTags];

/** Of these, the tags that locate a rewritten table. */
export const movedTags =
  /^(STRTAB|STRSZ|SYMTAB|HASH|GNU_HASH|VERSYM|VERDEF|VERNEED|SONAME|RUNPATH)$|^(REL|RELA|RELR)(|SZ|ENT|COUNT)$|^(JMPREL|PLTRELSZ)$/;
/** Required of every file with DT_RELR (glibc, elf/dl-version.c). */
export const relrVersion = 'GLIBC_ABI_DT_RELR';

/** R_X86_64_*, without the prefix. */
export const relocationTypes = {
  ...{ 1: '64', 5: 'COPY', 6: 'GLOB_DAT', 7: 'JUMP_SLOT', 8: 'RELATIVE', 16: 'DTPMOD64', 17: 'DTPOFF64' },
  ...{ 18: 'TPOFF64', 37: 'IRELATIVE' },
} as const;
export type RelocationType = (typeof relocationTypes)[keyof typeof relocationTypes];

/** Of DT_FLAGS: ORIGIN, SYMBOLIC, BIND_NOW, STATIC_TLS. */
export const knownFlags = 1 | 2 | 8 | 16;

/** LOCAL, GLOBAL, WEAK, GNU_UNIQUE. */
export const symbolBindings: readonly number[] = [0, 1, 2, 10];
/** NOTYPE, OBJECT, FUNC, TLS, GNU_IFUNC. */
export const symbolTypes: readonly number[] = [0, 1, 2, 6, 10];
export const symbolType = { thread: 6, chosenAtStart: 10 } as const;
export const absoluteSection = 0xfff1;
