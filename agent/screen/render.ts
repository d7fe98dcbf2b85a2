import { formatBytes } from '../format.ts';
import { asciiLine, wrap } from './ascii.ts';
import { drawCode, everything, sshUrl, type Code } from './code.ts';
import type { ScreenSize, ScreenState } from './state.ts';

/** From a state to what stands where on a screen. Pure. */

export type Style = 'plain' | 'strong' | 'alarm' | 'code';

/** A piece of a row. */
export interface Field {
  /** From 0. */
  row: number;
  column: number;
  text: string;
  style: Style;
}

export interface Screen {
  columns: number;
  /** Rows of the status, from the top; the log has the rest. */
  rows: number;
  fields: readonly Field[];
}

/** Rows that the log keeps below the status: the kernel's messages, dabei's, and what somebody types. */
const logRows = 6;
/** Columns of text beside a code. */
const besideUrl = 40;
const besideEverything = 58;
const gap = 2;

/** The least size with a status: what is smaller has the log alone. */
export const leastSize: ScreenSize = { columns: 60, rows: 16 };

export function render(state: ScreenState, { columns, rows }: ScreenSize): Screen {
  // The last column stays free: a character there makes some terminals begin a new line.
  const right = columns - 1;
  const statusRows = rows - logRows;
  const code = codeFor(state, statusRows - 1, right);
  const width = code === null ? right : right - code.columns - gap;
  const unreadable = code === null && sshUrl(state) !== null;
  const texts = fit(blocks(state, width, unreadable), statusRows - 1);
  const rule: Field = { row: statusRows - 1, column: 0, text: '-'.repeat(right), style: 'plain' };
  return {
    columns,
    rows: statusRows,
    fields: [
      ...texts.flatMap(({ text, style }, row) => (text === '' ? [] : [{ row, column: 0, text, style }])),
      ...(code?.rows ?? []).map((text, row): Field => ({ row, column: width + gap, text, style: 'code' })),
      rule,
    ],
  };
}

/** The larger code where there is room for it and for the text; else that of the URL. */
function codeFor(state: ScreenState, rows: number, columns: number): Code | null {
  const draw = (text: string | null, beside: number) =>
    text === null ? null : drawCode(text, rows, columns - beside - gap);
  return draw(everything(state), besideEverything) ?? draw(sshUrl(state), besideUrl);
}

interface Line {
  text: string;
  style: Style;
}

/** Lines that belong together. */
interface Block {
  lines: readonly Line[];
  /** What has the highest is left out first. */
  rank: number;
}

/** @param unreadable there is no room for a code that a phone could read */
function blocks(state: ScreenState, width: number, unreadable: boolean): Block[] {
  const lines = (style: Style, texts: readonly string[], indent = ''): Line[] =>
    texts.flatMap(text => wrap(asciiLine(text), width, indent).map(line => ({ text: line, style })));
  const { hostKeys, product, hostName, machine, memory } = state;
  const [key] = hostKeys;
  return [
    { rank: 0, lines: lines('strong', [product]) },
    {
      rank: 6,
      lines: lines('plain', [machine === null ? hostName : `${hostName}: ${machine}`], '  ').slice(0, 2),
    },
    { rank: 9, lines: [{ text: '', style: 'plain' }] },
    { rank: 1, lines: [...lines(state.phase === 'failed' ? 'alarm' : 'strong', [headline(state)], '  ')] },
    { rank: 2, lines: lines('plain', progress(state, width)) },
    { rank: 3, lines: failure(state, lines) },
    { rank: 9, lines: [{ text: '', style: 'plain' }] },
    { rank: 2, lines: lines('plain', waysIn(state), '    ') },
    { rank: 1, lines: lines('strong', passwordOf(state), '    ') },
    { rank: 4, lines: key === undefined ? [] : lines('plain', [`host key ${key}`], '  ') },
    {
      rank: 7,
      lines: lines('plain', [
        `memory ${formatBytes(memory.freeBytes)} of ${formatBytes(memory.totalBytes)} free`,
      ]),
    },
    { rank: 5, lines: lines('plain', [enter(state)], '  ') },
    { rank: 8, lines: unreadable ? lines('plain', ['a QR code does not fit on this screen']) : [] },
  ];
}

/** Leaves blocks out until the others fit; what is still too long is cut off. */
function fit(all: readonly Block[], rows: number): Line[] {
  let kept = [...all];
  const count = () => kept.reduce((sum, { lines }) => sum + lines.length, 0);
  while (count() > rows && kept.length > 1) {
    const highest = Math.max(...kept.map(({ rank }) => rank));
    if (highest < 4) break;
    kept = kept.filter(block => block !== kept.findLast(({ rank }) => rank === highest));
  }
  // A long list of reasons gives way to how to log in.
  for (const block of kept.toSorted((a, b) => b.rank - a.rank)) {
    const over = count() - rows;
    if (over <= 0) break;
    const least = Math.max(1, block.lines.length - over);
    kept = kept.map(each => (each === block ? { ...each, lines: shortened(each.lines, least) } : each));
  }
  return kept.flatMap(({ lines }) => lines).slice(0, rows);
}

function shortened(lines: readonly Line[], length: number): Line[] {
  const kept = lines.slice(0, length);
  const last = kept.at(-1);
  if (last === undefined || kept.length === lines.length) return kept;
  return [...kept.slice(0, -1), { ...last, text: `${last.text.slice(0, -4)} ...` }];
}

/** What dabei is doing, in a line. */
export function headline({ phase, stage, reasons }: ScreenState): string {
  switch (phase) {
    case 'running':
      return stage.of === 0 ? 'starting' : `stage ${stage.index} of ${stage.of}: ${stage.name}`;
    case 'failed':
      return `FAILED in stage ${stage.name}${reasons[0] ? `: ${reasons[0].code}` : ''}`;
    case 'installed':
      return 'installed; the machine restarts';
    case 'planned':
      return 'planned; nothing was changed';
    case 'rescue':
      return 'rescue system';
  }
}

function progress({ phase, stage, copied }: ScreenState, width: number): string[] {
  if (phase !== 'running' || stage.of === 0) return [];
  const share = (stage.index - 1 + (copied?.share ?? 0)) / stage.of;
  const length = Math.min(40, width - 2);
  const done = Math.max(0, Math.min(length, Math.floor(share * length)));
  return [
    `[${'#'.repeat(done)}${'.'.repeat(length - done)}]`,
    ...(copied === null ? [] : [copied.text.trim()]),
  ];
}

function failure(
  { phase, reasons }: ScreenState,
  lines: (style: Style, texts: readonly string[], indent?: string) => Line[],
): Line[] {
  if (phase !== 'failed') return [];
  return reasons.flatMap(({ problem, remedy }) => [
    ...lines('plain', problem.split('\n'), '  '),
    ...(remedy === null ? [] : lines('strong', [`next: ${remedy}`], '  ')),
  ]);
}

/** How to log in over SSH, a line for each address. */
export function waysIn({ links, sshPort, login, onion }: ScreenState): string[] {
  if (links.length === 0) return ['no network card was found'];
  const port = sshPort === 22 ? '' : `-p ${sshPort} `;
  const ways = links.flatMap(({ name, addresses }) =>
    addresses.length === 0
      ? [`${name}: no address`]
      : addresses.map(address => `ssh ${port}root@${address} (${name})`),
  );
  if (onion !== null) ways.push(`ssh root@${onion.address}${onion.note === null ? '' : ` (${onion.note})`}`);
  return login.by === 'nobody' ? [...ways, 'nobody can log in over SSH: no key is known'] : ways;
}

/** The line with the password, where there is one. */
export function passwordOf({ login }: ScreenState): string[] {
  return login.by === 'password' ? [`password ${login.password}`] : [];
}

function enter({ shell, phase }: ScreenState): string {
  switch (shell) {
    case 'root':
      return phase === 'rescue' ? 'Enter: a shell. "setup" and Enter: installs' : 'Enter opens a shell here';
    case 'password':
      return 'Enter asks for the password of this console';
    case 'off':
      return 'Enter says why there is no shell here';
  }
}
