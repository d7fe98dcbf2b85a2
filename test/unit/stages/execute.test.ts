import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../agent/host/doors.ts';
import type { ErrorCode } from '../../../agent/errors.ts';
import type { LogEntry } from '../../../agent/host/log.ts';
import type { CommitStep, RunStep, Step, WriteStep } from '../../../agent/plan/step.ts';
import { Secret } from '../../../agent/secret.ts';
import { executeSteps } from '../../../agent/stages/execute.ts';
import { doorsTo, type World } from '../../support/doors.ts';

const step = (argv: RunStep['argv'], more: Partial<RunStep> = {}): RunStep => ({
  kind: 'run',
  doing: `running ${argv[0]}`,
  argv,
  timeoutSeconds: 10,
  ...more,
});

async function execute(...steps: Step[]): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  await executeSteps({ ...realDoors, log: entry => entries.push(entry) }, steps);
  return entries;
}

t.test('success is silent', async t => {
  t.same(await execute(step(['true']), step(['cat'], { stdin: 'text' })), []);
  t.same(await execute(), []);
});

t.test('a failure stops, with the code of the step', async t => {
  const directory = t.testdir();
  const after = step(['touch', join(directory, 'after')]);
  const rows: [RunStep, { code: ErrorCode; doing?: string; problem?: RegExp; remedy?: string }][] = [
    [step(['false']), { code: 'COMMAND_FAILED', doing: 'running false' }],
    [step(['sh', '-c', 'echo why >&2; exit 3']), { code: 'COMMAND_FAILED', problem: /exit code 3: why/ }],
    [
      step(['false'], { errorCode: 'POOL_EXPORT', remedy: 'try again' }),
      { code: 'POOL_EXPORT', remedy: 'try again' },
    ],
    [
      step(['sh', '-c', 'echo "cp: error writing kernel: No space left on device" >&2; exit 1'], {
        ...{ errorCode: 'BOOT_LOADER' as const, remedy: 'look' },
        whenFull: { code: 'ESP_TOO_SMALL', remedy: 'more room' },
      }),
      { code: 'ESP_TOO_SMALL', problem: /error writing kernel/, remedy: 'more room' },
    ],
    [
      step(['sh', '-c', 'sh -c "kill -9 \\$\\$"'], {
        ...{ errorCode: 'FLAKE_EVALUATION' as const, remedy: 'look' },
        whenKilled: { code: 'MEMORY_TOO_SMALL', remedy: 'more memory' },
      }),
      { code: 'MEMORY_TOO_SMALL', problem: /exit code 137/, remedy: 'more memory' },
    ],
    [
      step(['false'], { errorCode: 'BOOT_LOADER', whenFull: { code: 'ESP_TOO_SMALL', remedy: 'more room' } }),
      { code: 'BOOT_LOADER' },
    ],
    [step(['false'], { remedy: 'try again' }), { code: 'COMMAND_FAILED', remedy: 'try again' }],
    [step(['/nonexistent/program']), { code: 'COMMAND_MISSING' }],
    [step(['sleep', '30'], { timeoutSeconds: 0.2 }), { code: 'COMMAND_TIMEOUT' }],
    [step(['sh', '-c', 'exit 2'], { accept: [1] }), { code: 'COMMAND_FAILED' }],
  ];
  for (const [failing, error] of rows) {
    await t.rejects(execute(failing, after), error, JSON.stringify(failing.argv));
  }
  t.notOk(existsSync(join(directory, 'after')));
});

t.test('what a program left behind, with its output, and what cannot be ended: not waited for', async t => {
  const pidFile = join(t.testdir(), 'pid');
  const leaving = step(['sh', '-c', 'setsid sleep 60 & echo $! > "$0"', pidFile], { timeoutSeconds: 0.2 });
  await t.rejects(execute(leaving), { code: 'COMMAND_TIMEOUT' });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.ok(process.kill(pid, 'SIGTERM'), 'it is still there');
});

t.test('accepted exit codes', async t => {
  t.same(await execute(step(['sh', '-c', 'exit 2'], { accept: [2] })), []);
});

t.test('an optional step that fails is a warning', async t => {
  const directory = t.testdir();
  const marker = join(directory, 'after');
  const entries = await execute(step(['false'], { optional: true }), step(['touch', marker]));
  t.match(entries, [{ event: 'warning', text: 'running false: false ended with exit code 1' }]);
  t.equal(entries.length, 1);
  t.ok(existsSync(marker));
});

t.test('a program that should print nothing', async t => {
  t.same(await execute(step(['true'], { expect: 'no-output' })), []);
  t.same(await execute(step(['sh', '-c', 'echo aside >&2'], { expect: 'no-output' })), []);
  t.same(await execute(step(['sh', '-c', 'exit 1'], { expect: 'no-output', accept: [1] })), []);
  await t.rejects(
    execute(step(['echo', 'vda 0x218 LVM2_member'], { expect: 'no-output', errorCode: 'DISK_NOT_CLEAN' })),
    {
      code: 'DISK_NOT_CLEAN',
      problem: /LVM2_member/,
    },
  );
});

t.test('progress', async t => {
  const entries = await execute(step(['printf', 'one\ntwo\n'], { progress: true }));
  t.same(entries, [
    { event: 'progress', text: 'one' },
    { event: 'progress', text: 'two' },
  ]);
});

t.test('standard input and environment', async t => {
  const directory = t.testdir();
  const file = join(directory, 'out');
  await execute(
    step(['sh', '-c', `cat > '${file}'; printf %s "$EXTRA" >> '${file}'`], {
      stdin: new Secret('line\n'),
      env: { EXTRA: 'more' },
    }),
  );
  t.equal(readFileSync(file, 'utf8'), 'line\nmore');
});

t.test('files', async t => {
  const directory = t.testdir({ parameter: 'old' });
  const file = join(directory, 'a', 'b');
  await execute(
    { kind: 'write', doing: 'writing a file', path: file, mode: 0o600, content: new Secret('x') },
    { kind: 'kernel', doing: 'setting a parameter', path: join(directory, 'parameter'), value: '64' },
  );
  t.equal(readFileSync(file, 'utf8'), 'x');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(readFileSync(join(directory, 'parameter'), 'utf8'), '64');

  const impossible = {
    kind: 'kernel',
    doing: 'setting a parameter',
    path: '/proc/nowhere/x',
    value: '1',
  } as const;
  await t.rejects(execute(impossible), { code: 'FILE' });
  t.match(await execute({ ...impossible, optional: true }), [{ event: 'warning' }]);
});

t.test('a step that may be tried again', async t => {
  t.setTimeout(60_000);
  const directory = t.testdir();
  const marker = join(directory, 'tried');
  const second = step(['sh', '-c', `test -e ${marker} || { touch ${marker}; exit 1; }`], { attempts: 2 });
  const entries = await execute(second);
  t.match(entries, [{ event: 'warning', text: /exit code 1.*; trying again in 5 s$/ }]);
  const missing = step(['/nonexistent/program'], { attempts: 5 });
  await t.rejects(
    execute(missing),
    { code: 'COMMAND_MISSING' },
    'what cannot become better is not tried again',
  );
});

t.test("Nix's log becomes progress, and its errors the error", async t => {
  const error = JSON.stringify({ action: 'msg', level: 0, msg: 'hash mismatch importing path' });
  const nix = step(['sh', '-c', `echo '@nix ${error}' >&2; exit 1`], {
    copies: { paths: 1, bytes: 1 },
    errorCode: 'CLOSURE_COPY',
    attempts: 3,
  });
  await t.rejects(execute(nix), { code: 'CLOSURE_HASH', problem: 'hash mismatch importing path' });
  const killed = step(['sh', '-c', 'kill -9 $$'], { copies: { paths: 1, bytes: 1 }, attempts: 3 });
  await t.rejects(
    execute(killed),
    { code: 'COMMAND_FAILED' },
    'nothing is tried again where Nix gave no reason',
  );
  const [entry] = await execute(step(['true'], { copies: { paths: 1, bytes: 1 } }));
  t.match(entry, { event: 'copied', ofPaths: 1 });
});

t.test('key files exist while the program runs, and never after', async t => {
  const path = join(t.testdir(), 'keys/disk.key');
  const keyFiles = [{ path, content: new Secret('correct horse') }];
  const saves = join(t.testdir(), 'seen');
  const look = step(['sh', '-c', `cat ${path}; stat -c ' %a' ${path}`], { keyFiles, saves });
  await execute(look);
  t.equal(readFileSync(saves, 'utf8'), 'correct horse 600\n');
  t.equal(statSync(saves).mode & 0o777, 0o600, 'what is saved is for root alone');
  t.notOk(existsSync(path));
  const kept = join(t.testdir(), 'kept');
  await t.rejects(execute(step(['sh', '-c', `ln ${path} ${kept}; exit 3`], { keyFiles })), {
    code: 'COMMAND_FAILED',
  });
  t.notOk(existsSync(path), 'nor after a failure');
  t.ok(
    readFileSync(kept).every(byte => byte === 0),
    'overwritten first',
  );
});

t.test('doors that fail', async t => {
  const whenFull = { code: 'ESP_TOO_SMALL' as const, remedy: 'more room' };
  const write: WriteStep = {
    kind: 'write',
    doing: 'writing the menu',
    path: '/boot/menu',
    mode: 0o600,
    content: 'x',
  };
  const commit: CommitStep = {
    kind: 'commit',
    doing: 'committing',
    directory: '/etc/nixos',
    message: 'first',
    author: 'dabei <root@localhost>',
  };
  const keyFiles = [{ path: '/tmp/disk.key', content: new Secret('correct horse') }];
  const full: World['failing'] = [['writeAtomic', /./, 'ENOSPC']];
  const rows: [name: string, step: Step, failing: World['failing'], error: { code: ErrorCode; remedy?: string } | null][] = [
    ['a full ESP', { ...write, whenFull }, full, whenFull],
    ['a full file system', write, full, { code: 'FILE' }],
    ['an ESP that is read-only', { ...write, whenFull }, [['writeAtomic', /menu/, 'EROFS']], { code: 'FILE' }],
    ['a repository', commit, [], null],
    ['a repository that cannot be written', commit, [['writeAtomic', /\.git\//, 'EROFS']], { code: 'FILE' }],
    ['a directory that cannot be read', commit, [['tree', /nixos/, 'EIO']], { code: 'FILE' }],
    ['no room for a key', step(['works'], { keyFiles }), full, { code: 'FILE' }],
    ['no room for what a program printed', step(['works'], { saves: '/run/layout.json' }), full, { code: 'FILE' }],
    ['a key that cannot be removed', step(['works'], { keyFiles }), [['erase', /key/, 'EIO']], null],
    ['nor after a failure', step(['fails'], { keyFiles }), [['erase', /key/, 'EIO']], { code: 'COMMAND_FAILED' }],
  ]; // prettier-ignore
  for (const [name, tried, failing, error] of rows) {
    const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
      failing: failing!,
      files: { '/etc/nixos/flake.nix': '{ }' },
      programs: { works: 'exit 0', fails: 'exit 1', after: 'exit 0' },
    });
    const executing = executeSteps(doors, [tried, step(['after'])]);
    if (error === null) await executing;
    else await t.rejects(executing, error, name);
    t.equal(doors.ran.includes('after'), error === null, `${name}: the next step`);
    const isLeft = doors.read('/tmp/disk.key') !== null;
    const warning = { event: 'warning', text: /\/tmp\/disk\.key: EIO/ };
    t.equal(
      isLeft,
      failing?.some(([call]) => call === 'erase'),
      `${name}: no key stays`,
    );
    t.equal(doors.told.length, isLeft ? 1 : 0, name);
    if (isLeft) t.match(doors.told, [warning], `${name}: a key that stays is told`);
    t.notMatch(JSON.stringify(doors.told), 'correct horse', `${name}: no secret is told`);
    if (tried.kind === 'commit' && error === null)
      t.match(doors.read('/etc/nixos/.git/refs/heads/main'), /^[0-9a-f]{40}\n$/, name);
  }
  const optional = { ...commit, optional: true };
  const doors = doorsTo(t.testdir(), { failing: full, files: { '/etc/nixos/flake.nix': '{ }' } });
  await executeSteps(doors, [optional]);
  t.match(doors.told, [{ event: 'warning', text: /ENOSPC/ }], 'a repository that may be missing');
});
