import type { LogEntry } from '../../agent/host/log.ts';

/** dabei's log as a picture: when each stage ran, and how long programs ran in it. Pure. */

/** A line of dabei's log; `up` is in seconds after the start of the kernel. */
export type Told = LogEntry & { time: string; up: number };

/** The log file: one JSON object a line. */
export function readLog(text: string): Told[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Told);
}

interface Span {
  from: number;
  to: number;
}

/** One line of the picture: a bar, or a moment, which has no length. */
export interface Row extends Span {
  kind: 'kernel' | 'stage' | 'moment';
  name: string;
  /** What stands to the right of it. */
  note: string;
  /** When programs ran, in order and without overlaps. */
  programs: readonly Span[];
}

/** In seconds after the start of the kernel. */
export interface Seen {
  /** When udev and dabei were started, as processes. */
  udev?: number;
  dabei?: number;
  /** When a command over SSH succeeded. */
  sshAnswers?: number;
}

/**
 * What the picture shows, from top to bottom.
 * @param seen what the log does not know
 */
export function timelineRows(log: readonly Told[], seen: Seen = {}): Row[] {
  const first = log[0];
  if (first === undefined) throw new Error('the log is empty');
  const told = log.filter(entry => entry.event === 'stage');
  const stages = told.flatMap(({ name, state, up }) => {
    const end = told.find(later => later.name === name && later.state !== 'started');
    return state === 'started' && end !== undefined ? [{ name, from: up, to: end.up }] : [];
  });
  const ended = (name: string) => told.find(entry => entry.name === name && entry.state === 'done')?.up;
  const rows: Row[] = [
    ...beforeDabei(first.up, seen),
    ...stages.map(stage => ({ kind: 'stage' as const, ...stage, ...programsDuring(log, stage) })),
    ...moment('network up', ended('network')),
    ...moment('SSH answers', seen.sshAnswers),
    ...moment('installed', ended('finish')),
  ];
  return rows.sort((a, b) => a.from - b.from || a.to - b.to);
}

function beforeDabei(firstLine: number, { udev, dabei }: Seen): Row[] {
  const row = (name: string, from: number, to: number, note: string): Row => {
    return { kind: 'kernel', name, from, to, note, programs: [] };
  };
  if (udev === undefined || dabei === undefined)
    return [row('kernel, init', 0, firstLine, 'until the first line of dabei')];
  return [
    row('kernel, /init', 0, udev, 'checks and mounts the image, until udev starts'),
    row('devices', udev, dabei, 'udev is told of all devices'),
    row('Node', dabei, firstLine, 'until the first line of dabei; udev works on'),
  ];
}

function moment(name: string, at: number | undefined): Row[] {
  if (at === undefined) return [];
  const note = `${at.toFixed(1)} s after the start of the kernel`;
  return [{ kind: 'moment', name, from: at, to: at, note, programs: [] }];
}

/** Programs run side by side; what counts for the bar is that one ran at all. */
function programsDuring(log: readonly Told[], stage: Span): { note: string; programs: Span[] } {
  const ran = log.flatMap(entry => {
    if (entry.event !== 'command' || entry.up <= stage.from || entry.up > stage.to) return [];
    const from = Math.max(stage.from, entry.up - entry.seconds);
    return [{ from, to: entry.up, doing: entry.doing }];
  });
  ran.sort((a, b) => a.from - b.from);
  const programs: Span[] = [];
  for (const { from, to } of ran) {
    const last = programs.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else programs.push({ from, to });
  }
  const longest = ran.reduce<(typeof ran)[number] | null>(
    (best, each) => (best === null || each.to - each.from > best.to - best.from ? each : best),
    null,
  );
  const seconds = longest === null ? 0 : longest.to - longest.from;
  return {
    note: longest === null || seconds < 0.1 ? '' : `${seconds.toFixed(1)} ${longest.doing}`,
    programs,
  };
}

const width = 900;
const margin = 16;
const rowHeight = 24;
const top = 64;
const chart = { left: 176, right: 560 };
const noteLeft = chart.right + 16;
const noteLetters = 48;

/** Its own background, so that it can be read on any page. */
const colours = {
  background: '#ffffff',
  border: '#d1d9e0',
  text: '#1f2328',
  faint: '#59636e',
  kernel: '#818b98',
  stage: '#b6d6fb',
  programs: '#0969da',
  moment: '#1a7f37',
};

/**
 * The picture as SVG, in the fonts that the reader has.
 * @param title one line above it: what was measured, on what
 */
export function timelineSvg(title: string, rows: readonly Row[]): string {
  const end = Math.max(1, ...rows.map(({ to }) => to));
  const x = (seconds: number) => round(chart.left + (seconds / end) * (chart.right - chart.left));
  const bottom = top + rows.length * rowHeight;
  const height = bottom + 64;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="12" fill="${colours.text}">`,
    `<title>${escape(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="${colours.background}" stroke="${colours.border}"/>`,
    text(margin, 26, title, { weight: 'bold', size: 14 }),
    text(chart.left - 12, 50, 'seconds', { anchor: 'end', fill: colours.faint }),
    text(noteLeft, 50, 'the longest program in it, in seconds', { fill: colours.faint }),
    ...ticks(end).flatMap(tick => [
      `<path d="M${x(tick)} ${top - 6}V${bottom + 4}" stroke="${colours.border}"/>`,
      text(x(tick), bottom + 20, `${tick} s`, { anchor: 'middle', fill: colours.faint }),
    ]),
    ...rows.flatMap((row, index) => drawRow(row, top + index * rowHeight, x)),
    ...legend(bottom + 46),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function drawRow(row: Row, y: number, x: (seconds: number) => number): string[] {
  const baseline = y + 16;
  const note = text(noteLeft, baseline, shorten(row.note), { fill: colours.faint });
  if (row.kind === 'moment') {
    return [
      text(margin, baseline, row.name, { fill: colours.moment, weight: 'bold' }),
      `<path d="M${x(row.from)} ${y + 5}l7 7l-7 7l-7 -7z" fill="${colours.moment}"/>`,
      note,
    ];
  }
  const bar = ({ from, to }: Span, fill: string) =>
    `<rect x="${x(from)}" y="${y + 5}" width="${Math.max(1, round(x(to) - x(from)))}" height="14" fill="${fill}"/>`;
  return [
    text(margin, baseline, row.name),
    text(chart.left - 12, baseline, (row.to - row.from).toFixed(1), { anchor: 'end' }),
    bar(row, row.kind === 'kernel' ? colours.kernel : colours.stage),
    ...row.programs.map(span => bar(span, colours.programs)),
    note,
  ];
}

function legend(y: number): string[] {
  const entries: [colour: string, what: string][] = [
    [colours.programs, 'a program runs for dabei'],
    [colours.stage, 'dabei itself'],
    [colours.kernel, 'before dabei'],
  ];
  return entries.flatMap(([colour, what], index) => {
    const left = chart.left + index * 190;
    return [
      `<rect x="${left}" y="${y - 10}" width="12" height="12" fill="${colour}"/>`,
      text(left + 18, y, what, { fill: colours.faint }),
    ];
  });
}

/** Round figures from 0 to the end, eight at most. */
export function ticks(end: number): number[] {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  const step = steps.find(each => end / each <= 8) ?? 3600;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
}

interface Style {
  anchor?: 'middle' | 'end';
  fill?: string;
  weight?: 'bold';
  size?: number;
}

function text(x: number, y: number, content: string, { anchor, fill, weight, size }: Style = {}): string {
  const properties = { 'text-anchor': anchor, fill, 'font-weight': weight, 'font-size': size };
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return `<text x="${x}" y="${y}"${given.map(([name, value]) => ` ${name}="${value}"`).join('')}>${escape(content)}</text>`;
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10;

const shorten = (note: string): string =>
  note.length <= noteLetters ? note : `${note.slice(0, noteLetters - 1).trimEnd()}…`;

function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
