import { valueAt, valuesAt, type Located, type LocatedScalar } from './located.ts';
import { formatPath, wifiSecretPaths, type Path } from './report.ts';

/**
 * One rule for secrets from all sources: parameters, files, files of `run` (image/media/bundle/lib/machine.sh does the same).
 * Editors and shells add invisible characters that nobody types to unlock the machine: a byte order mark before a passphrase,
 * line breaks after it. dabei removes both and reports it. It keeps blanks, which may be intended, and reports them, too. It
 * changes nothing inside a secret.
 */

const byteOrderMark = '\ufeff';

/** @returns each change, as the end of a sentence that quotes nothing of the text */
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

/** A private key: OpenSSH requires its first line to be the first of the file. The schema adds the final line break. */
function cleanKey(text: string): { text: string; done: ((what: string) => string)[] } {
  if (!text.startsWith(byteOrderMark)) return { text, done: [] };
  return {
    text: text.slice(1),
    done: [what => `a byte order mark was removed from the start of ${what}`],
  };
}

/** @returns the configuration with clean secrets, and each change with its source and path */
export function cleanSecrets(merged: Located): { value: Located; notes: string[] } {
  const notes: string[] = [];
  const clean = (value: Located, path: Path, how: typeof cleanKey): Located => {
    if (value.kind !== 'scalar' || typeof value.value !== 'string') return value;
    const { text, done } = how(value.value);
    for (const tell of done) notes.push(`${value.place.source}: ${tell(formatPath(path))}`);
    return { ...value, value: text } satisfies LocatedScalar;
  };
  const key = valueAt(merged, ['disks', 'key']);
  const withDiskKey = key
    ? replaced(merged, ['disks', 'key'], clean(key, ['disks', 'key'], cleanPassphrase))
    : merged;
  const withKey = wifiSecretPaths
    .flatMap(pattern => valuesAt(withDiskKey, pattern))
    .reduce(
      (whole, { path, value }) => replaced(whole, path, clean(value, path, cleanPassphrase)),
      withDiskKey,
    );
  const hostKeys = valueAt(withKey, ['ssh', 'hostKeys']);
  if (hostKeys?.kind !== 'array') return { value: withKey, notes };
  const items = hostKeys.items.map((item, index) => clean(item, ['ssh', 'hostKeys', index], cleanKey));
  return { value: replaced(withKey, ['ssh', 'hostKeys'], { ...hostKeys, items }), notes };
}

/** Replaces the value at an existing path. */
function replaced(located: Located, [key, ...rest]: Path, value: Located): Located {
  if (key === undefined) return value;
  if (located.kind === 'array')
    return {
      ...located,
      items: located.items.map((item, at) => (at === key ? replaced(item, rest, value) : item)),
    };
  if (typeof key === 'number') return located;
  const entry = located.kind === 'object' ? located.entries.get(key) : undefined;
  if (located.kind !== 'object' || entry === undefined) return located;
  const entries = new Map(located.entries);
  entries.set(key, { ...entry, value: replaced(entry.value, rest, value) });
  return { ...located, entries };
}
