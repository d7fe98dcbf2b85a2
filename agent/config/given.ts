/** The configuration as people wrote it, in one form: what makes two of them the same, whatever image reads them. */

/**
 * JSON with sorted keys and without defaults: with a later image, whose schema knows more and other defaults, it is the
 * same. Secrets count by their presence alone, since it may end up where everybody can read it. Leave to erase (disks.wipe)
 * and who gets a shell at the installer's consoles
 * do not count: they do not say what is installed.
 * @param asked all sources merged, as JSON values
 */
export function givenText(asked: unknown): string {
  const { mode: _mode, $schema: _schema, console: _console, ssh, disks, ...others } = record(asked);
  const { hostKeys: _keys, ...restOfSsh } = record(ssh);
  const { key, wipe: _wipe, ...restOfDisks } = record(disks);
  return JSON.stringify(
    sorted({
      ...others,
      ...(ssh === undefined ? {} : { ssh: restOfSsh }),
      ...(disks === undefined
        ? {}
        : { disks: { ...restOfDisks, ...(key === undefined ? {} : { key: true }) } }),
    }),
  );
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
