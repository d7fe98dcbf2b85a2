import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { run } from '../../../agent/host/exec.ts';
import { helpOf, manual, parseHelp } from '../../support/documents/manual.ts';

// After a change to --help: TAP_SNAPSHOT=1 npx tap test/unit/documents/manual.test.ts
for (const program of ['dabei', 'run'] as const) {
  const path = fileURLToPath(new URL(`../../../docs/man/${program}.8`, import.meta.url));

  t.test(`docs/man/${program}.8 is what ${program} --help prints`, async t => {
    const page = await manual(program);
    if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, page);
    t.equal(readFileSync(path, 'utf8'), page);
  });

  t.test(`groff has nothing to say about ${program}.8, and shows every option`, async t => {
    const argv = ['groff', '-man', '-Tascii', '-ww', '-rLL=200n', path] as const;
    const { stdout, stderr } = await run({
      doing: 'formatting a manual page',
      argv: [...argv],
      timeoutSeconds: 60,
    });
    t.equal(stderr, '');
    // Bold text is overstruck or between escape sequences (grotty(1)).
    const text = stdout.replaceAll(/.\u0008|\u001b\[[\d;]*m/g, '');
    const names = (await helpOf(program)).match(/--[a-z-]+/g) ?? [];
    for (const name of new Set(names)) t.ok(text.includes(name), name);
  });
}

t.test('lines of --help', async t => {
  const help =
    'usage: x\n\n  a FILE  one\n          two\n  --b\n          three\n\nexit codes:\n  10  refused\n';
  t.same(parseHelp(help), {
    entries: [
      { term: 'a FILE', text: 'one two' },
      { term: '--b', text: 'three' },
    ],
    exitCodes: [{ term: '10', text: 'refused' }],
  });
});
