import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { checkout, requireHostPackages, run } from '../image/lib/host.ts';
import * as files from '../image/lib/files.ts';
import { DabeiError } from '../agent/errors.ts';
import { failuresOf } from './support/failures.ts';

/**
 * `npm test`: gates over the sources and unit tests (`--quick` ends here), then the core worlds in virtual machines.
 * The last line counts everything: "N passed, N failed".
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

interface Count {
  passed: number;
  failed: number;
}

/** Runs a tool of this project, showing its lines, and counts it as one test unless it counts by itself. */
async function check(
  name: string,
  argv: readonly string[],
  minutes: number,
  count: (output: string) => Count | null,
  tell: (line: string) => void = say,
  env: Readonly<Record<string, string>> = {},
) {
  tell(`# ${name}`);
  const result = await run({
    doing: name,
    argv: [process.execPath, ...argv],
    cwd: checkout(),
    // Two machines at a time take time from each other.
    env: {
      DABEI_TIME_SCALE: '2',
      ...Object.fromEntries(inherited.flatMap(key => (process.env[key] ? [[key, process.env[key]]] : []))),
      ...env,
    },
    timeoutSeconds: minutes * 60,
    accept: Array.from({ length: 256 }, (_, code) => code),
    onLine: line => shown(line) && tell(line),
  }).catch((error: unknown) => {
    if (!(error instanceof DabeiError)) throw error;
    tell(error.message);
    return { exitCode: 1, stdout: error.message };
  });
  const counted = count(result.stdout) ?? { passed: 0, failed: 0 };
  if (counted.passed + counted.failed === 0 || (result.exitCode !== 0 && counted.failed === 0)) {
    counted[result.exitCode === 0 ? 'passed' : 'failed'] += 1;
  }
  if (counted.failed > 0) failures.push(`# failed: ${name}`, ...failuresOf(result.stdout));
  return counted;
}

/** One line a test file is enough when all is well. */
const shown = (line: string) => !/^\s+(ok|#|\d+\.\.)|^\s*$/.test(line);

const inherited = [
  'PATH',
  'HOME',
  'CI',
  'DABEI_CACHE',
  'DABEI_TIME_SCALE',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
const bin = (name: string) => checkout('node_modules', name);
const alone = () => null;
/** Where TypeScript lies; .dependency-cruiser.cjs says what may import what. */
const rooms = ['agent', 'image', 'test'];
/** As image/start.mjs starts a program. */
const program = (path: string) => [
  '--import=tsx',
  `--import=${new URL('support/nix-text.mjs', import.meta.url).href}`,
  `--import=${checkout('image/top.ts')}`,
  checkout(path),
];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major === 20 && minor < 19)
  throw new DabeiError('USAGE', {
    doing: 'starting the tests',
    problem: `this is Node ${process.versions.node}, and eslint, knip and c8 need 20.19, which Debian 13 has, or newer`,
    remedy: 'install a newer Node; npm run demo and npm run image work with this one',
  });

/** What unit tests start. A test whose program is not there fails; a fresh machine has none of them. */
await requireHostPackages({
  '/usr/bin/shellcheck': 'shellcheck',
  '/usr/bin/dash': 'dash',
  '/usr/bin/busybox': 'busybox',
  '/usr/bin/cpio': 'cpio',
  '/usr/bin/git': 'git',
  '/usr/bin/openssl': 'openssl',
  '/usr/bin/groff': 'groff-base',
  '/usr/bin/ssh-keygen': 'openssh-client',
  '/usr/bin/nix-instantiate': 'nix-bin',
});

/** What reads the sources and starts nothing: as many at a time as there are cores; longest first. */
const gates: readonly [name: string, argv: readonly string[]][] = [
  ['lint', [bin('eslint/bin/eslint.js'), '--max-warnings=0', ...rooms]],
  ['types', [bin('typescript/bin/tsc')]],
  ['formatting', [bin('prettier/bin/prettier.cjs'), '--check', '.']],
  ['imports', [bin('dependency-cruiser/bin/dependency-cruise.mjs'), ...rooms, '--output-type', 'err']],
  ['unused code', [bin('knip/bin/knip.js')]],
];
const waiting = [...gates];
/** Said again at the end: whoever reads a long log reads its end first, and some keep no more. */
const failures: string[] = [];
const counts: Count[] = [];
async function checkGates(): Promise<void> {
  for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift()) {
    const lines: string[] = [];
    counts.push(await check(...gate, 5, alone, line => lines.push(line)));
    lines.forEach(say);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, checkGates));
const v8 = checkout('.tap/v8');
files.remove(v8);
counts.push(
  await check('unit tests', [bin('tap/dist/esm/run.mjs'), '--reporter=tap'], 40, tapCount, say, {
    NODE_V8_COVERAGE: v8,
  }),
);
counts.push(await check('coverage', [...program('test/coverage.ts'), v8], 15, alone));
if (!values.quick) {
  counts.push(await check('image and budgets', program('test/budgets.ts'), 80, lastLineCount));
  counts.push(
    await check('core worlds', [...program('test/vm/run.ts'), '--core', '--jobs', '2'], 80, lastLineCount),
  );
}
failures.forEach(say);
const total = counts.reduce((all, { passed, failed }) => ({
  passed: all.passed + passed,
  failed: all.failed + failed,
}));
say(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** tap's own summary: "# { total: 9, pass: 8, fail: 1 }". What was skipped was not tested, so it counts as failed. */
function tapCount(output: string): Count | null {
  const summary = output.split('\n').findLast(line => line.startsWith('# { total:'));
  const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(summary ?? '')?.[1] ?? 0);
  const failed = number('fail') + number('skip') + number('todo');
  return summary === undefined ? null : { passed: number('pass'), failed };
}

function lastLineCount(output: string): Count | null {
  const found = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  return found ? { passed: Number(found[1]), failed: Number(found[2]) } : null;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
