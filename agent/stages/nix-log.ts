import { cleanText } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import type { LogEntry } from '../host/log.ts';

/**
 * Reads Nix's log in its machine-readable form (--log-format internal-json; libutil/logging.hh, ActivityType and
 * ResultType): how much Nix has copied, and which errors occurred.
 */

const prefix = '@nix ';
const copyPath = 100;
const progress = 105;
/** Verbosity level of errors; 1 is the level of warnings. */
const errorLevel = 0;

/** Nix reports all but the last piece of each path, and nothing for a small path. */
const lastPieceBytes = 64 * 1024;

const tellEverySeconds = 2;
/** The rate covers the last half minute, so a slow start does not distort the time left. */
const windowSeconds = 30;

/** Paths and bytes that a step will copy. */
export interface Amount {
  paths: number;
  /** Uncompressed size. */
  bytes: number;
}

interface NixEntry {
  action: 'start' | 'stop' | 'result' | 'msg';
  id?: number;
  type?: number;
  fields?: unknown;
  level?: number;
  msg?: unknown;
  raw_msg?: unknown;
}

/** Reads Nix's lines one by one, over several attempts if necessary, and reports at most every other second. */
export class NixLog {
  readonly #expected: Amount;
  readonly #report: (entry: LogEntry) => void;
  readonly #now: () => number;
  readonly #running = new Map<number, { done: number; of: number }>();
  readonly #errors: string[] = [];
  readonly #samples: { at: number; bytes: number }[] = [];
  #finished: Amount = { paths: 0, bytes: 0 };
  #told: number;

  constructor(expected: Amount, report: (entry: LogEntry) => void, now: () => number) {
    this.#expected = expected;
    this.#report = report;
    this.#now = now;
    this.#told = now();
    this.#samples.push({ at: this.#told, bytes: 0 });
  }

  take(line: string): void {
    // Standard output contains the path of the result.
    if (line.startsWith('/')) return;
    if (!line.startsWith(prefix)) return this.#say(line);
    const entry = parse(line.slice(prefix.length));
    if (entry?.action === 'msg') return this.#hear(entry);
    if (entry?.id === undefined) return;
    if (entry.action === 'start' && entry.type === copyPath) this.#running.set(entry.id, { done: 0, of: 0 });
    const path = this.#running.get(entry.id);
    if (path === undefined) return;
    if (entry.action === 'result' && entry.type === progress) {
      const [done, of] = Array.isArray(entry.fields) ? (entry.fields as unknown[]) : [];
      if (typeof done === 'number' && typeof of === 'number') Object.assign(path, { done, of });
    }
    if (entry.action === 'stop') {
      this.#running.delete(entry.id);
      // Nix copies a truncated path again from the start.
      if (path.of - path.done <= lastPieceBytes) {
        const { paths, bytes } = this.#finished;
        this.#finished = { paths: paths + 1, bytes: bytes + path.of };
      }
    }
    if (this.#now() - this.#told >= tellEverySeconds) this.#tell();
  }

  /** The next attempt begins; unfinished copies are lost. */
  startAgain(): void {
    this.#running.clear();
    this.#errors.length = 0;
  }

  /** Nix succeeded: all paths are present, even those that it did not report. */
  end(): void {
    this.#running.clear();
    this.#finished = this.#expected;
    this.#tell();
  }

  /** Nix's own error messages; null if it printed none. */
  failure(doing: string): DabeiError | null {
    if (this.#errors.length === 0) return null;
    const problem = this.#errors.join('\n');
    const [, code, remedy] = reasons.find(([pattern]) => pattern.test(problem))!;
    return new DabeiError(code, { doing, problem, remedy });
  }

  #hear({ level = 0, msg, raw_msg }: NixEntry): void {
    const text = cleanText([raw_msg, msg].find(each => typeof each === 'string') ?? '').trim();
    if (level === errorLevel && !this.#errors.includes(text)) this.#errors.push(text);
    if (level <= 1 && !text.includes('download buffer is full')) this.#say(text);
  }

  #say(text: string): void {
    if (text !== '') this.#report({ event: 'progress', text });
  }

  #tell(): void {
    const now = this.#now();
    const bytes = [...this.#running.values()].reduce((sum, { done }) => sum + done, this.#finished.bytes);
    this.#told = now;
    this.#samples.push({ at: now, bytes });
    while (this.#samples.length > 2 && now - this.#samples[1]!.at >= windowSeconds) this.#samples.shift();
    const since = this.#samples[0]!;
    const bytesPerSecond = Math.round(Math.max(0, bytes - since.bytes) / Math.max(0.001, now - since.at));
    const left = Math.max(0, this.#expected.bytes - bytes);
    this.#report({
      event: 'copied',
      paths: this.#finished.paths,
      ofPaths: this.#expected.paths,
      bytes,
      ofBytes: this.#expected.bytes,
      bytesPerSecond,
      secondsLeft: bytesPerSecond > 0 ? Math.ceil(left / bytesPerSecond) : null,
    });
  }
}

const reasons = [
  [
    /No space left on device|Disk quota exceeded/i,
    'POOL_FULL',
    'name larger disks, or build a smaller system, then run: dabei install',
  ],
  [
    /hash mismatch/i,
    'CLOSURE_HASH',
    'the binary cache holds other content than what was signed: repair or replace the cache, then run: dabei install',
  ],
  [/(?:)/, 'CLOSURE_COPY', 'see that the machine reaches its binary caches, then run: dabei install'],
] as const;

function parse(json: string): NixEntry | null {
  try {
    const entry = JSON.parse(json) as NixEntry | null;
    return typeof entry === 'object' ? entry : null;
  } catch {
    return null;
  }
}
