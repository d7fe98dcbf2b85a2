import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../image/lib/host.ts';

/** A folder that one look takes in, and files that one sitting does: at most 20 files, of at most 300 lines. */

const roots = ['agent', 'docs', 'image', 'kernel-config', 'nix', 'test'];
/** What a program writes, or data; a reader opens it for one line. */
const generated = /\.(json|svg|man|cjs)$|^test\/golden\/|^test\/fixtures\//;

interface Room {
  path: string;
  files: string[];
}

function rooms(path: string): Room[] {
  const entries = readdirSync(checkout(path), { withFileTypes: true });
  const files = entries.filter(entry => !entry.isDirectory()).map(({ name }) => join(path, name));
  const below = entries.filter(entry => entry.isDirectory());
  return [{ path, files }, ...below.flatMap(({ name }) => rooms(join(path, name)))];
}

const all = roots.flatMap(rooms);

t.test('folders', async t => {
  t.ok(all.length > 50);
  t.same(
    all.filter(({ files }) => files.length > 20).map(({ path, files }) => `${path}: ${files.length} files`),
    [],
  );
});

t.test('files', async t => {
  const long = all
    .flatMap(({ files }) => files)
    .filter(path => !generated.test(path))
    .map(path => ({ path, lines: readFileSync(checkout(path), 'latin1').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 300);
  t.same(
    long.map(({ path, lines }) => `${path}: ${lines} lines`),
    [],
  );
});
