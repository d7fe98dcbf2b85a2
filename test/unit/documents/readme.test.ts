import { readFileSync } from 'node:fs';
import t from 'tap';
import { installation } from '../../../agent/install.ts';
import { published } from '../../../image/report/output.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

t.test('the README fits on three screens', async t => {
  const lines = readme.trimEnd().split('\n').length;
  t.ok(lines <= 150, `${lines} lines, of 150 at most`);
});

t.test('the picture shows the stages, and where the first write is', async t => {
  const [, picture = ''] = /^```\n([^]*?)^```$/m.exec(readme) ?? [];
  const line = picture.split('\n').find(text => text.includes('►')) ?? '';
  const names = installation.map(({ name }) => name);
  t.same(line.match(/[a-z-]+/g), [...names, 'reboot']);
  // Everything on the left of this stage writes to no disk.
  const [, left = '', right = ''] = /^(.*)│(.*)$/.exec(line) ?? [];
  t.match(left, / evaluate $/);
  t.match(right, /^ nuke-disk /);
});

t.test('docs/building.md lists what `npm run image` writes', async t => {
  const names = [...read('docs/building.md').matchAll(/^\| `out\/([^`]+)`/gm)].map(([, name]) => name);
  t.same(names.toSorted(), [...published, 'SHA256SUMS'].toSorted());
});
