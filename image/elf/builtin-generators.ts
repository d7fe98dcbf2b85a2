import { parseImage } from './tables.ts';

/**
 * libnode contains V8's builtins twice: as machine code, and as the C++ code that generated it when libnode was built (the "embedded
 * builtins" of v8.dev/blog/embedded-builtins). Nothing calls the generators any more: V8 would, only if it had no snapshot. Their
 * places in the file stay; what they contain becomes instructions that end the program.
 *
 * This is a rule on names, and true of one version: V8 11.3, of Node 20. There, on every architecture of this project, all calls into the
 * set come from V8's setup of builtins (src/builtins/setup-builtins-internal.cc) and of bytecode handlers
 * (src/interpreter/interpreter-generator.cc), from helpers that only the set uses, and from nowhere else; the only data that points
 * into it are vtables of its own classes. To see it for another version, disassemble its libnode (objdump -d), and read its
 * relocations (readelf -r). Until then, that libnode stays whole.
 */
export const reviewedLibrary = 'libnode.so.115';

/** Assemblers of the compilers that run: of regular expressions, WebAssembly, baseline code and trampolines. */
const running = /^(?:Patching)?Assembler$|MacroAssembler|TurboAssembler/;

/**
 * Whether a function of this mangled name (Itanium C++ ABI, 5.1) generates builtins: a member of a class whose name says that it is
 * derived from v8::internal::compiler::CodeAssembler, or a macro of Torque, which gets a CodeAssemblerState. Classes in other namespaces,
 * such as compiler::GraphAssembler and wasm::LiftoffAssembler, belong to compilers that run.
 */
export function generatesBuiltins(name: string): boolean {
  const inside = /^_ZNK?2v88internal(?:11interpreter)?/.exec(name)?.[0];
  if (inside === undefined) return false;
  if (name.includes('18CodeAssemblerState')) return true;
  const rest = name.slice(inside.length);
  if (/^8compiler1[38]CodeAssembler/.test(rest)) return true;
  // A name after its length.
  const digits = /^\d*/.exec(rest)![0];
  const first = rest.slice(digits.length, digits.length + Number(digits));
  return first.endsWith('Assembler') && !running.test(first);
}

/** By e_machine: int3 of x86, udf #0 of Arm. */
const traps: Readonly<Record<number, number>> = { 62: 0xcc, 183: 0x00 };

/**
 * Replaces the code of functions that nothing calls.
 * @param isUnused by the function's name in the table of dynamic symbols
 * @returns the same file, unless it has such functions. Code in which another symbol begins stays
 */
export function withoutCode(file: Buffer, isUnused: (name: string) => boolean): Buffer {
  const image = parseImage(file);
  const trap = traps[image?.machine ?? 0];
  if (image?.dynamic == null || trap === undefined) return file;
  const defined = image.symbols.filter(({ section }) => section !== 0);
  const [unused, used] = [true, false].map(wanted =>
    defined.filter(({ type, name }) => (type === functionType && isUnused(name)) === wanted),
  ) as [typeof defined, typeof defined];
  const starts = used.map(({ value }) => Number(value)).toSorted((a, b) => a - b);
  const changed = Buffer.from(file);
  for (const { value, size } of unused) {
    const [from, to] = [Number(value), Number(value) + size];
    if (starts[firstAtLeast(starts, from)]! < to) continue;
    const offset = image.offsetOf(from);
    changed.fill(trap, offset, offset + size);
  }
  return changed;
}

const functionType = 2;

/** Index of the first of the sorted numbers that is not below `least`. */
function firstAtLeast(sorted: readonly number[], least: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
