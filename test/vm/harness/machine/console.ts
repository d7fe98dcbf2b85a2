import type { Readable, Writable } from 'node:stream';
import { createWriteStream } from 'node:fs';
import * as clock from '../../../../agent/host/clock.ts';
import { timeScale } from '../time-scale.ts';
import { isBad, scan, splitIncomplete, stagesIn, stripTerminal, type StageLine } from './scan.ts';

/** The serial line of a machine: everything it said, and a way to type. */
export class SerialConsole {
  readonly #input: Writable;
  #text = '';
  /** The start of a control sequence whose end did not come yet. */
  #pending = '';
  /** How far `waitFor` has read: what it found once it does not find again. */
  #cursor = 0;
  #ended = false;
  /** Why the file is not whole. */
  #incomplete: string[] = [];
  readonly #listeners = new Set<() => void>();

  /** @param file receives the raw bytes as they come, for people */
  constructor(output: Readable, input: Writable, file: string) {
    this.#input = input;
    const copy = createWriteStream(file).on('error', ({ message }) => {
      this.#incomplete = [`the console's file is not whole: ${message}`];
    });
    const decoder = new TextDecoder();
    output.on('data', (bytes: Buffer) => {
      copy.write(bytes);
      // QEMU hands over a few bytes at a time, so sequences come in pieces.
      const [whole, rest] = splitIncomplete(this.#pending + decoder.decode(bytes, { stream: true }));
      this.#pending = rest;
      this.#text += stripTerminal(whole);
      this.#tell();
    });
    output.on('close', () => {
      copy.end();
      this.#ended = true;
      this.#tell();
    });
  }

  /** All of it, without the control sequences of terminals. */
  get text(): string {
    return this.#text;
  }

  /** The last lines, for a message. */
  tail(lines = 15): string {
    return this.#text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  get stages(): StageLine[] {
    return stagesIn(this.#text);
  }

  type(text: string): void {
    this.#input.write(text);
  }

  /** Calls back with each complete line from now on. @returns how to stop that */
  onLine(tell: (line: string) => void): () => void {
    let read = this.#text.length;
    const listener = () => {
      for (let end = this.#text.indexOf('\n', read); end >= 0; end = this.#text.indexOf('\n', read)) {
        tell(this.#text.slice(read, end));
        read = end + 1;
      }
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits until the machine says something, counted from where the last wait found its pattern.
   * @param pattern what to wait for, not global
   * @param seconds the limit
   * @param unless patterns that end the wait at once with an error, besides those that are always fatal (scan.ts)
   */
  async waitFor(pattern: RegExp, seconds: number, unless: readonly RegExp[] = []): Promise<RegExpExecArray> {
    const end = clock.uptimeSeconds() + seconds * timeScale;
    const from = this.#cursor;
    for (;;) {
      const heard = this.#text.slice(from);
      const match = pattern.exec(heard);
      if (match !== null) {
        this.#cursor = from + match.index + match[0].length;
        return match;
      }
      const reason =
        unless.map(bad => bad.exec(heard)?.[0]).find(Boolean) ??
        isBad(heard) ??
        (this.#ended ? 'the machine ended' : null) ??
        (clock.uptimeSeconds() >= end ? `nothing within ${seconds} s` : null);
      if (reason !== null) {
        // What explains a failure is printed right after it.
        await clock.sleep(this.#ended ? 0 : 1);
        throw new Error(`waiting for ${pattern} on the console: ${reason}\n--- console ---\n${this.tail()}`);
      }
      await this.#change(end - clock.uptimeSeconds());
      // A few bytes at a time, with everything read again after each, would cost a quarter of a processor.
      await clock.sleep(0.05);
    }
  }

  /** What the console scan makes of everything said so far, and whether the file has all of it. */
  findings(expected: readonly RegExp[] = [], emulated = false): string[] {
    return [...this.#incomplete, ...scan(this.#text, expected, emulated)];
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #change(seconds: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(limit);
        this.#listeners.delete(done);
        resolve();
      };
      const limit = setTimeout(done, Math.max(0, seconds) * 1000);
      this.#listeners.add(done);
    });
  }
}
