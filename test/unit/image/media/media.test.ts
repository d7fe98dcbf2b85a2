import { readFileSync } from 'node:fs';
import t from 'tap';
import { media } from '../../../../image/media/media.ts';
import { published } from '../../../../image/report/output.ts';
import type { Budgets } from '../../../../image/reductions/budgets.ts';

const budgets = JSON.parse(
  readFileSync(new URL('../../../../image/report/budgets.json', import.meta.url), 'utf8'),
) as Budgets;

t.test('media are published, each file by one of them, and what carries the image has a budget', async t => {
  const names = media.flatMap(({ files }) => files);
  t.equal(new Set(names).size, names.length);
  t.strictSame(
    names.filter(name => !published.includes(name)),
    [],
  );
  for (const { name, files, carriesImage } of media) {
    t.ok(files.length > 0, name);
    for (const file of files.filter(() => carriesImage)) t.ok(file in budgets.artefacts, file);
  }
});
