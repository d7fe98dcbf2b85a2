import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import {
  configurationDocument,
  networkDocument,
  parametersDocument,
  undescribed,
} from '../../support/documents/configuration.ts';

const generated = {
  configuration: configurationDocument(),
  'settings/network': networkDocument(),
  'kernel-parameters': parametersDocument(),
};

// After a change to the schema or to the parameters: TAP_SNAPSHOT=1 npx tap test/unit/documents/configuration.test.ts
for (const [name, text] of Object.entries(generated))
  t.test(`docs/${name}.md is the schema and the table of parameters`, async t => {
    const path = new URL(`../../../docs/${name}.md`, import.meta.url);
    if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, text);
    t.equal(readFileSync(path, 'utf8'), text);
  });

t.test('every setting has a description', async t => t.same(undescribed(), []));
