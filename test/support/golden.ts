import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';

/**
 * Golden directories: test/golden/NAME/ holds generated files as they are on disk, so that a review shows what a change
 * does to a machine. TAP_SNAPSHOT=1 writes them anew.
 */
const golden = join(import.meta.dirname, '../golden');

/**
 * Compares the whole of test/golden/ with what was generated; a difference is printed as a diff.
 * @param directories name of a directory -> relative path of a file -> its text
 * @param root another directory than test/golden/, for the test of this function
 * @param update write instead of comparing; stale files and directories are removed
 */
export function matchGolden(
  t: Test,
  directories: Readonly<Record<string, Readonly<Record<string, string>>>>,
  root = golden,
  update = process.env['TAP_SNAPSHOT'] === '1',
): void {
  const expected = new Map(
    Object.entries(directories).flatMap(([name, files]) =>
      Object.entries(files).map(([path, text]) => [`${name}/${path}`, text] as const),
    ),
  );
  if (update) write(root, expected);
  t.same(filesBelow(root), [...expected.keys()].toSorted(), 'files; TAP_SNAPSHOT=1 removes stale ones');
  for (const [path, text] of expected) {
    const file = join(root, path);
    t.equal(existsSync(file) ? readFileSync(file, 'utf8') : null, text, path);
  }
}

function write(root: string, expected: ReadonlyMap<string, string>): void {
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of expected) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Relative paths, sorted; none where the directory does not exist. */
function filesBelow(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}
