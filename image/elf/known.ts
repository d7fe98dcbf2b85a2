/**
 * The parts of ELF that occur in the image, and that this project has therefore examined; anything else fails the build
 * (load.ts). Sources: System V gABI, "Dynamic Section"; x86-64 psABI, "Relocation Types" and "Dynamic Section"; ELF for the
 * Arm 64-bit Architecture (AAELF64), "Dynamic relocations" and "Dynamic Section"; glibc, elf/elf.h.
 */

/** Dynamic tags (DT_*) that locate the rewritten tables, or that the rewriting cannot affect. */
const commonTags = {
  1: 'NEEDED',
  2: 'PLTRELSZ',
  3: 'PLTGOT',
  4: 'HASH',
  5: 'STRTAB',
  6: 'SYMTAB',
  7: 'RELA',
  8: 'RELASZ',
  9: 'RELAENT',
  10: 'STRSZ',
  11: 'SYMENT',
  12: 'INIT',
  13: 'FINI',
  14: 'SONAME',
  16: 'SYMBOLIC',
  20: 'PLTREL',
  21: 'DEBUG',
  23: 'JMPREL',
  24: 'BIND_NOW',
  25: 'INIT_ARRAY',
  26: 'FINI_ARRAY',
  27: 'INIT_ARRAYSZ',
  28: 'FINI_ARRAYSZ',
  29: 'RUNPATH',
  30: 'FLAGS',
  35: 'RELRSZ',
  36: 'RELR',
  37: 'RELRENT',
  0x6ffffef5: 'GNU_HASH',
  0x6ffffff0: 'VERSYM',
  0x6ffffff9: 'RELACOUNT',
  0x6ffffffb: 'FLAGS_1',
  0x6ffffffc: 'VERDEF',
  0x6ffffffd: 'VERDEFNUM',
  0x6ffffffe: 'VERNEED',
  0x6fffffff: 'VERNEEDNUM',
} as const;
/** Those of one processor have the same numbers as those of another. */
const x86Tags = {
  0x70000000: 'X86_64_PLT',
  0x70000001: 'X86_64_PLTSZ',
  0x70000003: 'X86_64_PLTENT',
} as const;
/** The first two belong to descriptors of thread-local variables that are resolved at their first use. */
const armTags = {
  0x6ffffef6: 'TLSDESC_PLT',
  0x6ffffef7: 'TLSDESC_GOT',
  0x70000001: 'AARCH64_BTI_PLT',
  0x70000003: 'AARCH64_PAC_PLT',
  0x70000005: 'AARCH64_VARIANT_PCS',
} as const;
type Values<T> = T[keyof T];
/** DT_*, without the prefix. */
export type Tag = Values<typeof commonTags> | Values<typeof x86Tags> | Values<typeof armTags>;

/** Of these, the tags that locate a rewritten table. */
export const movedTags =
  /^(STRTAB|STRSZ|SYMTAB|HASH|GNU_HASH|VERSYM|VERDEF|VERNEED|SONAME|RUNPATH)$|^(REL|RELA|RELR)(|SZ|ENT|COUNT)$|^(JMPREL|PLTRELSZ)$/;
/** Required of every file with DT_RELR (glibc, elf/dl-version.c). */
export const relrVersion = 'GLIBC_ABI_DT_RELR';

/** R_X86_64_*, without the prefix. */
const x86Types = {
  1: '64',
  5: 'COPY',
  6: 'GLOB_DAT',
  7: 'JUMP_SLOT',
  8: 'RELATIVE',
  16: 'DTPMOD64',
  17: 'DTPOFF64',
  18: 'TPOFF64',
  37: 'IRELATIVE',
} as const;
/** R_AARCH64_*, by the names of the same things there: ABS64, TLS_DTPMOD, TLS_DTPREL and TLS_TPREL have others. */
const armTypes = {
  257: '64',
  1024: 'COPY',
  1025: 'GLOB_DAT',
  1026: 'JUMP_SLOT',
  1027: 'RELATIVE',
  1028: 'DTPMOD64',
  1029: 'DTPOFF64',
  1030: 'TPOFF64',
  1031: 'TLSDESC',
  1032: 'IRELATIVE',
} as const;
export type RelocationType = Values<typeof x86Types> | Values<typeof armTypes>;

export interface Machine {
  tags: Readonly<Record<number, Tag>>;
  relocationTypes: Readonly<Record<number, RelocationType>>;
  /** The types of which the loader adds the addend to the symbol's value (glibc, sysdeps/…/dl-machine.h). */
  adding: readonly RelocationType[];
}

/** By e_machine of the ELF header. */
export const machines: Readonly<Record<number, Machine>> = {
  62: {
    tags: { ...commonTags, ...x86Tags },
    relocationTypes: x86Types,
    adding: ['64', 'TPOFF64', 'DTPOFF64'],
  },
  183: {
    tags: { ...commonTags, ...armTags },
    relocationTypes: armTypes,
    adding: ['64', 'TPOFF64', 'DTPOFF64', 'TLSDESC', 'GLOB_DAT', 'JUMP_SLOT'],
  },
};
/** Two words: a function and its argument (AAELF64, "Thread local symbols"). */
export const descriptorType: RelocationType = 'TLSDESC';

/** Of DT_FLAGS: ORIGIN, SYMBOLIC, BIND_NOW, STATIC_TLS. */
export const knownFlags = 1 | 2 | 8 | 16;

/** LOCAL, GLOBAL, WEAK, GNU_UNIQUE. */
export const symbolBindings: readonly number[] = [0, 1, 2, 10];
/** NOTYPE, OBJECT, FUNC, TLS, GNU_IFUNC. */
export const symbolTypes: readonly number[] = [0, 1, 2, 6, 10];
export const symbolType = { thread: 6, chosenAtStart: 10 } as const;
export const absoluteSection = 0xfff1;
