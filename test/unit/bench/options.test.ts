import t from 'tap';
import { parseOptions } from '../../bench/options.ts';

t.test('arguments', async t => {
  const rows: [args: string[], expected: ReturnType<typeof parseOptions>][] = [
    [['boot'], { names: ['boot'], options: {} }],
    [['boot', 'peers', '--runs', '5'], { names: ['boot', 'peers'], options: { runs: 5 } }],
    [
      ['--svg', 'docs/performance/timeline.svg', 'timeline'],
      { names: ['timeline'], options: { svg: 'docs/performance/timeline.svg' } },
    ],
    [['fleet', '--machines', '1,2,10'], { names: ['fleet'], options: { machines: [1, 2, 10] } }],
    [['fleet', '--machines', '0'], null],
    [['fleet', '--machines', '1,,2'], null],
    [['peers', '--runs', '0'], null],
    [['peers', '--runs', 'many'], null],
    [['peers', '--rnus', '5'], null],
    [[], { names: [], options: {} }],
  ];
  for (const [args, expected] of rows) t.same(parseOptions(args), expected, args.join(' '));
});
