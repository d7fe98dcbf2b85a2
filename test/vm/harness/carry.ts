import { basename, join } from 'node:path';
import { realpathSync } from 'node:fs';
import * as files from '../../../image/lib/files.ts';
import { run } from '../../../image/lib/host.ts';
import type { Ssh } from './ssh.ts';

/** Programs of this machine that the image does not have, used inside a guest: with their libraries and their loader. */

const directory = '/run/carried';

/**
 * Copies a program there.
 * @returns how it is called
 */
export async function carry(ssh: Ssh, program: string, work: string): Promise<string> {
  const { stdout } = await run({
    doing: `finding the libraries of ${program}`,
    argv: ['ldd', program],
    timeoutSeconds: 20,
  });
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
  const archive = join(work, `${basename(program)}.tar`);
  const packed = join(work, `${basename(program)}.carried`);
  files.makeDirectory(packed);
  for (const path of [program, ...libraries]) files.copy(realpathSync(path), join(packed, basename(path)));
  await run({
    doing: `packing ${program}`,
    argv: ['tar', '-cf', archive, '-C', packed, '.'],
    timeoutSeconds: 60,
  });
  await ssh.run(`mkdir -p ${directory} && tar -xf - -C ${directory}`, {
    stdin: files.readBytes(archive),
    seconds: 120,
  });
  files.remove(archive);
  files.remove(packed);
  const loader = libraries.map(path => basename(path)).find(name => name.startsWith('ld-linux'));
  return `${directory}/${loader} --library-path ${directory} ${directory}/${basename(program)}`;
}
