import t from 'tap';
import { withoutSourceMap, type Coverage } from '../../support/source-maps.ts';

const plan = 'file:///project/agent/plan/plan.ts';
const map = { data: { mappings: 'AAAA' } };
const rooms = ['file:///project/agent/', 'file:///project/image/'];

const rows: [about: string, processes: Coverage[], found: string[]][] = [
  ['a file with its map', [{ result: [{ url: plan }], 'source-map-cache': { [plan]: map } }], []],
  ['no maps at all', [{ result: [{ url: plan }] }], [plan]],
  ['the map of another file', [{ result: [{ url: plan }], 'source-map-cache': { other: map } }], [plan]],
  [
    'a map that Node could not read',
    [{ result: [{ url: plan }], 'source-map-cache': { [plan]: { data: null } } }],
    [plan],
  ],
  [
    'one process of two has it',
    [{ result: [{ url: plan }] }, { result: [{ url: plan }], 'source-map-cache': { [plan]: map } }],
    [],
  ],
  [
    'a test, and a file of Node',
    [{ result: [{ url: 'file:///project/test/a.ts' }, { url: 'node:fs' }] }],
    [],
  ],
  ['what esbuild made', [{ result: [{ url: 'file:///project/agent/main.cjs' }] }], []],
];

t.test('files without a source map', async t => {
  for (const [about, processes, found] of rows) t.same(withoutSourceMap(processes, rooms), found, about);
});
