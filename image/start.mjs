// Starts a TypeScript program of this project on a machine that has only Node: npm packages are installed first when the
// lock file is newer than what is there. Plain JavaScript, because nothing is installed yet when it runs.
//
//   node image/start.mjs PROGRAM.ts [ARGUMENT]...
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(checkout, 'node_modules/.package-lock.json');
const wanted = join(checkout, 'package-lock.json');
const self = fileURLToPath(import.meta.url);
const installing = '--install-packages';

const [program = '', ...args] = process.argv.slice(2);
if (program === installing) {
  // Under the lock; whoever held it before may have done it.
  if (!upToDate()) installPackages();
} else {
  requireNode();
  // flock(1) takes the lock file's own lock, which the kernel lets go of however the installation ends.
  if (!upToDate()) {
    console.log('npm packages: installing');
    const lock = ['--exclusive', '--timeout=600', '--conflict-exit-code=75', wanted];
    const code = run('flock', [...lock, process.execPath, self, installing]);
    if (code === 75)
      fail('LOCK_WAIT', 'another command has been installing npm packages in this checkout for 10 minutes', [
        'wait for it or stop it, then run the same command again',
      ]);
    if (code !== 0) process.exit(code);
  }
  const modules = ['test/support/nix-text.mjs', 'image/top.ts'].map(
    name => `--import=${join(checkout, name)}`,
  );
  process.exitCode = run(process.execPath, ['--import=tsx', ...modules, resolve(checkout, program), ...args]);
}

function upToDate() {
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    fail('USAGE', `this is Node ${process.versions.node}; the build needs 20 or newer`, [
      'install a newer Node, from Debian 13 or nodejs.org',
    ]);
}

function installPackages() {
  // npm-config(7): a transfer that hangs ends after a minute; three tries, with pauses of 20 s at most.
  const patience = ['--fetch-timeout=60000', '--fetch-retries=2', '--fetch-retry-maxtimeout=20000'];
  const code = run('npm', [
    'ci',
    ...patience,
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--include=dev',
  ]);
  if (code !== 0)
    fail(
      'NPM_PACKAGES',
      `installing npm packages: npm ci ended with exit code ${code}; see its messages above`,
      ['check that this machine reaches its npm registry (npm ping), then run the same command again'],
    );
  // tap takes up the plugins that package.json names only on its second run; without this, the first one differs.
  const built = run(process.execPath, [join(checkout, 'node_modules/tap/dist/esm/run.mjs'), 'build']);
  if (built !== 0)
    fail('NPM_PACKAGES', `installing npm packages: tap build ended with exit code ${built}`, [
      'remove node_modules and run the same command again',
    ]);
  const now = new Date();
  utimesSync(installed, now, now);
}

function run(command, argv) {
  const { status, signal, error } = spawnSync(command, argv, { cwd: checkout, stdio: 'inherit' });
  if (error)
    fail('COMMAND_MISSING', `starting ${command}: ${error.message}`, [`install ${command} on this machine`]);
  return status ?? (signal === 'SIGINT' ? 130 : 1);
}

/** As image/top.ts ends a program. */
function fail(code, problem, remedies) {
  console.error(`error ${code}: ${problem}`);
  for (const remedy of remedies) console.error(`What to do: ${remedy}`);
  process.exit(1);
}
