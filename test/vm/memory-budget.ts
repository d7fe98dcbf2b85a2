import * as files from '../../image/files.ts';
import { checkout } from '../../image/host.ts';

/** The least memory that is published, in MiB; worlds run at exactly these. */
interface MemoryBudget {
  rescue: number;
  /** A whole encrypted installation, started by its boot loader. */
  install: number;
}

export const { memoryMiB: memoryBudget } = JSON.parse(files.readText(checkout('image/budgets.json'))) as {
  memoryMiB: MemoryBudget;
};
