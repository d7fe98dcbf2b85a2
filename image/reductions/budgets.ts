import * as files from '../lib/files.ts';
import { checkout } from '../lib/host.ts';
import { target } from '../lib/target.ts';

/** Size limits (image/report/budgets/), and how far they rise if the image contains Debian's own files. */

export interface Budgets {
  /** File, or several with " + " between them -> bytes. */
  artefacts: Readonly<Record<string, number>>;
  /** The published minimum of memory, in MiB; worlds run with exactly this much. */
  memoryMiB: {
    rescue: number;
    /** A whole encrypted installation, started by its boot loader. */
    install: number;
  };
  /** Part of the image -> bytes, compressed alone. */
  parts: Readonly<Record<string, number>>;
  /**
   * What fell back -> by how many bytes each part may then be larger: its files and the libraries that only they need,
   * each compressed alone, plus a tenth, because files compress differently together.
   */
  fallbacks: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The file with the limits of an image for an architecture (`uname -m`), below this project's directory. */
export const budgetsFile = (machine: string): string => `image/report/budgets/${machine}.json`;

/** The published limits. @param machine of the image that is built or tested, unless another one is asked for */
export const publishedBudgets = (machine: string = target.machine): Budgets =>
  JSON.parse(files.readText(checkout(budgetsFile(machine)))) as Budgets;

/** Files whose size no fallback changes. */
const unchanged: readonly string[] = [target.kernel.image, 'dabei'];

/**
 * @param fallbacks names of what fell back
 * @throws Error where one of them has no row
 */
export function relaxed(budgets: Budgets, fallbacks: readonly string[]): Budgets {
  const rows = fallbacks.map(name => {
    if (!Object.hasOwn(budgets.fallbacks, name))
      throw new Error(`${budgetsFile(target.machine)} has no row for ${name}`);
    return budgets.fallbacks[name]!;
  });
  const add = (limits: Readonly<Record<string, number>>, more: (name: string) => number) =>
    Object.fromEntries(Object.entries(limits).map(([name, most]) => [name, most + more(name)]));
  const moreOf = (part: string) => rows.reduce((sum, row) => sum + (row[part] ?? 0), 0);
  const more = rows.flatMap(row => Object.values(row)).reduce((sum, bytes) => sum + bytes, 0);
  // The image stays compressed in memory.
  const moreMiB = Math.ceil(more / 2 ** 20);
  const { rescue, install } = budgets.memoryMiB;
  return {
    ...budgets,
    artefacts: add(budgets.artefacts, name => (unchanged.includes(name) ? 0 : more)),
    parts: add(budgets.parts, moreOf),
    memoryMiB: { rescue: rescue + moreMiB, install: install + moreMiB },
  };
}
