import t from 'tap';
import { failuresOf } from '../../support/failures.ts';

const tap = `TAP version 14
# Subtest: test/unit/arch.test.ts
    ok 1 - one row
    # Subtest: rows
        ok 1 - x86_64
        not ok 2 - aarch64
          ---
          diff: |
            -yes
            +no
          ...
        1..2
    not ok 2 - rows # time=2.1ms
      ---
      at:
        lineNumber: 7
      ...
    not ok 3 - later # TODO
    ok 4 - without an image # SKIP
    1..4
not ok 1 - test/unit/arch.test.ts # time=812.2ms
  ---
  exitCode: 1
  ...
ok 2 - test/unit/errors.test.ts # time=1.2ms
1..2
# { total: 9, pass: 7, fail: 2 }
`;

t.test('what failed or was skipped, with its diagnostics, and what it belongs to', async t => {
  t.same(failuresOf(tap), [
    '        not ok 2 - aarch64',
    '          ---',
    '          diff: |',
    '            -yes',
    '            +no',
    '          ...',
    '    not ok 2 - rows # time=2.1ms',
    '      ---',
    '      at:',
    '        lineNumber: 7',
    '      ...',
    '    not ok 3 - later # TODO',
    '    ok 4 - without an image # SKIP',
    'not ok 1 - test/unit/arch.test.ts # time=812.2ms',
    '  ---',
    '  exitCode: 1',
    '  ...',
  ]);
});

t.test('other output: its end', async t => {
  t.same(failuresOf('a\n\nb\n'), ['a', 'b']);
  t.equal(failuresOf('x\n'.repeat(500)).length, 80);
  t.same(failuresOf(''), []);
});

t.test('diagnostics that never end', async t => {
  t.same(failuresOf('not ok 1 - cut off\n  ---\n  found: 1'), ['not ok 1 - cut off', '  ---', '  found: 1']);
});
