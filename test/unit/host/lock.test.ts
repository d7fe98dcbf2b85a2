import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { claim } from '../../../agent/host/lock.ts';

const module = new URL('../../../agent/host/lock.ts', import.meta.url).href;

/** Waits for the file `go`, claims, says how that ended, and holds it until its standard input ends. */
const contender = (path: string, rounds: number) => `
  import { existsSync } from 'node:fs';
  const { claim } = await import(${JSON.stringify(module)});
  const cell = new Int32Array(new SharedArrayBuffer(4));
  console.log('ready');
  for (let round = 0; round < ${rounds}; round++) {
    while (!existsSync(${JSON.stringify(path)} + '.go.' + round)) Atomics.wait(cell, 0, 0, 1);
    try { claim(${JSON.stringify(path)} + round); console.log('got it'); }
    catch (error) { console.log(error.code + ' ' + error.message); }
  }
  process.stdin.resume();`;

function start(path: string, rounds = 1) {
  const child = spawn(
    process.execPath,
    ['--import=tsx', '--input-type=module', '-e', contender(path, rounds)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const lines = async (count: number) => {
    while (said.split('\n').length <= count) await new Promise(resolve => setTimeout(resolve, 5));
    return said.split('\n').slice(0, -1);
  };
  const end = () =>
    new Promise<void>(resolve => {
      child.once('exit', () => resolve());
      child.stdin.end();
    });
  return { pid: child.pid!, lines, end };
}

t.test('three start at the same moment, 20 times', { timeout: 240_000 }, async t => {
  const rounds = 20;
  const path = join(t.testdir(), 'lock');
  // Every other round, a dead holder's lock is there.
  for (let round = 0; round < rounds; round += 2) writeFileSync(`${path}${round}`, '4194305 1\n');
  const contenders = [start(path, rounds), start(path, rounds), start(path, rounds)];
  for (const { lines } of contenders) await lines(1);
  for (let round = 0; round < rounds; round++) {
    writeFileSync(`${path}.go.${round}`, '');
    const outcomes = await Promise.all(
      contenders.map(async ({ lines }) => (await lines(round + 2))[round + 1]!),
    );
    const winner = contenders[outcomes.indexOf('got it')];
    const losers = outcomes.filter(outcome => outcome !== 'got it');
    t.equal(losers.length, 2, `round ${round}: ${outcomes.join('; ')}`);
    for (const loser of losers)
      t.ok(loser.startsWith(`BUSY starting: another dabei is already running (PID ${winner?.pid}, `), loser);
  }
  await Promise.all(contenders.map(({ end }) => end()));
});

t.test('whose lock it is by now', { timeout: 120_000 }, async t => {
  const path = join(t.testdir(), 'run/dabei/lock');
  claim(path);
  claim(path);
  const own = readFileSync(path, 'utf8');
  t.match(own, /^\d+ \d+\n$/);
  t.ok(own.startsWith(`${process.pid} `));

  const dead = spawnSync('true').pid;
  const started = own.split(' ')[1]!.trim();
  const stale: [string, string][] = [
    ['of a process that has ended', `${dead} 1\n`],
    ['of another process with the same number', `${process.pid} 1\n`],
    ['of the first process, at another time', `1 999999999999\n`],
    ['cut off by a crash', `${process.pid} ${started}`],
    ['empty', ''],
    ['of an earlier version', String(process.pid)],
    ['no number', 'x 1\n'],
    ['a path', '../1 1\n'],
  ];
  for (const [index, [what, text]] of stale.entries()) {
    const lock = `${path}.${index}`;
    writeFileSync(lock, text);
    claim(lock);
    claim(lock);
    const [behind, ...more] = readdirSync(join(path, '..')).filter(name =>
      name.startsWith(`lock.${index}.after.`),
    );
    t.equal(readFileSync(join(path, '..', behind!), 'utf8'), own, what);
    t.same(more, [], what);
  }
  const other = start(`${path}.other`);
  await other.lines(1);
  writeFileSync(`${path}.other.go.0`, '');
  t.same(await other.lines(2), ['ready', 'got it']);
  t.throws(() => claim(`${path}.other0`), {
    code: 'BUSY',
    problem: new RegExp(`^another dabei is already running \\(PID ${other.pid}, --import=tsx `),
    remedy: 'see "dabei status"; wait until it has finished or failed',
  });
  await other.end();
  claim(`${path}.other0`);
  t.notOk(existsSync(`${path}.${process.pid}`));
  // Not below /proc: there, Node's recursive mkdir tries for ever.
  const below = `${path}/dabei/lock`;
  t.throws(() => claim(below), { code: 'FILE', doing: `claiming ${below}`, problem: /ENOTDIR|EEXIST/ });
});
