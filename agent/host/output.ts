import { DabeiError } from '../errors.ts';

/** What a program prints, kept within a bound. */

/**
 * "whole": all of it or an error, for whoever parses it. "tail": the last lines, for whoever shows it, since errors stand
 * at the end.
 */
export type Keep = 'whole' | 'tail';

/** In bytes. lsblk says about 700 of a partition, `ip -json` about 250 of a route: 64 MiB are more than kernels hold. */
export const outputLimits: Readonly<Record<Keep, number>> = { whole: 64 * 2 ** 20, tail: 256 * 1024 };

/** One stream of one program. */
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

  /** @returns false when it is more than may be kept whole; nothing is kept from then on */
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

  /** A tail that was cut begins with a whole line, where it has one. */
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

/** Nix's log has a JSON object in a line; of a line that is longer, the rest is dropped. */
export const longestLine = 2 ** 20;

/** Cuts a stream of text into lines as it comes; neither a line without an end nor many of them take more than the limit. */
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

  /** @param always also an empty line */
  end(always = false): void {
    const text = this.#begun.join('');
    this.#begun = [];
    this.#length = 0;
    // Programs that show how far they are write each line over the one before.
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
