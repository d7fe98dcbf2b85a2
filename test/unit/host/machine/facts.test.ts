import t from 'tap';
import { parseConsoles, parseMemTotal } from '../../../../agent/host/machine/facts.ts';

t.test('memory', async t => {
  t.equal(parseMemTotal('MemTotal:         481052 kB\nMemFree:          100000 kB\n'), 481052 * 1024);
  t.throws(() => parseMemTotal(''), { code: 'INTERNAL' });
  t.throws(() => parseMemTotal('SwapTotal: 1 kB'), { code: 'INTERNAL' });
});

t.test('consoles', async t => {
  const rows: [string, string[]][] = [
    ['', []],
    ['quiet console=tty0 console=ttyS0,115200n8 ro\n', ['tty0', 'ttyS0,115200n8']],
    ['console= console=null netconsole=x', []],
  ];
  for (const [line, expected] of rows) t.same(parseConsoles(line), expected, line);
});
