import { arch } from '../../agent/arch.ts';
/** How large things may be (image/report/budgets.json), and how much larger where Debian's own files are in the image. */

export interface Budgets {
  /** File, or several with " + " between them -> bytes. */
  artefacts: Readonly<Record<string, number>>;
  /** The least memory that is published, in MiB; worlds run at exactly these. */
  memoryMiB: {
    rescue: number;
    /** A whole encrypted installation, started by its boot loader. */
    install: number;
  };
  /** Part of the image -> bytes, compressed alone. */
  parts: Readonly<Record<string, number>>;
  /**
   * What fell back -> by how many bytes which parts may be larger then: its files and the libraries that only they need,
   * compressed one by one, with a tenth for what compresses worse in company.
   */
  fallbacks: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Files that hold none of what may fall back. */
const unchanged: readonly string[] = [arch.kernel.image, 'dabei'];

/**
 * @param fallbacks names of what fell back
 * @throws Error where one of them has no row
 */
export function relaxed(budgets: Budgets, fallbacks: readonly string[]): Budgets {
  const rows = fallbacks.map(name => {
    if (!Object.hasOwn(budgets.fallbacks, name))
      throw new Error(`image/report/budgets.json has no row for ${name}`);
    return budgets.fallbacks[name]!;
  });
  const add = (limits: Readonly<Record<string, number>>, more: (name: string) => number) =>
    Object.fromEntries(Object.entries(limits).map(([name, most]) => [name, most + more(name)]));
  const moreOf = (part: string) => rows.reduce((sum, row) => sum + (row[part] ?? 0), 0);
  const more = rows.flatMap(row => Object.values(row)).reduce((sum, bytes) => sum + bytes, 0);
  // The image lies in memory as it is, compressed.
  const moreMiB = Math.ceil(more / 2 ** 20);
  const { rescue, install } = budgets.memoryMiB;
  return {
    ...budgets,
    artefacts: add(budgets.artefacts, name => (unchanged.includes(name) ? 0 : more)),
    parts: add(budgets.parts, moreOf),
    memoryMiB: { rescue: rescue + moreMiB, install: install + moreMiB },
  };
}
