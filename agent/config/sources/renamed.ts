import type { Located, LocatedObject } from '../located.ts';

/** Keys that had another name in an earlier version, by the object that they are in. The old names stay valid. */
const renamed: readonly { path: readonly string[]; old: string; now: string }[] = [
  { path: ['network'], old: 'allowSilentGateways', now: 'allowUnreachableGateways' },
];

/**
 * Gives renamed keys their name of today, in place; a value keeps its place in the source. Where both names stand, both
 * stay, and the schema reports the old one as unknown.
 * @returns what was renamed, for the log
 */
export function renameKeys(value: LocatedObject): string[] {
  const notes: string[] = [];
  for (const { path, old, now } of renamed) {
    const parent = path.reduce<Located | undefined>(
      (at, key) => (at?.kind === 'object' ? at.entries.get(key)?.value : undefined),
      value,
    );
    const entry = parent?.kind === 'object' ? parent.entries.get(old) : undefined;
    if (parent?.kind !== 'object' || entry === undefined || parent.entries.has(now)) continue;
    parent.entries.delete(old);
    parent.entries.set(now, entry);
    notes.push(`${[...path, old].join('.')} is now called ${[...path, now].join('.')}; the old name still works`);
  }
  return notes;
} // prettier-ignore
