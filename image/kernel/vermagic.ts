/**
 * Whether a kernel loads a module, without starting it: both carry the same text, which names the release and the options that
 * change the layout of structures (include/linux/vermagic.h; kernel/module/main.c, check_modinfo).
 */

/** @returns the text of a module's `.modinfo` (modinfo(8)); null if it has none */
export function vermagicOf(module: Buffer): string | null {
  const start = '\0vermagic=';
  const at = module.indexOf(start, 0, 'latin1');
  if (at < 0) return null;
  const from = at + start.length;
  const end = module.indexOf(0, from);
  return module.toString('latin1', from, end < 0 ? module.length : end).trimEnd();
}

/**
 * @param own a module of the kernel's own source
 * @param others modules that were built outside of it, by name
 * @throws Error naming every module that the kernel would reject
 */
export function requireVermagic(own: Buffer, others: Readonly<Record<string, Buffer>>): void {
  const wanted = vermagicOf(own);
  const rejected = Object.entries(others)
    .map(([name, module]) => ({ name, is: vermagicOf(module) }))
    .filter(({ is }) => is === null || is !== wanted);
  if (rejected.length === 0) return;
  const lines = rejected.map(({ name, is }) => `  ${name}: ${is ?? 'none'}`);
  throw new Error(
    `the kernel has the vermagic ${wanted ?? 'none'}, these modules another:\n${lines.join('\n')}`,
  );
}
