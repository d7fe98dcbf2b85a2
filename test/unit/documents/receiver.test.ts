import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { collect } from '../../../agent/commands/collect.ts';
import { realDoors } from '../../../agent/host/doors.ts';
import { runtimeInfo } from '../../../agent/plan/host-flake/runtime-info.ts';
import { blocks, documents } from '../../support/documents/files.ts';
import { machines } from '../plan/machines.ts';

/** The receiver of docs/fleets.md, as people copy it. */

const [program = ''] = blocks(
  documents.find(({ path }) => path === 'docs/fleets.md')!,
  'js',
);

t.test('it runs, keeps events, and permits what the operator permits', async t => {
  t.ok(program.trimEnd().split('\n').length <= 50, 'it is short');
  const directory = t.testdir({ 'receiver.mjs': program, infra: {} });
  const file = (name: string) => join(directory, name);
  const argv = [file('receiver.mjs'), '0', file('reports.jsonl'), file('permitted')];
  const receiver = spawn(process.execPath, argv, {
    env: { TOKEN: 'abc' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => receiver.kill());
  const port = await new Promise<string>(resolve =>
    createInterface(receiver.stdout).once('line', line => resolve(line.replace('port ', ''))),
  );
  const post = async (value: unknown, token = 'abc', method = 'POST') => {
    const response = await fetch(`http://127.0.0.1:${port}/events`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(method === 'POST' ? { body: typeof value === 'string' ? value : JSON.stringify(value) } : {}),
    });
    return {
      status: response.status,
      text: await response.text(),
      wait: response.headers.get('retry-after'),
    };
  };
  const event = { name: 'dabei/plan', event_type: 'start', origin: 'nix-dabei', machine: { serial: 'S1' } };
  const { config, facts, storage } = machines['hetzner-cloud'];
  const question = { ...event, event_type: 'ask', nonce: '0f', plan: 'ab' };
  t.match(await post(event), { status: 204 });
  t.match(await post(event, 'abd'), { status: 401 });
  t.match(await post(event, 'abc', 'GET'), { status: 405 });
  for (const bad of ['{', 'null', '7', { ...event, origin: 'cloudinit' }])
    t.match(await post(bad), { status: 400 });
  const wait = await post(question);
  t.same(JSON.parse(wait.text), { action: 'wait', nonce: '0f', plan: 'ab' });
  t.equal(wait.wait, '15');
  writeFileSync(file('permitted'), 'S0\nS1\n');
  t.same(JSON.parse((await post(question)).text), { action: 'continue', nonce: '0f', plan: 'ab' });
  t.match(JSON.parse((await post({ ...question, machine: { serial: null } })).text), { action: 'wait' });
  await post({ ...event, name: 'dabei', runtime_info: runtimeInfo(config, facts, storage) });
  t.equal(readFileSync(file('reports.jsonl'), 'utf8').trimEnd().split('\n').length, 5, 'one event a line');
  t.match(
    collect(realDoors, [file('reports.jsonl')], file('infra')),
    'new      hosts/web-02/runtime-info.json',
  );
});
