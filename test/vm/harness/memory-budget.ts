import * as files from '../../../image/lib/files.ts';
import { publishedBudgets, relaxed } from '../../../image/reductions/budgets.ts';
import { image } from './image.ts';

const published = publishedBudgets();

/** The least memory that is published, in MiB; worlds run at exactly these. */
export const { memoryMiB: memoryBudget } = published;

/** By how much the image under test may need more, since Debian's own files are in it; known once it is built. */
export function moreMemoryMiB(): number {
  const { fallbacks = [] } = JSON.parse(files.readText(image.description)) as {
    fallbacks?: readonly { part: string }[];
  };
  const parts = fallbacks.map(({ part }) => part);
  return relaxed(published, parts).memoryMiB.install - memoryBudget.install;
}
