// Starts a TypeScript program of this project on a machine that has only Node: npm packages are installed first when the
// lock file is newer than what is there. Plain JavaScript, because nothing is installed yet when it runs.
//
//   node image/start.mjs PROGRAM.ts [ARGUMENT]...
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(checkout, 'node_modules/.package-lock.json');
const wanted = join(checkout, 'package-lock.json');

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  console.log('npm packages: installing');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev']);
  // tap takes up the plugins that package.json names only on its second run; without this, the first one differs.
  run(process.execPath, [join(checkout, 'node_modules/tap/dist/esm/run.mjs'), 'build']);
  run('touch', [installed]);
}
const [program, ...args] = process.argv.slice(2);
const loaders = ['--import=tsx', `--import=${join(checkout, 'test/support/nix-text.mjs')}`];
process.exitCode = run(process.execPath, [...loaders, resolve(checkout, program), ...args], true);

function run(command, argv, mayFail = false) {
  const { status, signal, error } = spawnSync(command, argv, { cwd: checkout, stdio: 'inherit' });
  if (error) throw error;
  const code = status ?? (signal === 'SIGINT' ? 130 : 1);
  if (code !== 0 && !mayFail) process.exit(code);
  return code;
}
