import { JSON_SCHEMA, load } from 'js-yaml';

/** What servers and volumes say about a machine, read without trust: a value of the wrong type is as good as none. Pure. */

/** The largest answer that is parsed: real ones have a few kilobytes. */
const longestAnswerBytes = 256 * 1024;

/** JSON or YAML of an answer; undefined, with a note, if it is neither. */
export function parseAnswer(
  bytes: Buffer | null | undefined,
  format: 'JSON' | 'YAML',
  what: string,
  notes: string[],
): unknown {
  if (bytes === null || bytes === undefined || bytes.length === 0) return undefined;
  const text = utf8(bytes);
  const start = text?.trimStart() ?? '';
  const why =
    text === null
      ? 'is not UTF-8 text'
      : bytes.length > longestAnswerBytes
        ? `has more than ${longestAnswerBytes} bytes`
        : start.startsWith('<')
          ? `is an HTML or XML page, not ${format}`
          : null;
  if (why === null) {
    try {
      const value: unknown = format === 'JSON' ? JSON.parse(start) : load(start, { schema: JSON_SCHEMA });
      if (typeof value === 'object' && value !== null && isBounded(value)) return value;
    } catch {
      // Said below. A text that nests too deeply ends here, too.
    }
  }
  notes.push(`${what} ${why ?? `is not valid ${format}`}`);
  return undefined;
}

/** A few aliases of YAML make a document of any size. With each of them counted as often as it appears, it has to stay below this. */
const longestExpanded = 4 * longestAnswerBytes;

function isBounded(value: object): boolean {
  const stack: unknown[] = [value];
  for (let left = longestExpanded; stack.length > 0;) {
    const next = stack.pop();
    left -= typeof next === 'string' ? next.length + 1 : 1;
    if (left < 0) return false;
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) stack.push(child);
  }
  return true;
}

/** A text answer of one value; undefined if there is none. */
export function textAnswer(bytes: Buffer | null | undefined): string | undefined {
  if (bytes === null || bytes === undefined || bytes.length > longestAnswerBytes) return undefined;
  return utf8(bytes)?.trim() || undefined;
}

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The value at a path of keys and indexes; undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (here, key) =>
      typeof here === 'object' && here !== null && Object.hasOwn(here, key)
        ? (here as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** A text that is not empty. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && found.trim() !== '' ? found.trim() : undefined;
}

/** Base64, or the bytes unchanged: some interfaces take user-data in either form. */
export function perhapsBase64(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/\s/g, '');
  if (text.length < 4 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return bytes;
  const decoded = Buffer.from(text, 'base64');
  return looksLikeUserData(decoded) ? decoded : bytes;
}

function looksLikeUserData(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 64).toString('latin1').trimStart();
  return /^([{#<]|\x1f\x8b|\x28\xb5\x2f\xfd|Content-Type:|MIME-Version:)/.test(start);
}
