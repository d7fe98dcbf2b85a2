import type { Symbol } from './tables.ts';

/** Tables by which the dynamic loader finds symbols, versions and relative relocations. */

/** The hash of version names (elf(5), DT_HASH). */
export function sysvHash(text: string): number {
  let hash = 0;
  for (const byte of Buffer.from(text, 'latin1')) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    if (high !== 0) hash ^= high >>> 24;
    hash = (hash & ~high) >>> 0;
  }
  return hash;
}

function gnuHash(text: string): number {
  let hash = 5381;
  for (const byte of Buffer.from(text, 'latin1')) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/**
 * Builds DT_GNU_HASH: undefined symbols first, then this file's own, sorted by bucket.
 * @returns the table, and the old index of each new symbol
 */
export function gnuHashTable(stay: readonly { index: number; symbol: Symbol }[]): {
  table: Buffer;
  order: number[];
} {
  const foreign = stay.filter(({ index, symbol }) => index === 0 || symbol.section === 0);
  const own = stay
    .filter(({ index, symbol }) => index !== 0 && symbol.section !== 0)
    .map(({ index, symbol }) => ({ index, hash: gnuHash(symbol.name) }));
  const buckets = Math.max(1, Math.ceil(own.length / 4));
  const words = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, own.length / 8))));
  const shift = 6;
  own.sort((a, b) => (a.hash % buckets) - (b.hash % buckets) || a.index - b.index);
  const table = Buffer.alloc(16 + words * 8 + buckets * 4 + own.length * 4);
  [buckets, foreign.length, words, shift].forEach((value, index) => table.writeUInt32LE(value, index * 4));
  const bloom = Array.from({ length: words }, () => 0n);
  own.forEach(({ hash }, index) => {
    const word = Math.floor(hash / 64) % words;
    bloom[word]! |= (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> shift) % 64));
    const bucket = 16 + words * 8 + (hash % buckets) * 4;
    if (table.readUInt32LE(bucket) === 0) table.writeUInt32LE(foreign.length + index, bucket);
    const next = own[index + 1];
    const last = next === undefined || next.hash % buckets !== hash % buckets;
    const value = last ? (hash | 1) >>> 0 : (hash & ~1) >>> 0;
    table.writeUInt32LE(value, 16 + words * 8 + buckets * 4 + index * 4);
  });
  bloom.forEach((word, index) => table.writeBigUInt64LE(word, 16 + index * 8));
  return { table, order: [...foreign.map(({ index }) => index), ...own.map(({ index }) => index)] };
}

/**
 * DT_RELR: an address, then bitmaps of the 63 words behind it; the bitmaps have their lowest bit set.
 * @param offsets even addresses, in any order
 */
export function relrTable(offsets: readonly number[]): Buffer {
  const sorted = [...offsets].sort((a, b) => a - b);
  const words: bigint[] = [];
  for (let at = 0; at < sorted.length;) {
    words.push(BigInt(sorted[at]!));
    let base = sorted[at]! + 8;
    at += 1;
    for (;;) {
      let bitmap = 0n;
      while (at < sorted.length) {
        const distance = sorted[at]! - base;
        if (distance < 0 || distance >= 63 * 8 || distance % 8 !== 0) break;
        bitmap |= 1n << BigInt(distance / 8);
        at += 1;
      }
      if (bitmap === 0n) break;
      words.push((bitmap << 1n) | 1n);
      base += 63 * 8;
    }
  }
  const table = Buffer.alloc(words.length * 8);
  words.forEach((word, index) => table.writeBigUInt64LE(word, index * 8));
  return table;
}
