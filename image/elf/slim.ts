import { posix } from 'node:path';
import { requireSamePrograms } from './check.ts';
import { LinkedSet } from './bind.ts';
import { parseImage, type Symbol } from './tables.ts';
import * as files from '../lib/files.ts';
import { CannotReduce } from '../reductions/fallbacks.ts';
import { slim } from './slim-elf.ts';

/** Which programs and libraries of the image lose what; how is in slim-elf.ts, and what has to stay the same in check.ts. */

/**
 * Stay as they are: the C library and the loader, whose symbols they find themselves; what is opened with dlopen(3), whose
 * symbols are asked for by name while a program runs; and dabei, whose code lies in a note that a tool put there.
 */
const untouched = /^(libc|libm|libresolv|ld-linux[-a-z0-9_]*|libgcc_s|libkmod|libnss_dns)\.so|^dabei$/;

/**
 * Libraries through which no exception passes, though C++ is among them or uses them: V8 and Node are compiled without
 * exceptions, ICU reports errors in an argument, and the others call nothing back that would throw.
 */
const withoutExceptions = /^lib(node|icui18n|icuuc|crypto|ssl|brotlidec|brotlienc|brotlicommon|sodium)\.so/;

/**
 * Makes every program and library below `root` smaller, in place.
 * @throws CannotReduce naming the file that is built in a way that is not understood, or that would run otherwise than before
 */
export function slimPrograms(root: string): void {
  const programs = new Map(
    files
      .walk(`${root}/usr`)
      .filter(path => files.kind(path) === 'file' && !path.endsWith('.ko') && isElf(path))
      .map(path => [path.slice(root.length), files.readBytes(path)]),
  );
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

type SymbolsByFile = ReadonlyMap<string, readonly Symbol[]>;

const namesAskedFor = (symbols: SymbolsByFile): string[] =>
  [...symbols.values()].flat().flatMap(({ name, section }) => (section === 0 ? [name] : []));

/**
 * The first definition in the order of loading counts for all of them: a program that has a copy of a library's variable
 * (R_X86_64_COPY) or its own function of that name, an inline function and its variables in two libraries. Libraries may
 * meet in any program, also by dlopen(3).
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
 * Names that may be asked for with dlsym(3): those of other files that stand as texts in a file that calls it. Linkers put a
 * text into the end of a longer one, so every end of a word counts (SHF_MERGE in the gABI).
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
    // Each name of its own stands there too.
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
