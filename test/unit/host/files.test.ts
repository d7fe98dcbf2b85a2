import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { appendToLog } from '../../../agent/host/files.ts';

t.test('the log of one that was killed in the middle of a line', async t => {
  const path = join(t.testdir(), 'log');
  writeFileSync(path, '{"up":1}\n{"up":2,"ev');
  appendToLog('{"up":3}\n', path);
  appendToLog('{"up":4}\n', path);
  t.equal(readFileSync(path, 'utf8'), '{"up":1}\n{"up":2,"ev\n{"up":3}\n{"up":4}\n');
});
