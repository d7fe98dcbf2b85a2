import t from 'tap';
import { parseCommandLine } from '../../../../agent/config/sources/command-line.ts';

t.test('the kernel command line is split as the kernel does', async t => {
  const rows: [line: string, parameters: [string, string | null][]][] = [
    ['', []],
    ['  \n', []],
    ['quiet', [['quiet', null]]],
    [
      ' ro  console=ttyS0,115200\tquiet\n',
      [
        ['ro', null],
        ['console', 'ttyS0,115200'],
        ['quiet', null],
      ],
    ],
    [
      'a=1 a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['a=', [['a', '']]],
    [
      'a="b c" d',
      [
        ['a', 'b c'],
        ['d', null],
      ],
    ],
    [
      '"a=b c" d',
      [
        ['a', 'b c'],
        ['d', null],
      ],
    ],
    ['"a b"', [['a b', null]]],
    ['a="', [['a', '']]],
    ['a="b c', [['a', 'b c']]],
    ['a=b"c d"', [['a', 'b"c d"']]],
    ['a="b"c', [['a', 'b"c']]],
    ['"a="b""', [['a', 'b"']]],
    ['=a', [['=a', null]]],
    ['=a=b', [['=a', 'b']]],
    ['a==', [['a', '=']]],
    ['f=github:a/b?dir=c/d&ref=x#y', [['f', 'github:a/b?dir=c/d&ref=x#y']]],
    ['a=1 -- b=2', [['a', '1']]],
    [
      '--=1 a',
      [
        ['--', '1'],
        ['a', null],
      ],
    ],
  ];
  for (const [line, parameters] of rows) {
    t.same(
      parseCommandLine(line),
      parameters.map(([name, value]) => ({ name, value })),
      JSON.stringify(line),
    );
  }
});
