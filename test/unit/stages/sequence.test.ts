import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { DabeiError, Refusals } from '../../../agent/errors.ts';
import { installation, rehearsal, repetition, rescue } from '../../../agent/install.ts';
import { formatEntry } from '../../../agent/host/log.ts';
import { readStatus } from '../../../agent/host/status.ts';
import { runStages, type Stage } from '../../../agent/stages/sequence.ts';
import { doorsTo, type TestDoors } from '../../support/doors.ts';

const refusal = new DabeiError('DISK_NOT_FOUND', {
  doing: 'choosing disks',
  problem: 'no disk',
  remedy: 'name one',
});
const other = new DabeiError('DISK_MEMBERS', { doing: 'choosing disks', problem: 'too few' });

const works = (name: string, always = false): Stage => ({ name, run: async () => {}, always });
const fails = (name: string, error: Error, always = false): Stage => ({
  name,
  run: async () => {
    throw error;
  },
  always,
});

async function run(doors: TestDoors, stages: readonly Stage[]) {
  const session = { resolution: resolveConfiguration({ commandLine: '', files: [] }) };
  const failure = await runStages(doors, stages, session);
  const lines = doors.told.map(entry => formatEntry(entry)?.replaceAll(/\d+\.\d s/g, 'T s') ?? '');
  return { failure, lines, state: readStatus(doors)?.state };
}

interface World {
  name: string;
  stages: Stage[];
  lines: string[];
  code: string | null;
  state: string | undefined;
}

const worlds: World[] = [
  {
    name: 'all is well',
    stages: [works('config'), works('network')],
    lines: [
      'stage 1/2 config: started',
      'stage 1/2 config: done (T s)',
      'stage 2/2 network: started',
      'stage 2/2 network: done (T s)',
    ],
    code: null,
    state: 'running',
  },
  {
    name: 'a failure ends the sequence, but not what always runs',
    stages: [fails('config', refusal), works('network', true), works('plan')],
    lines: [
      'stage 1/3 config: started',
      'stage 1/3 config: failed (T s)',
      'error DISK_NOT_FOUND: choosing disks: no disk\n  next: name one',
      'stage 2/3 network: started',
      'stage 2/3 network: done (T s)',
    ],
    code: 'DISK_NOT_FOUND',
    state: 'failed',
  },
  {
    name: 'the first failure counts',
    stages: [fails('config', refusal), fails('network', other, true)],
    lines: [
      'stage 1/2 config: started',
      'stage 1/2 config: failed (T s)',
      'error DISK_NOT_FOUND: choosing disks: no disk\n  next: name one',
      'stage 2/2 network: started',
      'stage 2/2 network: failed (T s)',
      'error DISK_MEMBERS: choosing disks: too few',
    ],
    code: 'DISK_NOT_FOUND',
    state: 'failed',
  },
  {
    name: 'every reason is told',
    stages: [fails('plan', new Refusals([other, refusal]))],
    lines: [
      'stage 1/1 plan: started',
      'stage 1/1 plan: failed (T s)',
      'error DISK_MEMBERS: choosing disks: too few',
      'error DISK_NOT_FOUND: choosing disks: no disk\n  next: name one',
    ],
    code: 'DISK_MEMBERS',
    state: 'failed',
  },
  {
    name: 'what nobody threw on purpose is a bug',
    stages: [fails('plan', new TypeError('x is undefined'))],
    lines: [
      'stage 1/1 plan: started',
      'stage 1/1 plan: failed (T s)',
      'error INTERNAL: running the stage plan: x is undefined',
    ],
    code: 'INTERNAL',
    state: 'failed',
  },
];

for (const { name, stages, lines, code, state } of worlds) {
  t.test(name, async t => {
    const result = await run(doorsTo(t.testdir()), stages);
    t.same(result.lines, lines);
    t.equal(result.failure?.code ?? null, code);
    t.equal(result.state, state);
  });
}

t.test('a status that cannot be written keeps no stage from its work', async t => {
  const doors = doorsTo(t.testdir(), { failing: [['writeAtomic', /status\.json$/, 'ENOSPC']] });
  const done: string[] = [];
  const stage = (name: string, always: boolean): Stage => ({
    name,
    always,
    run: async () => {
      done.push(name);
      if (name === 'config') throw refusal;
    },
  });
  const stages = [stage('config', false), stage('network', true), stage('ssh', true)];
  const { failure } = await run(doors, stages);
  t.equal(failure, refusal);
  t.same(done, ['config', 'network', 'ssh']);
  t.match(doors.told, [{}, { event: 'warning', text: /^writing \/run\/dabei\/status.json: ENOSPC/ }]);
  t.equal(doors.read('/run/dabei/status.json'), null);
});

t.test('the sequences', async t => {
  const names = (stages: readonly Stage[]) => stages.map(({ name }) => name).join(' ');
  t.equal(
    names(installation),
    'config network ssh plan evaluate nuke-disk host-flake install boot-loader finish',
  );
  t.equal(names(rescue), 'config network ssh rescue');
  t.equal(names(rehearsal), 'config network ssh plan rescue');
  t.equal(names(repetition), 'config plan evaluate nuke-disk host-flake install boot-loader finish');
});
