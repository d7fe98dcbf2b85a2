import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { appendToLog, readText } from '../../../agent/host/files.ts';

t.test('the log of one that was killed in the middle of a line', async t => {
  const path = join(t.testdir(), 'log');
  writeFileSync(path, '{"up":1}\n{"up":2,"ev');
  appendToLog('{"up":3}\n', path);
  appendToLog('{"up":4}\n', path);
  t.equal(readFileSync(path, 'utf8'), '{"up":1}\n{"up":2,"ev\n{"up":3}\n{"up":4}\n');
});

t.test('a process that has ended is not there, also while its files are read', async t => {
  // The second sleep, which is the shell, does not ask what became of the first.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 20'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => parent.kill());
  const [line] = (await new Promise<Buffer>(resolve => parent.stdout.once('data', resolve)))
    .toString()
    .split('\n');
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${line}/status`, 'utf8')));
  const path = `/proc/${line}/smaps_rollup`;
  t.throws(() => readFileSync(path), { code: 'ESRCH' });
  t.equal(readText(path), null);
});
