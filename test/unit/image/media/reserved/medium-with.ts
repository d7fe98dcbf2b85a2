import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dabeiImage, Refused } from '../../../../../image/media/reserved/command.ts';

/**
 * A copy of a medium in a directory with these files.
 * @returns `customize`: `dabei-image customize` for it; a word that names one of the files becomes its path
 */
export function mediumWith(
  directory: string,
  medium: string,
  given: Readonly<Record<string, string | Buffer>>,
) {
  mkdirSync(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  const copy = at('x.iso');
  copyFileSync(medium, copy);
  for (const [name, content] of Object.entries(given)) writeFileSync(at(name), content);
  const customize = (...argv: string[]) =>
    dabeiImage(['customize', copy, ...argv.map(word => (word in given ? at(word) : word))]).join('\n');
  return { at, customize, bytes: () => readFileSync(copy) };
}

/** What the command refuses, with every reason. */
export function reasonsOf(work: () => unknown): { code: string; message: string }[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.reasons.map(({ code, message }) => ({ code, message }));
  }
}
