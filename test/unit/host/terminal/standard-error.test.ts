import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import * as clock from '../../../../agent/host/clock.ts';
import { attempt } from '../../../../agent/host/exec.ts';
import { checkout } from '../../../../image/lib/host.ts';

const typescript = `--import=${import.meta.resolve('tsx')}`;

/** A command that tells ten times, and then prints a line. */
function command(t: Test) {
  const directory = t.testdir();
  const [program, out, ready] = [join(directory, 'tells.mts'), join(directory, 'out'), join(directory, 'ready')]; // prettier-ignore
  writeFileSync(
    program,
    `import { openStandardError } from ${JSON.stringify(checkout('agent/host/terminal/standard-error.ts'))};
import { writeFileSync } from 'node:fs';
const { write, isConsole } = openStandardError();
writeFileSync(${JSON.stringify(ready)}, '');
for (let line = 0; line < 10; line++) {
  write('a stage\\n');
  await new Promise(resolve => setTimeout(resolve, 200));
}
process.stdout.write(\`whole, \${isConsole}\`);
`,
  );
  return { program, out, ready };
}

t.test('a command goes on when nobody reads what it tells', async t => {
  const { program, out } = command(t);
  // The reader of standard error ends at once, as a connection does.
  const argv = ['sh', '-c', 'out=$1; shift; "$@" 2>&1 >"$out" | true', 'sh', out, process.execPath];
  await attempt({ doing: 'telling nobody', argv: [...argv, typescript, program], timeoutSeconds: 60 });
  t.equal(readFileSync(out, 'utf8'), 'whole, false');
});

t.test('a command goes on when its terminal is gone, as that of a connection that ended', async t => {
  const { program, out, ready } = command(t);
  // script(1) gives its command to a shell.
  const env = { ...process.env, NODE: process.execPath, TYPESCRIPT: typescript, PROGRAM: program, OUT: out };
  const argv = ['-qec', '"$NODE" "$TYPESCRIPT" "$PROGRAM" >"$OUT"', '/dev/null'];
  const terminal = spawn('script', argv, { stdio: 'ignore', env });
  t.ok(await clock.poll(async () => existsSync(ready) || null, 60, 0.05), 'it has started');
  terminal.kill('SIGKILL');
  const text = async () => readFileSync(out, 'utf8') || null;
  t.equal(await clock.poll(text, 60, 0.05), 'whole, false');
});
