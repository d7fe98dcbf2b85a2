import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { configurationDocument, undescribed } from '../../support/documents/configuration.ts';

// After a change to the schema or to the parameters: TAP_SNAPSHOT=1 npx tap test/unit/documents/configuration.test.ts
t.test('docs/configuration.md is the schema and the table of parameters', async t => {
  const path = new URL('../../../docs/configuration.md', import.meta.url);
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, configurationDocument());
  t.equal(readFileSync(path, 'utf8'), configurationDocument());
});

t.test('every setting has a description', async t => t.same(undescribed(), []));
