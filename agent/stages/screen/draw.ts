import { Secret } from '../../secret.ts';
import type { Doors } from '../../host/doors.ts';
import { terminalSize } from '../../host/machine/display.ts';
import { paths } from '../../paths.ts';
import { plainLines } from '../../screen/lines.ts';
import type { Outputs } from '../../screen/outputs.ts';
import { leastSize, render, type Screen } from '../../screen/render.ts';
import type { ScreenSize, ScreenState } from '../../screen/state.ts';
import { begin, changes } from '../../screen/terminal.ts';

/** Draws the status. What a terminal shows is kept in a file, so that another process continues from there. */

/** A serial line says nothing of its size; every terminal has this much (VT100). */
const serialSize: ScreenSize = { columns: 80, rows: 24 };
/** At once, in bytes: a serial line of 115200 baud takes a tenth of a second for them, and its buffer has 4096 (UART_XMIT_SIZE). */
const serialBytes = 1024;
/** Plain lines appear at most so often, in seconds. */
const plainEvery = 5;

interface Drawn {
  size: ScreenSize;
  screen: Screen;
  /** In base64: what the terminal did not take yet. */
  pending: string;
}

/** Brings every console up to date, except for those where somebody has a shell. */
export function draw(doors: Doors, { drawn, plain }: Outputs, state: ScreenState): void {
  for (const name of drawn) drawTerminal(doors, name, state);
  for (const name of plain) printLines(doors, name, plainLines(state));
}

function drawTerminal(doors: Doors, name: string, state: ScreenState): void {
  const { files } = doors;
  const file = `${paths.screenDirectory}/${name}.json`;
  if (isInUse(doors, name)) return files.remove(file);
  const display = terminalSize(doors, name);
  const size = display ?? serialSize;
  if (size.columns < leastSize.columns || size.rows < leastSize.rows) return;
  const known = readDrawn(files.readText(file), size);
  const most = display === null ? serialBytes : Infinity;
  const before = known?.pending ? Buffer.from(known.pending, 'base64') : Buffer.alloc(0);
  // First what is left of the last change, which may end in the middle of a sequence.
  if (before.length > 0 && known !== null) {
    const rest = write(doors, name, before, most);
    if (rest.length > 0) return keep(doors, file, { ...known, pending: rest.toString('base64') });
  }
  const screen = render(state, size);
  const pieces = changes(known?.screen ?? null, screen);
  const text = (known === null ? begin(screen, size.rows) : '') + pieces.join('');
  if (text === '' && before.length === 0) return;
  const rest = write(doors, name, Buffer.from(text), most - before.length);
  keep(doors, file, { size, screen, pending: rest.toString('base64') });
}

/** @returns what the terminal did not take */
function write({ files }: Doors, name: string, bytes: Buffer, most: number): Buffer {
  let sent = 0;
  const end = Math.min(bytes.length, Math.max(0, most));
  while (sent < end) {
    const taken = files.writeTerminal(`/dev/${name}`, bytes.subarray(sent, end));
    if (taken === 0) break;
    sent += taken;
  }
  return bytes.subarray(sent);
}

/** The screen may have a password: root alone may read the file. */
function keep({ files }: Doors, file: string, drawn: Drawn): void {
  files.writeAtomic(file, new Secret(JSON.stringify(drawn)), 0o600);
}

/** null if nothing was drawn on a terminal of this size, or if the file is damaged. */
function readDrawn(text: string | null, size: ScreenSize): Drawn | null {
  const drawn = parse<Drawn>(text);
  return drawn?.size.columns === size.columns && drawn.size.rows === size.rows ? drawn : null;
}

function parse<T>(text: string | null): T | null {
  try {
    return JSON.parse(text ?? 'null') as T | null;
  } catch {
    return null;
  }
}

interface Printed {
  lines: readonly string[];
  /** Seconds since the start of the machine. */
  at: number;
}

function printLines(doors: Doors, name: string, lines: readonly string[]): void {
  const { files, clock } = doors;
  if (lines.length === 0 || isInUse(doors, name)) return;
  const file = `${paths.screenDirectory}/${name}.json`;
  const now = clock.uptimeSeconds();
  const printed = parse<Printed>(files.readText(file));
  if (printed !== null && (now - printed.at < plainEvery || printed.lines.join('\n') === lines.join('\n')))
    return;
  files.writeConsole(`/dev/${name}`, `\n${lines.join('\n')}\n`);
  files.writeAtomic(file, new Secret(JSON.stringify({ lines, at: now })), 0o600);
}

/** /usr/lib/dabei/console marks a console while a shell is open there. */
function isInUse({ files }: Doors, name: string): boolean {
  return files.exists(`${paths.consoleDirectory}/in-use.${name}`);
}
