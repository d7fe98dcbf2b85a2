import t from 'tap';
import { parseConsoles, parseMemTotal, presentConsoles } from '../../../../agent/host/machine/facts.ts';

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

t.test('of serial ports that a machine may have, the installed system gets those that it has', async t => {
  const both = { serialConsoles: ['ttyAMA0,115200', 'ttyS0,115200'] };
  const all = ['tty0', 'ttyAMA0,115200', 'ttyS0,115200'];
  const rows: [given: string[], active: string[], expected: string[]][] = [
    [all, ['tty0', 'ttyAMA0'], ['tty0', 'ttyAMA0,115200']],
    [all, ['ttyS0'], ['tty0', 'ttyS0,115200']],
    [all, ['tty0', 'ttyAMA0', 'ttyS0'], all],
    // No serial console is there, or not yet.
    [all, ['tty0'], all],
    [all, [''], all],
    [
      ['tty1', 'ttyS0'],
      ['tty1', 'ttyAMA0'],
      ['tty1', 'ttyAMA0,115200'],
    ],
    [['ttyS0', 'ttyAMA0,9600'], ['ttyAMA0'], ['ttyAMA0,9600']],
    [['ttyS1', 'hvc0'], ['ttyAMA0'], ['ttyS1', 'hvc0']],
    [[], ['ttyAMA0'], []],
  ];
  for (const [given, active, expected] of rows)
    t.same(presentConsoles(given, active, both), expected, `${given.join(' ')}: ${active.join(' ')}`);
  t.same(
    presentConsoles(['tty0', 'ttyS0'], ['tty0'], { serialConsoles: ['ttyS0,115200'] }),
    ['tty0', 'ttyS0'],
    'of one kind',
  );
});
