import type { Told } from './timeline-svg.ts';

/**
 * Where the instructions from the start of `run` to SSH in the new system go. Pure. In a counted machine (qemu.ts) the guest's
 * clocks advance by a nanosecond with each instruction, so a second of a clock, less the time that the processor waited, is
 * 1,000 million instructions. Nothing that else runs on the host changes these figures.
 */

/** A line of /proc/uptime (proc_uptime(5)), in seconds. */
export interface Reading {
  up: number;
  idle: number;
}

/** What a program printed, and when. */
export interface Mark extends Reading {
  line: string;
}

export interface AccountRow {
  name: string;
  /** Million instructions. */
  instructions: number;
  waitedSeconds: number;
}

/** A shell's command line that runs `command` and prints a reading before each of its lines, and one at the start and the end. */
export function marked(command: string): string {
  const mark = (line: string) => `read -r up idle </proc/uptime; echo "$up $idle ${line}"`;
  return `{ ${command}; } 2>&1 | { ${mark('')}; while IFS= read -r line; do ${mark('$line')}; done; ${mark('')}; }`;
}

/** Parses what `marked` prints. @throws Error for a line of another form */
export function readMarks(text: string): Mark[] {
  return text.trimEnd().split('\n').map(readMark);
}

export function readMark(text: string): Mark {
  const [, up, idle, line] = /^(\d+\.\d+) (\d+\.\d+) ?(.*)$/.exec(text) ?? [];
  if (up === undefined || idle === undefined) throw new Error(`not a reading: ${text}`);
  return { up: Number(up), idle: Number(idle), line: line ?? '' };
}

/** From one reading to a later one. */
export function between(name: string, from: Reading, to: Reading): AccountRow {
  const waitedSeconds = to.idle - from.idle;
  return { name, instructions: Math.round((to.up - from.up - waitedSeconds) * 1000), waitedSeconds };
}

/** The parts of `run`, by the lines that it prints. @throws Error if a line is missing */
export function runRows(marks: readonly Mark[]): AccountRow[] {
  const [start, end] = [marks[0], marks.at(-1)];
  const at = (line: string) => {
    const mark = marks.find(each => each.line.startsWith(line));
    if (mark === undefined) throw new Error(`run did not print "${line}"`);
    return mark;
  };
  if (start === undefined || end === undefined) throw new Error('run printed nothing');
  const reading = at('reading this system');
  const shown = at('this machine');
  const loading = at('loading the new system');
  return [
    between('run: its first checks', start, reading),
    between('run: hashes of the bundle, capture, preflight', reading, shown),
    between('run: its last checks', shown, loading),
    between('run: initrd assembled, kexec hashes and loads it', loading, end),
  ];
}

/** What the new system says of itself; seconds after the start of its kernel. */
export interface Arrival {
  /** dmesg(1); /init's notes in it (image/rootfs/initramfs/init). */
  kernelLog: string;
  /** When the process was started. */
  udev: number;
  /** dabei's log. */
  log: readonly Told[];
  /** When a command over SSH ran. */
  ssh: Reading;
}

/**
 * The parts of the new system's start. Its kernel log and dabei's log do not say when the processor waited, so the rows contain
 * the waiting, and the last row takes it off.
 */
export function arrivalRows({ kernelLog, udev, log, ssh }: Arrival): AccountRow[] {
  const logged = (text: string) => {
    const seconds = new RegExp(`nix-dabei: ${text} \\((\\d+\\.\\d+) s\\)`).exec(kernelLog)?.[1];
    if (seconds === undefined) throw new Error(`/init did not note "${text}"`);
    return Number(seconds);
  };
  const first = log[0];
  if (first === undefined) throw new Error('the log is empty');
  const moments: [string, number][] = [
    ['kernel, which unpacks the initramfs', logged('/init has begun')],
    ['/init: until it hashes the image', logged('hashing the image')],
    ['/init: hashes the image', logged('the image is whole')],
    ['/init: mounts it; sysinit', udev],
    ['udev is told of all devices; Node starts', first.up],
  ];
  for (const { event, up, ...entry } of log)
    if (event === 'stage' && 'state' in entry && entry.state === 'done')
      moments.push([`stage ${entry.name}`, up]);
  const reached = moments.filter(([, at]) => at <= ssh.up);
  reached.push(['until a command over SSH runs', ssh.up]);
  const rows = reached.map(([name, at], index) => ({
    name,
    instructions: Math.round((at - (reached[index - 1]?.[1] ?? 0)) * 1000),
    waitedSeconds: 0,
  }));
  const waited = {
    name: 'waited in the new system',
    instructions: -Math.round(ssh.idle * 1000),
    waitedSeconds: ssh.idle,
  };
  return [...rows, waited];
}
