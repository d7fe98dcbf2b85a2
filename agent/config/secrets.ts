import { valueAt, type Located, type LocatedScalar } from './located.ts';
import { formatPath, type Path } from './report.ts';

/**
 * One rule for secrets, whatever way they come: as a parameter, in a file, in a file of `run` (image/media/bundle/lib/machine.sh
 * does the same). Editors and shells add what nobody sees and nobody types when the machine is unlocked: a byte order mark
 * before a passphrase, line breaks behind it. Both are removed, and it is said. Blanks may be meant, so they stay, and that
 * is said, too; nothing inside is touched.
 */

const byteOrderMark = '\ufeff';

/** @returns what was done, each as the rest of a sentence; nothing of the text is in it */
function cleanPassphrase(text: string): { text: string; done: ((what: string) => string)[] } {
  const done: ((what: string) => string)[] = [];
  let start = 0;
  while (text[start] === byteOrderMark) start++;
  let end = text.length;
  while (end > start && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
  const clean = text.slice(start, end);
  if (start > 0) done.push(what => `a byte order mark was removed from the start of ${what}`);
  if (end < text.length) done.push(what => `the line break at the end of ${what} was removed`);
  if (/^ | $/.test(clean)) done.push(what => `${what} begins or ends with a blank; dabei keeps the blank`);
  return { text: clean, done };
}

/** A private key: OpenSSH finds it only where nothing stands before its first line. The schema ends its last one. */
function cleanKey(text: string): { text: string; done: ((what: string) => string)[] } {
  if (!text.startsWith(byteOrderMark)) return { text, done: [] };
  return {
    text: text.slice(1),
    done: [what => `a byte order mark was removed from the start of ${what}`],
  };
}

/** @returns the configuration with clean secrets, and what was done to them, with source and path */
export function cleanSecrets(merged: Located): { value: Located; notes: string[] } {
  const notes: string[] = [];
  const clean = (value: Located, path: Path, how: typeof cleanKey): Located => {
    if (value.kind !== 'scalar' || typeof value.value !== 'string') return value;
    const { text, done } = how(value.value);
    for (const tell of done) notes.push(`${value.place.source}: ${tell(formatPath(path))}`);
    return { ...value, value: text } satisfies LocatedScalar;
  };
  const key = valueAt(merged, ['disks', 'key']);
  const withKey = key
    ? replaced(merged, ['disks', 'key'], clean(key, ['disks', 'key'], cleanPassphrase))
    : merged;
  const hostKeys = valueAt(withKey, ['ssh', 'hostKeys']);
  if (hostKeys?.kind !== 'array') return { value: withKey, notes };
  const items = hostKeys.items.map((item, index) => clean(item, ['ssh', 'hostKeys', index], cleanKey));
  return { value: replaced(withKey, ['ssh', 'hostKeys'], { ...hostKeys, items }), notes };
}

/** With another value at a path of keys that exists. */
function replaced(located: Located, [key, ...rest]: readonly string[], value: Located): Located {
  if (key === undefined) return value;
  const entry = located.kind === 'object' ? located.entries.get(key) : undefined;
  if (located.kind !== 'object' || entry === undefined) return located;
  const entries = new Map(located.entries);
  entries.set(key, { ...entry, value: replaced(entry.value, rest, value) });
  return { ...located, entries };
}
