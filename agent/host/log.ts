import { cleanText } from '../clean-text.ts';
import { appendToLog, consolePaths, writeConsole } from './files.ts';
import { formatError, type ErrorCode } from '../errors.ts';
import { formatBytes } from '../format.ts';
import * as clock from './clock.ts';

/**
 * Log entries as data. Only `formatEntry` formats them, so consoles, the log file and tests have the same facts. No entry
 * holds a secret: stdin is never logged, parameters only by name.
 */
export type LogEntry =
  | { event: 'stage'; index: number; of: number; name: string; state: 'started' }
  | { event: 'stage'; index: number; of: number; name: string; state: 'done'; seconds: number }
  | {
      event: 'stage';
      index: number;
      of: number;
      name: string;
      state: 'failed';
      seconds: number;
      code: ErrorCode;
    }
  | { event: 'error'; code: ErrorCode; doing: string; problem: string; remedy?: string }
  | {
      event: 'command';
      argv: readonly string[];
      doing: string;
      seconds: number;
      exitCode: number;
      /** The exit code is an error; many programs report "nothing to do" by an exit code. */
      failed: boolean;
      stderr?: string;
    }
  | { event: 'progress'; text: string }
  | {
      event: 'copied';
      paths: number;
      ofPaths: number;
      bytes: number;
      ofBytes: number;
      /** Rate of the last half minute. */
      bytesPerSecond: number;
      /** null while no data arrives. */
      secondsLeft: number | null;
    }
  | { event: 'note'; text: string }
  | { event: 'warning'; text: string };

/** "45 s", "12 min", "3 h 20 min". */
function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The line for people, cleaned; null for entries that only the log file contains. */
export function formatEntry(entry: LogEntry): string | null {
  const text = describeEntry(entry);
  return text === null ? null : cleanText(text);
}

function describeEntry(entry: LogEntry): string | null {
  switch (entry.event) {
    case 'stage': {
      const head = `stage ${entry.index}/${entry.of} ${entry.name}: ${entry.state}`;
      return entry.state === 'started' ? head : `${head} (${entry.seconds.toFixed(1)} s)`;
    }
    case 'error':
      return formatError(entry);
    case 'command':
      return !entry.failed ? null : `  exit code ${entry.exitCode}: ${entry.argv.join(' ')}`;
    case 'progress':
      return `  ${entry.text}`;
    case 'copied': {
      const { paths, ofPaths, bytes, ofBytes, bytesPerSecond, secondsLeft } = entry;
      const left = secondsLeft === null ? 'waiting' : `${formatSeconds(secondsLeft)} left`;
      return (
        `  ${paths} of ${ofPaths} paths, ${formatBytes(bytes)} of ${formatBytes(ofBytes)}, ` +
        `${formatBytes(bytesPerSecond)}/s, ${left}`
      );
    }
    case 'note':
      return entry.text;
    case 'warning':
      return `warning: ${entry.text}`;
  }
}

/** Writes an entry to every console, and as a line of JSON to /var/log/dabei.jsonl. Never throws. */
export function log(entry: LogEntry): void {
  const stamped = { time: clock.now().toISOString(), up: clock.uptimeSeconds(), ...entry };
  const clean = (_name: string, value: unknown) => (typeof value === 'string' ? cleanText(value) : value);
  appendToLog(`${JSON.stringify(stamped, clean)}\n`);
  const line = formatEntry(entry);
  if (line !== null) for (const console of consolePaths()) writeConsole(console, `${line}\n`);
}

/** The same log, for somebody who runs dabei at a terminal: each line that the consoles show is told there, too. */
export function alsoTelling(
  { log }: { log: (entry: LogEntry) => void },
  tell: (text: string) => void,
): (entry: LogEntry) => void {
  return entry => {
    log(entry);
    const line = formatEntry(entry);
    if (line !== null) tell(`${line}\n`);
  };
}

/**
 * Formats a line of the log file for people: the time in seconds after the start of the machine, and the entry. It shows as much
 * as possible of a truncated line or of one from another version.
 */
export function formatLogLine(json: string): string {
  try {
    const { up, ...entry } = JSON.parse(json) as LogEntry & { up: number };
    const text =
      formatEntry(entry) ?? (entry.event === 'command' ? `  ${cleanText(entry.argv.join(' '))}` : '');
    return `${up.toFixed(1).padStart(8)}  ${text}\n`;
  } catch {
    return `       ?  ${cleanText(json)}\n`;
  }
}
