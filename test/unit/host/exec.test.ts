import t from 'tap';
import { attempt, run } from '../../../agent/host/exec.ts';
import { Lines, longestLine, Output, outputLimits } from '../../../agent/host/output.ts';

const node = (script: string) => [process.execPath, '-e', script];
const common = { doing: 'printing', timeoutSeconds: 60 };

t.test('what is parsed is whole', async t => {
  // As much as lsblk says of some 9,000 partitions: more than a pipe takes at once, and more than is kept of a log.
  const script = 'process.stdout.write("[" + "\\"ü\\",".repeat(2 ** 20) + "0]")';
  const { stdout } = await run({ ...common, argv: node(script) });
  t.equal((JSON.parse(stdout) as unknown[]).length, 2 ** 20 + 1);
  t.equal(stdout.includes('\ufffd'), false, 'no character is cut in two by a pipe');
});

t.test('or an error', async t => {
  const endless = ['sh', '-c', 'while :; do printf %1048576d 1; done'];
  for (const start of [run, attempt]) {
    await t.rejects(start({ ...common, argv: endless }), {
      code: 'OUTPUT_TOO_LARGE',
      message: 'printing: sh printed more than 64 MiB',
    });
  }
});

t.test('what is shown is the end of it', async t => {
  const argv = node(
    'for (let i = 0; i < 100000; i++) { console.log("line " + i); console.error("error " + i); }',
  );
  const { stdout, stderr } = await run({ ...common, argv, output: 'tail' });
  t.match(stdout, /^line \d+\nline/);
  t.match(stdout, /\nline 99999\n$/);
  t.ok(stdout.length <= outputLimits.tail && stdout.length > outputLimits.tail - 20);
  t.match(stderr, /^error \d+\nerror/);
  t.match(stderr, /\nerror 99999\n$/);
});

t.test('binary output', async t => {
  const argv = node('process.stdout.write(Buffer.from([0, 127, 128, 255, 195, 10]))');
  const { stdout } = await run({ ...common, argv, binary: true });
  t.same([...Buffer.from(stdout, 'latin1')], [0, 127, 128, 255, 195, 10]);
});

t.test('lines as they come, and what is on standard error, are cleaned', async t => {
  const lines: string[] = [];
  const script = String.raw`printf '\033[31mred\033[0m\r\n  in\tdented\n10 %%\r20 %%\n\nlast\033]0;t\007'; printf 'why\033[2J\0\n' >&2`;
  const { stdout, stderr } = await run({
    ...common,
    argv: ['sh', '-c', script],
    onLine: line => lines.push(line),
  });
  t.same(
    lines.filter(line => line !== 'why'),
    ['red', '  in dented', '10 %', '20 %', '', 'last'],
  );
  t.equal(stderr, 'why\n');
  t.match(stdout, /^\x1b\[31mred/, 'what is parsed is left as it is');
  await t.rejects(run({ ...common, argv: ['sh', '-c', String.raw`printf 'no\033[5m\n' >&2; exit 3`] }), {
    code: 'COMMAND_FAILED',
    message: 'printing: sh ended with exit code 3: no',
  });
});

t.test('a line without an end takes no memory without an end', async t => {
  const taken: number[] = [];
  const lines = new Lines(line => taken.push(line.length));
  for (let piece = 0; piece < 40; piece++) lines.push('x'.repeat(2 ** 16));
  lines.push('\nshort\n');
  lines.push('no end');
  lines.end();
  t.same(taken, [longestLine, 5, 6]);
});

t.test('streams of one byte at a time', async t => {
  const whole = new Output('whole', 10);
  for (const byte of '0123456789') t.equal(whole.push(Buffer.from(byte)), true);
  t.equal(whole.text(), '0123456789');
  t.equal(whole.push(Buffer.from('x')), false);
  t.equal(whole.isTooLarge, true);
  const tail = new Output('tail', 10);
  for (const byte of 'one\ntwo\nthree\n') tail.push(Buffer.from(byte));
  t.equal(tail.text(), 'three\n');
  const long = new Output('tail', 10);
  for (const byte of 'a line without any end') long.push(Buffer.from(byte));
  t.equal(long.text(), 'ut any end');
});
