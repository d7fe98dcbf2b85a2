import { readFileSync, writeFileSync } from 'node:fs';
import jsqrModule from 'jsqr';
import t from 'tap';
import { everything, sshUrl } from '../../../agent/screen/code.ts';
import { render, type Screen } from '../../../agent/screen/render.ts';
import type { ScreenSize, ScreenState } from '../../../agent/screen/state.ts';
import { states } from '../../support/screen/states.ts';
import { asText } from '../../support/screen/text.ts';

// Under Node, this CommonJS module's function is below `default`.
const jsQr = (jsqrModule as unknown as { default: typeof jsqrModule }).default;

const vga: ScreenSize = { columns: 80, rows: 25 };
const serial: ScreenSize = { columns: 80, rows: 24 };
const large: ScreenSize = { columns: 128, rows: 48 };
const least: ScreenSize = { columns: 60, rows: 16 };

const rows: [name: string, state: ScreenState, size: ScreenSize][] = [
  ...Object.entries(states).map(([name, state]): [string, ScreenState, ScreenSize] => [name, state, vga]),
  ['serial', states.rescue, serial],
  ['large', states.rescue, large],
  ['onion-large', { ...states.onion, onion: { ...states.onion.onion!, note: null } }, large],
  ['least', states.failed, least],
];

// After a change of the screen: TAP_SNAPSHOT=1 npx tap test/unit/screen/render.test.ts
for (const [name, state, size] of rows)
  t.test(`screen ${name}`, async t => {
    const path = new URL(`../../fixtures/screens/${name}.txt`, import.meta.url);
    const screen = render(state, size);
    const text = asText(screen);
    if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, text);
    t.equal(text, readFileSync(path, 'utf8'));
    for (const { row, column, text } of screen.fields)
      t.ok(
        row < size.rows - 5 && column + text.length < size.columns,
        'inside of the screen, and above the log',
      );
  });

/** What a phone sees: each cell as dark and light dots, and dark around it, as the screen is. */
function photograph({ fields }: Screen): string | null {
  const dots = 4;
  const code = fields.filter(({ style }) => style === 'code');
  const [first] = code;
  if (first === undefined) return null;
  const [width, height] = [(first.text.length + 4) * dots, (2 * code.length + 4) * dots];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [column, half] = [Math.floor(x / dots) - 2, Math.floor(y / dots) - 2];
      const glyph = code[Math.floor(half / 2)]?.text[column];
      const light = glyph === '█' || glyph === (half % 2 === 0 ? '▀' : '▄');
      pixels.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
      pixels[(y * width + x) * 4 + 3] = 255;
    }
  // A phone's camera sees light on dark as it is: codes are dark on light.
  return jsQr(pixels, width, height, { inversionAttempts: 'dontInvert' })?.data ?? null;
}

const read: [name: string, state: ScreenState, size: ScreenSize, text: string | null][] = [
  ['80x25: the URL', states.rescue, vga, 'ssh://root@192.0.2.77'],
  ['80x24: the URL', states.rescue, serial, 'ssh://root@192.0.2.77'],
  [
    'IPv6 alone, with the longest address',
    { ...states['ipv6-other-port'], sshPort: 22 },
    vga,
    'ssh://root@[2001:db8:1234:5678:9abc:def0:1234:5678]',
  ],
  ['another port', { ...states.rescue, sshPort: 2222 }, vga, 'ssh://root@192.0.2.77:2222'],
  ['too large for the screen', states['ipv6-other-port'], vga, null],
  ['no address', states['without-address'], vga, null],
  ['too few rows', states.rescue, { columns: 80, rows: 20 }, null],
  ['too few columns', states.rescue, { columns: 70, rows: 25 }, null],
  ['a large screen: everything', states.rescue, large, everything(states.rescue)],
  ['80x25 beside an onion service: the URL', states.onion, vga, 'ssh://root@192.0.2.77'],
  ['a large screen: the onion service, too', states.onion, large, everything(states.onion)],
  ['a large screen, without a password', states.installing, large, everything(states.installing)],
];
for (const [name, state, size, text] of read)
  t.test(`code: ${name}`, async t => {
    const screen = render(state, size);
    t.equal(photograph(screen), text);
    const isTold = asText(screen).includes('a QR code does not fit on this screen');
    t.equal(isTold, text === null && sshUrl(state) !== null);
  });

t.test('the larger code has what a login needs', async t => {
  t.equal(
    everything(states.rescue),
    'ssh://root@192.0.2.77\npassword lusab-babad-gutih-tugad\n' +
      'SHA256:zqxQ0cKvMyXV7JzGMTEcBPMTUMFjyB3jtQhA1GS1k/o (ED25519)\nnix-dabei, nix-dabei 0.2.0',
  );
  t.notMatch(everything(states.installing), /password/);
  const { address } = states.onion.onion!;
  t.match(everything(states.onion), `ssh://root@192.0.2.77\nssh://root@${address}\npassword `);
  const alone = { ...states['without-address'], sshPort: 2222, onion: states.onion.onion };
  t.equal(sshUrl(alone), `ssh://root@${address}`, 'its own port is 22');
  t.equal(
    everything(alone)
      ?.split('\n')
      .filter(line => line.includes(address)).length,
    1,
  );
});

t.test('text from outside stays on its row, in characters that every font has', async t => {
  const [reason] = states.failed.reasons;
  const hostile: ScreenState = {
    ...states.failed,
    hostName: 'a\x1b[2Jb',
    machine: 'Łódź „Fabrik“ \u202e',
    reasons: [{ ...reason!, problem: 'one\x1b]0;title\x07\ntwo…', remedy: null }],
  };
  for (const { text, style } of render(hostile, vga).fields) if (style !== 'code') t.match(text, /^[ -~]*$/);
});
