import { posix } from 'node:path';
import { requireSamePrograms } from './check.ts';
import { LinkedSet } from './bind.ts';
import { generatesBuiltins, reviewedLibrary, withoutCode } from './builtin-generators.ts';
import { parseImage, type Symbol } from './tables.ts';
import * as files from '../lib/files.ts';
import { CannotReduce } from '../reductions/fallbacks.ts';
import { slim } from './slim-elf.ts';

/**
 * Decides what each program and library of the image loses. slim-elf.ts does it; check.ts verifies what must not
 * change.
 */

/**
 * Files that stay unchanged: the C library and the loader, which find their symbols themselves; files opened with
 * dlopen(3), because programs look up their symbols by name while they run; and dabei, because another tool put its
 * code into an ELF note.
 */
const untouched = /^(libc|libm|libresolv|ld-linux[-a-z0-9_]*|libgcc_s|libkmod|libnss_dns)\.so|^dabei$/;

/**
 * Libraries that no exception passes through, although they contain C++ or call it: V8 and Node are compiled without
 * exceptions, ICU reports errors in an argument, and the others call no function that would throw.
 */
const withoutExceptions = /^lib(node|icui18n|icuuc|crypto|ssl|brotlidec|brotlienc|brotlicommon|sodium)\.so/;

/**
 * Makes every program and library below `root` smaller, in place.
 * @throws CannotReduce naming a file whose structure is unknown, or that would behave differently
 */
export function slimPrograms(root: string): void {
  const programs = new Map(
    files
      .walk(`${root}/usr`)
      .filter(path => files.kind(path) === 'file' && !path.endsWith('.ko') && isElf(path))
      .map(path => [path.slice(root.length), withoutGenerators(path)]),
  );
  if (new Set([...programs.values()].map(file => file.readUInt16LE(0x12))).size > 1)
    throw new CannotReduce('making programs smaller', 'they are for more than one architecture');
  const before = new LinkedSet(root, path => programs.get(path)!);
  const symbols = new Map([...programs].map(([path, file]) => [path, parseImage(file)?.symbols ?? []]));
  const lookedUp = namesLookedUp(programs, symbols);
  const kept = new Set([...namesAskedFor(symbols), ...lookedUp, ...namesDefinedTwice(symbols, before)]);
  for (const [path, file] of programs) {
    const name = posix.basename(path);
    if (untouched.test(name)) continue;
    try {
      const neverThrows = !name.includes('.so') && !parseImage(file)?.sections.has('.gcc_except_table');
      const withoutUnwinding = neverThrows || withoutExceptions.test(name);
      if (withoutUnwinding && symbols.get(path)!.some(({ name }) => name === '__cxa_begin_catch'))
        throw new Error('it catches exceptions, so it needs its exception tables');
      const smaller = slim(file, { keep: name => kept.has(name), withoutUnwinding });
      const mode = files.isExecutable(root + path) ? 0o755 : 0o644;
      files.remove(root + path);
      files.write(root + path, smaller, mode);
    } catch (error) {
      throw new CannotReduce(`making ${path} smaller`, (error as Error).message, error);
    }
  }
  requireSamePrograms(programs, before, new LinkedSet(root, path => files.readBytes(root + path)), lookedUp);
}

const withoutGenerators = (path: string): Buffer => {
  const file = files.readBytes(path);
  return posix.basename(path) === reviewedLibrary ? withoutCode(file, generatesBuiltins) : file;
};

type SymbolsByFile = ReadonlyMap<string, readonly Symbol[]>;

const namesAskedFor = (symbols: SymbolsByFile): string[] =>
  [...symbols.values()].flat().flatMap(({ name, section }) => (section === 0 ? [name] : []));

/**
 * The first definition in load order serves all files: a program may have a copy of a library's variable
 * (R_X86_64_COPY) or its own function of that name, and two libraries may define the same inline function and its
 * variables. dlopen(3) can bring any two libraries together in one program.
 */
export function namesDefinedTwice(
  symbols: SymbolsByFile,
  linked: Pick<LinkedSet, 'file' | 'scope'>,
): Set<string> {
  const libraries = new Map<string, Set<string>>();
  const programs: [path: string, own: readonly Symbol[]][] = [];
  for (const [path, all] of symbols) {
    const own = all.filter(({ section }) => section !== 0);
    if (own.length === 0) continue;
    if (linked.file(path).soname === null) programs.push([path, own]);
    else
      for (const { name } of own) libraries.set(name, (libraries.get(name) ?? new Set<string>()).add(path));
  }
  const twice = new Set([...libraries].filter(([, paths]) => paths.size > 1).map(([name]) => name));
  for (const [path, own] of programs) {
    const loaded = linked.scope(path);
    for (const { name } of own)
      if (loaded.some(library => libraries.get(name)?.has(library))) twice.add(name);
  }
  return twice;
}

/**
 * Names that dlsym(3) may look up: symbols of other files that occur as text in a file that calls it. Linkers merge a
 * text into the end of a longer one, so every suffix of a word counts (SHF_MERGE in the gABI).
 */
export function namesLookedUp(programs: ReadonlyMap<string, Buffer>, symbols: SymbolsByFile): Set<string> {
  const definedBy = new Map<string, Set<string>>();
  for (const [path, all] of symbols)
    for (const { name, section } of all)
      if (section !== 0) definedBy.set(name, (definedBy.get(name) ?? new Set<string>()).add(path));
  const found = new Set<string>();
  for (const [path, file] of programs) {
    const asks = symbols.get(path)!.some(({ name, section }) => section === 0 && /^dlv?sym$/.test(name));
    if (!asks) continue;
    // A file's own names occur there, too.
    const names = parseImage(file)!.sections.get('.dynstr')!;
    for (let end = file.indexOf(0); end >= 0; end = file.indexOf(0, end + 1)) {
      if (end >= names.offset && end < names.offset + names.size) continue;
      let start = end;
      while (start > 0 && isWord[file[start - 1]!]) start -= 1;
      const text = file.toString('latin1', start, end);
      for (let at = 0; at < text.length; at++) {
        const name = text.slice(at);
        const owners = definedBy.get(name);
        if (owners && (owners.size > 1 || !owners.has(path))) found.add(name);
      }
    }
  }
  return found;
}

const isWord = Array.from({ length: 256 }, (_, byte) => /\w/.test(String.fromCharCode(byte)));

const isElf = (path: string): boolean =>
  files.readStart(path, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
