import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';
import { configSchema } from '../../../agent/config/schema.ts';

const published = new URL('../../../docs/config.schema.json', import.meta.url);

// After a change to the schema: TAP_SNAPSHOT=1 npx tap test/unit/config/schema.test.ts && npx prettier --write docs/config.schema.json
t.test('docs/config.schema.json is the schema', async t => {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
  const current = { title: 'Configuration of dabei, version 1', ...schema };
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(published, JSON.stringify(current, null, 2));
  t.same(JSON.parse(readFileSync(published, 'utf8')), JSON.parse(JSON.stringify(current)));
});

t.test('everything may be left out', async t => {
  t.match(configSchema.parse({}), {
    version: 1,
    hostName: 'nixos',
    network: { interfaces: [] },
    ssh: { port: 22 },
  });
});
