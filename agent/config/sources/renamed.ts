import type { Located, LocatedObject } from '../located.ts';

/** Keys with another name in an earlier version, by object. The old names remain valid. */
const renamed: readonly { path: readonly string[]; old: string; now: string }[] = [
  { path: ['network'], old: 'allowSilentGateways', now: 'allowUnreachableGateways' },
];

/**
 * Renames old keys in place to their current name; a value keeps its place in the source. If both names are present, it changes
 * nothing, and the schema reports the old one as unknown.
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
