import t from 'tap';
import { arch, rows } from '../../../../agent/arch.ts';
import { DabeiError } from '../../../../agent/errors.ts';
import { BuildError, FetchMissing } from '../../../../image/lib/errors.ts';
import { rebuiltSources } from '../../../../image/reductions/libraries.ts';
import {
  budgetsFile,
  publishedBudgets,
  relaxed,
  type Budgets,
} from '../../../../image/reductions/budgets.ts';
import {
  CannotReduce,
  Fallbacks,
  parseReductions,
  type FallbackOptions,
} from '../../../../image/reductions/fallbacks.ts';
import { reductions, type Reduction } from '../../../../image/reductions/reductions.ts';

/** A build of which some parts fail, and what it says. */
async function build(options: FallbackOptions, failing: Partial<Record<Reduction, Error>>) {
  const lines: string[] = [];
  const fallbacks = new Fallbacks(options, line => lines.push(line));
  const tried: Reduction[] = [];
  const had: (Reduction | null)[] = [];
  for (const part of reductions) {
    const work = async () => {
      tried.push(part);
      if (failing[part]) throw failing[part];
      return part;
    };
    had.push(await fallbacks.reduce(part, work));
  }
  return { lines, tried, had, taken: fallbacks.taken };
}

const missing = new FetchMissing('fetching the source of curl', [
  { kind: 'source', name: 'curl', version: '8.14.1-2', tried: ['8.14.1-2 from trixie: 404 Not Found'] },
]);
const failedStep = new BuildError('BUILD_STEP', {
  doing: 'building openssh',
  problem: 'make ended with exit code 2: sshd.c:1: error: expected identifier\nmake: *** [sshd.o] Error 1',
  remedy: 'read all of its output: /cache/logs/openssh-0.log',
});

t.test('all is there: nothing falls back, nothing is said', async t => {
  const { had, taken, lines } = await build({}, {});
  t.strictSame(had, reductions);
  t.strictSame(taken, []);
  t.strictSame(lines, []);
});

t.test('whatever is missing or fails falls back by itself, with one warning', async t => {
  const trouble = {
    curl: missing,
    openssh: failedStep,
    elf: new CannotReduce('making /usr/lib/libz.so.1 smaller', 'its tables are not adjacent'),
  };
  const { had, taken, lines } = await build({}, trouble);
  t.strictSame(
    had,
    reductions.map(part => (part in trouble ? null : part)),
  );
  t.strictSame(taken, [
    { part: 'curl', reason: 'fetching the source of curl: one item is not available' },
    {
      part: 'openssh',
      reason: 'building openssh: make ended with exit code 2: sshd.c:1: error: expected identifier',
    },
    { part: 'elf', reason: 'making /usr/lib/libz.so.1 smaller: its tables are not adjacent' },
  ]);
  t.equal(lines.length, 3);
  for (const line of lines)
    t.match(line, /^warning: [a-z0-9-]+: using Debian's own file, which makes the image larger: /);
  t.match(lines[1], /read all of its output: \/cache\/logs\/openssh-0\.log/);
  t.notMatch(lines.join('\n'), /\n {4}at /, 'no stack');
});

t.test('what was asked for is not tried', async t => {
  const { tried, taken } = await build({ fallBack: ['curl', 'icu'] }, { curl: missing });
  t.notOk(tried.includes('curl'));
  t.notOk(tried.includes('icu'));
  t.strictSame(taken, [
    { part: 'curl', reason: 'asked for' },
    { part: 'icu', reason: 'asked for' },
  ]);
});

t.test('--strict insists, and says how to do without', async t => {
  const rows: [Error, RegExp, RegExp][] = [
    [missing, /making the image smaller \(curl\): fetching the source of curl/, /run the same command again/],
    [failedStep, /building openssh: make ended with exit code 2/, /read all of its output/],
    [new CannotReduce('comparing', 'they differ'), /comparing: they differ/, /^remove --strict/],
  ];
  for (const [error, message, remedy] of rows) {
    const thrown = (await build({ strict: true }, { curl: error }).catch(
      (error: unknown) => error,
    )) as BuildError;
    t.type(thrown, BuildError);
    t.match(error, { code: thrown.code });
    t.match(thrown.message, message);
    t.match(thrown.remedy, remedy);
    t.match(thrown.remedy, /remove --strict to use Debian's own file/);
  }
});

t.test('what is no reason to fall back ends the build', async t => {
  const others = [
    new TypeError('undefined is not a function'),
    new Error('ENOSPC: no space left on device'),
    new BuildError('LOCK_GONE', { doing: 'fetching', problem: 'it is gone' }),
    new DabeiError('INTERNAL', { doing: 'asking apt for its Debian mirror', problem: 'none is configured' }),
  ];
  for (const error of others) await t.rejects(build({}, { curl: error }), error, error.message);
});

t.test('both at once is refused', async t => {
  const refusal = { code: 'USAGE', message: 'reading --strict: it cannot be combined with --fall-back' };
  await t.rejects(build({ strict: true, fallBack: ['curl'] }, {}), refusal);
});

t.test('--fall-back names parts', async t => {
  t.strictSame(parseReductions('all'), reductions);
  t.strictSame(parseReductions('icu, curl'), ['curl', 'icu'], 'in the order of the build');
  for (const text of ['', 'curl,', 'nonsense', 'Curl', 'curl icu', 'constructor']) {
    t.throws(() => parseReductions(text), { code: 'USAGE', remedy: /curl libgit2 .* elf$/ }, text);
  }
});

t.test('each rebuilt source may fall back', async t => {
  for (const { source } of rebuiltSources) t.ok(reductions.includes(source), source);
});

t.test('budgets: each that fell back allows more, for its parts, the artefacts and the memory', async t => {
  const budgets: Budgets = {
    artefacts: { 'bzImage + initrd': 100, bzImage: 10, initrd: 90, dabei: 5 },
    memoryMiB: { rescue: 160, install: 256 },
    parts: { Nix: 50, OpenSSH: 20, kernel: 10 },
    fallbacks: { curl: { Nix: 2_000_000 }, openssh: { OpenSSH: 1000, Nix: 10 } },
  };
  t.strictSame(relaxed(budgets, []), budgets);
  t.match(relaxed(budgets, ['curl', 'openssh']), {
    artefacts: { 'bzImage + initrd': 2_001_110, bzImage: 10, initrd: 2_001_100, dabei: 5 },
    memoryMiB: { rescue: 162, install: 258 },
    parts: { Nix: 2_000_060, OpenSSH: 1020, kernel: 10 },
  });
  t.throws(() => relaxed(budgets, ['icu']), { message: `${budgetsFile(arch.machine)} has no row for icu` });
});

t.test('each that may fall back has its budget, for parts that there are', async t => {
  for (const { machine } of rows.filter(({ lacks }) => lacks === null)) {
    const budgets = publishedBudgets(machine);
    t.strictSame(Object.keys(budgets.fallbacks).toSorted(), reductions.toSorted(), machine);
    for (const [name, row] of Object.entries(budgets.fallbacks))
      for (const part of Object.keys(row)) t.ok(part in budgets.parts, `${machine}: ${name}: ${part}`);
  }
});
