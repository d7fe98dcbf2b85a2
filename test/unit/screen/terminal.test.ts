import t from 'tap';
import { render, type Screen } from '../../../agent/screen/render.ts';
import { begin, changes } from '../../../agent/screen/terminal.ts';
import { plainLines } from '../../../agent/screen/lines.ts';
import { states } from '../../support/screen/states.ts';
import { asText } from '../../support/screen/text.ts';

const size = { columns: 80, rows: 25 };

/** A terminal of the sequences in use (console_codes(4)), whose log others write to in between. */
class Terminal {
  readonly cells = Array.from({ length: size.rows }, () => Array.from({ length: size.columns }, () => ' '));
  row = 0;
  column = 0;
  top = 0;
  bottom = size.rows - 1;
  saved: [number, number] = [0, 0];

  write(text: string): void {
    for (const [, sequence, character] of text.matchAll(/\x1b(\[[0-9;]*[A-Za-z]|[78])|([^])/g))
      if (sequence === undefined) this.put(character!);
      else this.obey(sequence);
  }

  put(character: string): void {
    if (character !== '\n') {
      if (this.column >= size.columns) throw new Error('behind the last column');
      this.cells[this.row]![this.column++] = character;
      return;
    }
    this.column = 0;
    if (this.row !== this.bottom) return void (this.row = Math.min(this.row + 1, size.rows - 1));
    this.cells.splice(this.top, 1);
    this.cells.splice(
      this.bottom,
      0,
      Array.from({ length: size.columns }, () => ' '),
    );
  }

  obey(sequence: string): void {
    const [first = 0, second = 0] = sequence.slice(1, -1).split(';').map(Number);
    switch (sequence.at(-1)) {
      case '7':
        return void (this.saved = [this.row, this.column]);
      case '8':
        return void ([this.row, this.column] = this.saved);
      case 'H':
        return void ([this.row, this.column] = [Math.max(1, first) - 1, Math.max(1, second) - 1]);
      case 'r':
        [this.top, this.bottom] = [Math.max(1, first) - 1, (second || size.rows) - 1];
        return void ([this.row, this.column] = [0, 0]);
      case 'm':
        return;
      default:
        throw new Error(`a sequence that is not in use: ${sequence}`);
    }
  }

  lines(from: number, to: number): string {
    return this.cells
      .slice(from, to)
      .map(row => `${row.join('').trimEnd()}\n`)
      .join('');
  }
}

t.test('each state over each other one, with a log in between', async t => {
  const terminal = new Terminal();
  terminal.write('Linux version 6.12\n'.repeat(30));
  let before: Screen | null = null;
  const screens = Object.values(states).map(state => render(state, size));
  terminal.write(begin(screens[0]!, size.rows));
  let line = 0;
  for (const after of screens.flatMap(one => screens.flatMap(other => [one, other]))) {
    for (const piece of changes(before, after)) {
      terminal.write(piece);
      terminal.write(`log ${++line}\n`);
    }
    t.equal(terminal.lines(0, after.rows), asText(after));
    before = after;
  }
  t.equal(
    terminal.lines(19, 25),
    [4, 3, 2, 1, 0].map(back => `log ${line - back}\n`).join('') + '\n',
    'the log scrolls below',
  );
});

t.test('what has not changed is not sent', async t => {
  const before = render(states.rescue, size);
  t.same(changes(before, render(states.rescue, size)), []);
  const less = { ...states.rescue, memory: { ...states.rescue.memory, freeBytes: 2 ** 20 } };
  const [piece, ...others] = changes(before, render(less, size));
  t.same(others, []);
  t.equal(piece, '\x1b7\x1b[12;1H\x1b[0mmemory 1 MiB of 487.3 MiB free\x1b[0m    \x1b8');
});

t.test('a code is dark on light, whatever colours the terminal has', async t => {
  const [piece] = changes(null, render(states.rescue, size)).filter(text => text.includes('█'));
  t.equal(piece, `\x1b7\x1b[1;47H\x1b[0;37;97;40m${'█'.repeat(33)}\x1b[0m\x1b8`);
});

t.test('the status without control sequences', async t => {
  t.same(plainLines(states.installing), [], 'the log says it');
  t.same(plainLines(states.rescue), [
    'nix-dabei 0.2.0, nix-dabei: rescue system',
    '  ssh root@192.0.2.77 (eth0)',
    '  ssh root@2001:db8::5054:ff:feda:be01 (eth0)',
    '  password lusab-babad-gutih-tugad',
    '  host key SHA256:zqxQ0cKvMyXV7JzGMTEcBPMTUMFjyB3jtQhA1GS1k/o (ED25519)',
  ]);
  for (const state of Object.values(states)) for (const line of plainLines(state)) t.match(line, /^[ -~]+$/);
});
