import { join } from 'node:path';
import { variants } from '../agent/variants.ts';
import { buildImage } from '../image/build.ts';
import * as files from '../image/lib/files.ts';
import { output } from '../image/lib/target.ts';
import { measureParts } from '../image/rootfs/parts.ts';
import { publishedBudgets, relaxed } from '../image/reductions/budgets.ts';
import { table } from './vm/harness/table.ts';

/**
 * What is given to machines, and each part of it, stays within its bytes (image/report/budgets/; parts as compressed alone).
 * Where parts of the build fell back to Debian's own files, more is allowed. The last line counts: "N passed, N failed".
 */
const { image, toolchain, fallbacks } = await buildImage({ isos: variants.map(variant => [variant]) });
const published = publishedBudgets();
const budgets = relaxed(
  published,
  fallbacks.map(({ part }) => part),
);
for (const { part, reason } of fallbacks)
  process.stdout.write(`larger, because of Debian's own file: ${part} (${reason})\n`);

const artefacts = Object.fromEntries(
  Object.keys(budgets.artefacts).map(name => [
    name,
    name.split(' + ').reduce((sum, file) => sum + sizeOf(file), 0),
  ]),
);
const parts = Object.fromEntries(
  (await measureParts(toolchain, image)).map(({ name, compressedBytes }) => [name, compressedBytes]),
);
const rows = [...compare(artefacts, budgets.artefacts), ...compare(parts, budgets.parts)];
const count = (value: number | undefined) => value?.toLocaleString('en') ?? '';
const lines = rows.map(({ name, bytes, most, fault }) => [name, count(bytes), count(most), fault ?? 'ok']);
process.stdout.write(`${table(['part', 'bytes', 'at most', ''], lines)}\n`);
const failed = rows.filter(({ fault }) => fault !== null).length;
process.stdout.write(`${rows.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Of a part of the image, or of what is packed from it. */
function sizeOf(file: string): number {
  const inImage = join(image.path, file);
  return files.sizeOf(files.exists(inImage) ? inImage : join(output, file));
}

/** Both sides must name the same things, or a new part would have no budget and an old budget would hold for ever. */
function compare(sizes: Readonly<Record<string, number>>, limits: Readonly<Record<string, number>>) {
  const names = [...new Set([...Object.keys(limits), ...Object.keys(sizes)])];
  return names.map(name => {
    const bytes = sizes[name];
    const most = limits[name];
    const fault =
      bytes === undefined
        ? 'NOT IN THE IMAGE'
        : most === undefined
          ? 'NO BUDGET'
          : bytes > most
            ? 'TOO LARGE'
            : null;
    return { name, bytes, most, fault };
  });
}
