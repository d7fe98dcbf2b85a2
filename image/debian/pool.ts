import { basename, dirname, join } from 'node:path';
import * as files from '../lib/files.ts';
import { note } from '../lib/progress.ts';
import type { Archives } from './archives.ts';
import type { Context } from './context.ts';
import type { PoolFile } from './needs.ts';
import { transfer, type Breaker } from './transfer.ts';

/**
 * Files of the archives' pools, stored in the cache by hash.
 * INVARIANT: a file stored under a hash has that hash; the build moves it there only after verifying it.
 */

/** Relative to the cache's directory for Debian. */
export const poolPath = ({ sha256, at }: PoolFile): string =>
  join('pool', sha256.slice(0, 2), sha256, basename(at[0]?.path ?? ''));

const atOnce = 6;

/** Fetches files, and remembers failures for its own lifetime, so that it asks for nothing twice. */
export class Fetcher {
  readonly #context: Context;
  readonly #archives: Archives;
  readonly #breaker: Breaker;
  /** SHA-256 -> what was tried. */
  readonly #missing = new Map<string, readonly string[]>();

  constructor(context: Context, archives: Archives, breaker: Breaker) {
    this.#context = context;
    this.#archives = archives;
    this.#breaker = breaker;
  }

  /** The mirror has stopped answering; the build asks it for nothing more. */
  get away(): boolean {
    return this.#breaker.open;
  }

  /** What was tried for an unavailable file; undefined for files that are present. */
  tried(file: PoolFile): readonly string[] | undefined {
    return this.#missing.get(file.sha256);
  }

  has(file: PoolFile): boolean {
    return files.exists(join(this.#context.directory, poolPath(file)));
  }

  /** Fetches the files that are still missing, several at a time. */
  async fetch(wanted: readonly PoolFile[]): Promise<void> {
    const queue = [...new Map(wanted.map(file => [file.sha256, file])).values()].filter(
      file => !this.has(file) && !this.#missing.has(file.sha256),
    );
    const [count, bytes] = [queue.length, total(queue)];
    let [doneCount, doneBytes] = [0, 0];
    const worker = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        await this.#one(file);
        doneCount += 1;
        doneBytes += file.size;
        note(`${doneCount} of ${count} files, ${megabytes(doneBytes)} of ${megabytes(bytes)}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #one(file: PoolFile): Promise<void> {
    const path = join(this.#context.directory, poolPath(file));
    const partial = join(this.#context.directory, 'partial', file.sha256);
    files.makeDirectory(dirname(partial));
    const urls = file.at.flatMap(({ kind, path }) =>
      this.#archives[kind].map(address => `${address}${path}`),
    );
    const outcome = await transfer({ urls, expected: file }, partial, this.#context.limits, this.#breaker);
    if (!outcome.done) {
      this.#missing.set(file.sha256, outcome.tried);
      return;
    }
    files.makeDirectory(dirname(path));
    files.rename(partial, path);
  }
}

const total = (all: readonly PoolFile[]): number => all.reduce((sum, { size }) => sum + size, 0);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
