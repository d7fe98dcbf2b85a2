import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';
import { checkout } from '../../../../image/lib/host.ts';

t.test('a command goes on when nobody reads what it tells', async t => {
  const directory = t.testdir();
  const [program, out] = [join(directory, 'tells.mts'), join(directory, 'out')];
  writeFileSync(
    program,
    `import { openStandardError } from ${JSON.stringify(checkout('agent/host/terminal/standard-error.ts'))};
const { write, isConsole } = openStandardError();
for (let line = 0; line < 10; line++) {
  write('a stage\\n');
  await new Promise(resolve => setTimeout(resolve, 20));
}
process.stdout.write(\`whole, \${isConsole}\`);
`,
  );
  // The reader of standard error ends at once, as a connection does.
  const argv = ['sh', '-c', 'out=$1; shift; "$@" 2>&1 >"$out" | true', 'sh', out, process.execPath];
  const typescript = `--import=${import.meta.resolve('tsx')}`;
  await attempt({ doing: 'telling nobody', argv: [...argv, typescript, program], timeoutSeconds: 60 });
  t.equal(readFileSync(out, 'utf8'), 'whole, false');
});
