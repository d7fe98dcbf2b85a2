import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { arrivalRows, marked, readMarks, runRows } from '../../bench/account-rows.ts';
import { counterProgram } from '../../bench/counter-program.ts';
import { readLog } from '../../bench/timeline-svg.ts';

t.test('every line of a command comes with the clock, whatever it contains', async t => {
  const { stdout } = spawnSync('bash', ['-c', marked("printf 'a  \\\\b *\\n'; echo c >&2; exit 3")], {
    encoding: 'utf8',
  });
  t.same(
    readMarks(stdout).map(({ line }) => line),
    ['', 'a  \\b *', 'c', ''],
  );
  t.throws(() => readMarks('1.0 2.0 a\nanother program'), /not a reading: another program/);
});

t.test('the parts of run', async t => {
  // What a Debian 13 in a counted machine printed.
  const marks = readMarks(`57.24 2.64
58.55 2.64 reading this system
68.45 2.64 this machine             QEMU Standard PC (Q35 + ICH9, 2009), BIOS, 1023.5 MiB of RAM
68.53 2.65 loading the new system
71.82 2.65 machine will boot into nixos
71.82 2.66
`);
  t.same(
    runRows(marks).map(({ instructions }) => instructions),
    [1310, 9900, 70, 3280],
  );
  t.throws(() => runRows(marks.slice(0, 3)), /run did not print "loading the new system"/);
});

t.test('the parts of the new system, without those after the login', async t => {
  const line = (up: number, name: string, state: string) =>
    JSON.stringify({ time: '', up, event: 'stage', index: 1, of: 4, name, state, seconds: 0 });
  const rows = arrivalRows({
    kernelLog: `Linux version 6.12
nix-dabei: /init has begun (1.25 s)
nix-dabei: hashing the image (1.30 s)
nix-dabei: the image is whole (3.30 s)
`,
    udev: 4,
    log: readLog(
      [line(9, 'config', 'started'), line(9.1, 'config', 'done'), line(99, 'ssh', 'done')].join('\n'),
    ),
    ssh: { up: 12.1, idle: 1 },
  });
  t.same(
    rows.map(({ instructions }) => instructions),
    [1250, 50, 2000, 700, 5000, 100, 3000, -1000],
  );
  t.equal(rows.at(-1)?.waitedSeconds, 1);
});

t.test('the program that prints the counter', { skip: process.arch !== 'x64' }, async t => {
  const path = `${t.testdir()}/counter`;
  writeFileSync(path, counterProgram(), { mode: 0o755 });
  const read = () => spawnSync(path).stdout.readBigUInt64LE();
  const first = read();
  t.ok(read() > first);
});
