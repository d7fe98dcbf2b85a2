/** Random choices that are the same for the same seed: a failing case is named by its seed, and comes again. */
export class Random {
  #state: number;

  /** @param seed a whole number; the low 32 bits count */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ x < 1; mulberry32 (Tommy Ettinger, 2017, public domain): 32 bits of state, period 2^32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** Each of the values, or not. */
  some<T>(values: readonly T[], probability = 0.5): T[] {
    return values.filter(() => this.chance(probability));
  }

  /** As many as are drawn, both ends included, each made anew. */
  list<T>(from: number, to: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.integer(from, to) }, (_, index) => make(index));
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.integer(0, 15).toString(16)).join('');
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.integer(0, 255)));
  }

  mac(): string {
    return Array.from({ length: 6 }, () => this.hex(2)).join(':');
  }

  ipv4(): string {
    return Array.from({ length: 4 }, () => this.integer(0, 255)).join('.');
  }

  ipv6(): string {
    const groups = this.integer(1, 5);
    const text = Array.from({ length: groups }, () => this.integer(0, 65535).toString(16)).join(':');
    return `${this.pick(['2001:db8:', 'fe80:', 'fd00:'])}:${text}`;
  }

  ip(): string {
    return this.chance(0.5) ? this.ipv4() : this.ipv6();
  }

  word(from = 1, to = 12): string {
    return this.list(from, to, () => this.pick([...'abcdefghijklmnopqrstuvwxyz0123456789-'])).join('');
  }
}
