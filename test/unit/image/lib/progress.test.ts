import { join } from 'node:path';
import t from 'tap';
import { attempt, run } from '../../../../agent/host/exec.ts';
import { DabeiError } from '../../../../agent/errors.ts';
import { BuildError, describeFailure } from '../../../../image/lib/errors.ts';
import * as files from '../../../../image/lib/files.ts';
import { describeCommandFailure } from '../../../../image/lib/host.ts';
import { note, step, stepsTaken } from '../../../../image/lib/progress.ts';

/** A program as a step of a build runs it. */
const shell = (script: string, timeoutSeconds = 20) =>
  run({ doing: 'building a library', argv: ['sh', '-c', script], timeoutSeconds, onLine: note });

t.test('a program that fails: a sentence with its last lines, and where all of them are', async t => {
  const log = join(t.testdir(), 'logs/library-0.log');
  const script =
    'i=0; while [ $i -lt 500 ]; do echo "CC $i"; i=$((i+1)); done; echo "a.c:1: error: oh" >&2; exit 2';
  const error = (await step('library', () => shell(script), log).catch(
    (error: unknown) => error,
  )) as BuildError;
  t.type(error, BuildError);
  t.equal(error.code, 'BUILD_STEP');
  t.equal(error.message, 'building a library: sh ended with exit code 2: a.c:1: error: oh');
  t.equal(error.remedy, `read all of its output: ${log}`);
  const lines = files.readText(log).trim().split('\n');
  t.equal(lines.length, 501);
  t.ok(lines.includes('CC 0'));
  t.ok(lines.includes('a.c:1: error: oh'));
});

t.test('one that takes too long is the same', async t => {
  const log = join(t.testdir(), 'library-0.log');
  const working = step('library', () => shell('echo waits; exec sleep 30', 0.5), log);
  await t.rejects(working, {
    code: 'BUILD_STEP',
    message: /did not end within 0\.5 s/,
    remedy: `read all of its output: ${log}`,
  });
  t.equal(files.readText(log), 'waits\n');
});

t.test('what is done leaves no log, and no other error is changed', async t => {
  const log = join(t.testdir(), 'library-0.log');
  await step('library', () => shell('echo fine'), log);
  t.notOk(files.exists(log));
  const other = new Error('no space left');
  await t.rejects(
    step('library', () => Promise.reject(other), log),
    other,
  );
  await t.rejects(
    step('no log', () => shell('exit 3')),
    { code: 'COMMAND_FAILED' },
  );
});

t.test('lines belong to the innermost step that has a log', async t => {
  const [outer, inner] = ['outer.log', 'inner.log'].map(name => join(t.testdir(), name)) as [string, string];
  const work = async () => {
    await shell('echo one');
    await step('part', () => shell('echo two'));
    await step('within', () => shell('echo three; exit 1'), inner).catch(() => {});
    await shell('echo four; exit 1');
  };
  await t.rejects(step('whole', work, outer), { code: 'BUILD_STEP' });
  t.equal(files.readText(outer), 'one\ntwo\nfour\n');
  t.equal(files.readText(inner), 'three\n');
});

t.test('the CPU time of a step is that of everything below it', async t => {
  const burn = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done';
  await step('burning', () => shell(`sh -c '${burn}' & sh -c '${burn}'; wait`));
  const burning = stepsTaken().at(-1)!;
  t.equal(burning.name, 'burning');
  t.ok(burning.cpuSeconds > 0.1, `${burning.cpuSeconds} s`);
  await step('sleeping', () => attempt({ doing: 'sleeping', argv: ['sleep', '1'], timeoutSeconds: 20 }));
  const sleeping = stepsTaken().at(-1)!;
  t.ok(sleeping.seconds >= 1, `${sleeping.seconds} s`);
  t.ok(sleeping.cpuSeconds < 0.5, `${sleeping.cpuSeconds} s`);
});

t.test('a program inside of another root is called by its name', async t => {
  const rows: [readonly string[], string][] = [
    [['env', '--chdir=/build', 'make', '-j2'], 'make ended with exit code 2: oh'],
    [
      ['env', '--chdir=/build', 'env', 'CFLAGS=-Os', './configure', '--quiet'],
      './configure ended with exit code 2: oh',
    ],
    [['/usr/bin/busybox', '--list'], '/usr/bin/busybox ended with exit code 2: oh'],
  ];
  for (const [argv, expected] of rows)
    t.equal(describeCommandFailure('unshare ended with exit code 2: oh', argv), expected);
});

t.test('what people read of a failure', async t => {
  const detail = { doing: 'building curl', problem: 'make ended with exit code 2', remedy: 'read all of it' };
  const rows: [unknown, string][] = [
    [
      new BuildError('BUILD_STEP', detail),
      'error BUILD_STEP: building curl: make ended with exit code 2\n  next: read all of it',
    ],
    [
      new DabeiError('COMMAND_MISSING', { doing: 'unpacking', problem: 'mmdebstrap: ENOENT' }),
      'error COMMAND_MISSING: unpacking: mmdebstrap: ENOENT',
    ],
    [new TypeError('undefined is not a function'), 'undefined is not a function'],
    ['text', 'text'],
  ];
  for (const [error, expected] of rows) t.equal(describeFailure(error), expected);
});
