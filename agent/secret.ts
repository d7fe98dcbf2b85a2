import { inspect } from 'node:util';

/**
 * Bytes that may be written to a program's standard input or to a root-only file, and nowhere else.
 *
 * INVARIANT: turning a Secret into text, JSON or a log entry yields "[secret]"; only `reveal` yields the bytes.
 * JavaScript strings cannot be wiped from memory, so a Secret holds a Buffer, and `wipe` overwrites it.
 */
export class Secret {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer | string) {
    this.#bytes = Buffer.from(bytes);
  }

  /** The bytes themselves, not a copy. */
  reveal(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
