import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { cleanLine } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';

/** The output of programs, with bounded memory. */

/** "whole": the complete output, or an error, for parsing. "tail": the last lines, for people, because errors are at the end. */
export type Keep = 'whole' | 'tail';

/** In bytes. lsblk prints about 700 per partition, `ip -json` about 250 per route: 64 MiB suffice for any real machine. */
export const outputLimits: Readonly<Record<Keep, number>> = { whole: 64 * 2 ** 20, tail: 256 * 1024 };

/** An output stream of a program. */
export class Output {
  readonly #keep: Keep;
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #cut = false;

  constructor(keep: Keep, limit = outputLimits[keep]) {
    this.#keep = keep;
    this.#limit = limit;
  }

  /** @returns false if the output exceeds the limit of "whole"; this object then drops the output and keeps nothing more */
  push(chunk: Buffer): boolean {
    if (this.isTooLarge) return false;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#limit) return true;
    this.#cut = true;
    if (this.#keep === 'whole') {
      this.#chunks = [];
      return false;
    }
    while (this.#bytes - this.#chunks[0]!.length >= this.#limit) this.#bytes -= this.#chunks.shift()!.length;
    return true;
  }

  get isTooLarge(): boolean {
    return this.#cut && this.#keep === 'whole';
  }

  /** The kept output. A truncated tail starts at the beginning of a line, if it contains a line end. */
  text(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const all = Buffer.concat(this.#chunks);
    if (!this.#cut) return all.toString(encoding);
    const tail = all.subarray(Math.max(0, all.length - this.#limit));
    return tail.subarray(tail.indexOf('\n') + 1).toString(encoding);
  }

  tooLarge(doing: string, program: string): DabeiError {
    const problem = `${program} printed more than ${this.#limit / 2 ** 20} MiB`;
    return new DabeiError('OUTPUT_TOO_LARGE', { doing, problem });
  }
}

/** In UTF-16 code units; `Lines` drops the rest of a longer line. Nix's log has one JSON object per line. */
export const longestLine = 2 ** 20;

/** Splits a stream of text into lines as it arrives. It buffers at most one line, with at most `longestLine` code units. */
export class Lines {
  readonly #take: (line: string) => void;
  #begun: string[] = [];
  #length = 0;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(text: string): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      this.#add(text.slice(from, to));
      this.end(true);
      from = to + 1;
    }
    this.#add(text.slice(from));
  }

  /**
   * Passes on the current line.
   * @param always pass on an empty line, too
   */
  end(always = false): void {
    const text = this.#begun.join('');
    this.#begun = [];
    this.#length = 0;
    // Programs show progress with carriage returns: each text overwrites the one before.
    const written = text.split('\r').filter(Boolean);
    if (always && written.length === 0) written.push('');
    written.forEach(this.#take);
  }

  #add(piece: string): void {
    const room = longestLine - this.#length;
    if (piece === '' || room <= 0) return;
    this.#begun.push(piece.slice(0, room));
    this.#length += Math.min(room, piece.length);
  }
}

/** Calls for each line of a stream as soon as it arrives, cleaned (clean-text.ts). */
export function callForLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  const lines = new Lines(line => onLine(cleanLine(line, longestLine)));
  stream.on('data', (chunk: Buffer) => lines.push(decoder.write(chunk)));
  stream.on('end', () => lines.end());
}
