import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as clock from '../../../../../agent/host/clock.ts';
import { checkout } from '../../../../../image/lib/host.ts';

/** The program itself, which keeps iwd and the message bus running. */

const script = checkout('image/rootfs/wifi/usr/lib/dabei/respawn');

t.test('a program that ends is started again, and ends with the one that starts it', async t => {
  const root = t.testdir();
  const at = (name: string) => join(root, name);
  const pids = () => (existsSync(at('pids')) ? readFileSync(at('pids'), 'utf8').trim().split('\n') : []);
  writeFileSync(at('program'), `#!/bin/sh\necho $$ >>${at('pids')}\nexec sleep 60\n`, { mode: 0o755 });
  const child = spawn('sh', [script, at('program'), 'an argument'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const ended = new Promise(resolve => child.once('exit', resolve));
  const started = (times: number) => clock.poll(async () => pids().length === times || null, 20, 0.05);
  t.ok(await started(1));
  process.kill(Number(pids()[0]), 'SIGKILL');
  t.ok(await started(2), 'again');
  t.match(said.join(''), /program has ended \(137\), and is started again in 1 s/);
  child.kill('SIGTERM');
  t.equal(await ended, 0);
  t.notOk(existsSync(`/proc/${pids()[1]}`), 'the program has ended, too');
});
