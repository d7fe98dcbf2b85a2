import { join } from 'node:path';
import { parseElf } from './elf.ts';
import * as files from './files.ts';
import { runIn } from './host.ts';

const programDirectories = ['usr/bin', 'usr/sbin', 'usr/lib/openssh', 'usr/lib/udev'];

/**
 * Has the dynamic loader bind every symbol of every program in a root, without starting any: a library that was built
 * anew, or left out, is noticed here and not on a machine that nobody can walk up to.
 * @throws Error naming each program and what it misses
 */
export async function requireSymbolsBound(root: string): Promise<void> {
  const programs = programDirectories.flatMap(directory =>
    files
      .list(join(root, directory))
      .map(name => join(directory, name))
      .filter(path => files.kind(join(root, path)) === 'file' && isDynamic(join(root, path))),
  );
  const faults: string[] = [];
  for (const program of programs) {
    const { stdout, stderr } = await runIn({
      doing: `binding the symbols of /${program}`,
      root,
      // ld.so(8): list what is loaded, bind everything, say what is not found. busybox is static and goes free.
      argv: [
        '/usr/bin/busybox',
        'env',
        'LD_TRACE_LOADED_OBJECTS=1',
        'LD_WARN=1',
        'LD_BIND_NOW=1',
        `/${program}`,
      ],
      timeoutSeconds: 30,
    });
    const missing = `${stdout}\n${stderr}`
      .split('\n')
      .filter(line => /not found|undefined symbol/.test(line));
    if (missing.length > 0) faults.push(`/${program}:`, ...missing.map(line => `  ${line.trim()}`));
  }
  if (faults.length > 0)
    throw new Error(`programs of the image miss symbols or libraries:\n${faults.join('\n')}`);
}

function isDynamic(path: string): boolean {
  const isElf = files.readStart(path, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
  return isElf && parseElf(files.readBytes(path)).interpreter !== null;
}
