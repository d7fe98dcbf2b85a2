import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('docs/architecture.md', root), 'utf8');

t.test('every path that docs/architecture.md names exists', async t => {
  const paths = [
    ...new Set(
      [...text.matchAll(/`((?:agent|image|kernel-config|nix|test)\/[^`\s]*)`/g)].map(([, path]) => path!),
    ),
  ];
  t.ok(paths.length > 50, `${paths.length} paths`);
  t.same(
    paths.filter(path => !existsSync(new URL(path, root))),
    [],
  );
});

t.test('every answer to "where is X decided?" is found by grep', async t => {
  const [, section = ''] = /^## Where is X decided\?\n([^]*)/m.exec(text) ?? [];
  const rows = [...section.matchAll(/^\| .*?\| `([^`]+)`.*?\| `([^`]+)` *\|$/gm)];
  t.ok(rows.length >= 29, `${rows.length} rows`);
  for (const [, path = '', words = ''] of rows)
    t.ok(readFileSync(new URL(path, root), 'utf8').includes(words), `${path}: ${words}`);
});
