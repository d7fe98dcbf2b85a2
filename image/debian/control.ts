/** Debian's control files: paragraphs of fields (deb822(5)). */

export type Paragraph = ReadonlyMap<string, string>;

/** Field -> value. The further lines of a value keep their line breaks; field names keep their spelling. */
export function parseParagraph(text: string): Paragraph {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    if (/^[ \t]/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    last = line.slice(0, colon);
    fields.set(last, line.slice(colon + 1).trim());
  }
  return fields;
}

/** The paragraphs of these packages in an index (Packages or Sources), each under its `Package` field. */
export function paragraphsOf(index: string, names: ReadonlySet<string>): Map<string, Paragraph[]> {
  const found = new Map<string, Paragraph[]>();
  let start = 0;
  while (start < index.length) {
    const end = index.indexOf('\n\n', start);
    const stop = end < 0 ? index.length : end;
    const name = /(?:^|\n)Package: *(\S+)/.exec(index.slice(start, Math.min(stop, start + 400)))?.[1];
    if (name !== undefined && names.has(name)) {
      const paragraph = parseParagraph(index.slice(start, stop));
      found.set(name, [...(found.get(name) ?? []), paragraph]);
    }
    start = stop + 2;
  }
  return found;
}

export interface Listed {
  path: string;
  size: number;
  sha256: string;
}

/** "HASH SIZE NAME" lines, as in `SHA256` of a Release file and `Checksums-Sha256` of a source. */
export function parseChecksums(value: string): Listed[] {
  return value
    .split('\n')
    .map(line => /^([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line.trim()))
    .flatMap(found => (found ? [{ sha256: found[1]!, size: Number(found[2]), path: found[3]! }] : []));
}

/** Rejects a path in an index that leads out of its archive. */
export function isInside(path: string): boolean {
  return (
    path !== '' && !path.startsWith('/') && !path.split('/').includes('..') && !/[\0-\x20\x7f]/.test(path)
  );
}
