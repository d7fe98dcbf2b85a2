import { join, posix } from 'node:path';
import { parseImage } from './elf-tables.ts';
import * as files from './files.ts';
import { slim } from './slim-elf.ts';

/** Which programs and libraries of the image lose what; how is in slim-elf.ts. */

/**
 * Stay as they are: the C library and the loader, whose symbols they find themselves; what is opened with dlopen(3), whose
 * symbols are asked for by name while a program runs; and dabei, whose code lies in a note that a tool put there.
 */
const untouched = /^(libc|libm|libresolv|ld-linux-x86-64|libgcc_s|libkmod|libnss_dns)\.so|^dabei$/;

/**
 * Libraries through which no exception passes, though C++ is among them or uses them: V8 and Node are compiled without
 * exceptions, ICU reports errors in an argument, and the others call nothing back that would throw.
 */
const withoutExceptions = /^lib(node|icui18n|icuuc|crypto|ssl|brotlidec|brotlienc|brotlicommon|sodium)\.so/;

/** Makes every program and library below `root` smaller, in place. */
export function slimPrograms(root: string): void {
  const programs = files
    .walk(join(root, 'usr'))
    .filter(path => files.kind(path) === 'file' && !path.endsWith('.ko') && isElf(path));
  const asked = new Set<string>();
  const variables = new Map<string, number>();
  for (const path of programs) {
    for (const { name, section, type } of parseImage(files.readBytes(path))?.symbols ?? []) {
      if (section === 0) asked.add(name);
      // Two files that both define a variable agree on one of them while they are loaded.
      else if (type !== 2) variables.set(name, (variables.get(name) ?? 0) + 1);
    }
  }
  const keep = (name: string, isFunction: boolean) =>
    asked.has(name) || (!isFunction && variables.get(name)! > 1);
  for (const path of programs) {
    const name = posix.basename(path);
    if (untouched.test(name)) continue;
    const file = files.readBytes(path);
    const neverThrows = !name.includes('.so') && !parseImage(file)!.sections.has('.gcc_except_table');
    const smaller = slim(file, { keep, withoutUnwinding: neverThrows || withoutExceptions.test(name) });
    if (smaller === null) continue;
    const mode = files.isExecutable(path) ? 0o755 : 0o644;
    files.remove(path);
    files.write(path, smaller, mode);
  }
}

const isElf = (path: string): boolean =>
  files.readStart(path, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
