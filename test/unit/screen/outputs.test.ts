import t from 'tap';
import { resolveConfiguration } from '../../../agent/config/resolve.ts';
import { isMedium, screenOutputs, type Outputs } from '../../../agent/screen/outputs.ts';

const both = ['tty0', 'ttyS0'];
const none: Outputs = { drawn: [], plain: [] };
const drawn = (...names: string[]): Outputs => ({ drawn: names, plain: [] });
const plain = (...names: string[]): Outputs => ({ drawn: [], plain: names });

const rows: [commandLine: string, consoles: string[], hasDisplay: boolean, outputs: Outputs][] = [
  // Not from a medium: the log alone, as ever.
  ['', both, true, none],
  ['quiet', ['ttyS0'], false, none],
  ['dabei.screen=on', both, true, drawn('tty1')],
  // From a medium: on the display; without one, on serial lines, of which nobody knows what they are.
  ['dabei.medium=iso', both, true, drawn('tty1')],
  ['dabei.medium=iso', ['tty0'], true, drawn('tty1')],
  ['dabei.medium=img', both, true, drawn('tty1')],
  ['dabei.medium=iso', both, false, plain('ttyS0')],
  ['dabei.medium=iso', ['ttyS1'], true, plain('ttyS1')],
  ['dabei.medium=iso', ['tty0'], false, none],
  ['dabei.medium=iso', [], false, none],
  // On request.
  ['dabei.medium=iso dabei.screen=serial', both, true, drawn('tty1', 'ttyS0')],
  ['dabei.medium=iso dabei.screen=serial', ['ttyS0'], true, drawn('ttyS0')],
  ['dabei.screen=plain', both, true, plain('tty1', 'ttyS0')],
  ['dabei.screen=plain', ['hvc0', 'ttyS0'], false, plain('hvc0', 'ttyS0')],
  ['dabei.medium=iso dabei.screen=off', both, true, none],
  ['dabei.screen=on dabei.screen=off', both, true, none],
  ['dabei-screen=on', both, true, none],
  // An unknown value is a problem of the configuration, and no screen.
  ['dabei.screen=yes', both, true, none],
  ['dabei.medium=cd', both, true, none],
];
for (const [commandLine, consoles, hasDisplay, expected] of rows)
  t.test(
    `${commandLine || 'nothing'}, ${consoles.join(' ') || 'no console'}, display: ${hasDisplay}`,
    async t => t.same(screenOutputs({ commandLine, consoles, hasDisplay }), expected),
  );

t.test('the parameters configure nothing, and a wrong value is refused', async t => {
  const read = (commandLine: string) => resolveConfiguration({ commandLine, files: [] });
  const { problems, origins, mode } = read('dabei.medium=iso dabei.screen=serial');
  t.same([problems, mode], [[], 'rescue']);
  t.ok(Object.values(origins).every(origin => origin === 'built-in'));
  t.ok(isMedium('console=tty0 dabei.medium=iso'));
  for (const wrong of ['dabei.screen=yes', 'dabei.medium=cd', 'dabei.screen'])
    t.match(read(wrong).problems, [{ code: 'CONFIG_PARAMETER' }]);
});
