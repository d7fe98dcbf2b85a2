import { join } from 'node:path';
import type { Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { measureParts } from '../rootfs/parts.ts';
import type { Packages } from '../debian/packages.ts';
import { tell } from '../lib/progress.ts';
import { target } from '../lib/target.ts';

/** `npm run image -- --explain`: what each byte is for, the largest part first. */
export async function explain(toolchain: Packages, image: Built): Promise<void> {
  const parts = await measureParts(toolchain, image);
  const count = (value: number) => value.toLocaleString('en');
  const rows = [...parts]
    .sort((a, b) => b.compressedBytes - a.compressedBytes)
    .map(({ name, why, rawBytes, compressedBytes }) => [name, count(rawBytes), count(compressedBytes), why]);
  const total = (pick: (part: (typeof parts)[number]) => number) =>
    count(parts.reduce((sum, part) => sum + pick(part), 0));
  rows.push(['together', total(({ rawBytes }) => rawBytes), total(part => part.compressedBytes), '']);
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]!.length), 10));
  const line = ([name = '', raw = '', compressed = '', why = '']: readonly string[]) =>
    [name.padEnd(widths[0]!), raw.padStart(widths[1]!), compressed.padStart(widths[2]!), why]
      .join('  ')
      .trimEnd();
  for (const row of [['part', 'raw', 'compressed', 'why'], ...rows]) tell(line(row));
  const shipped = [target.kernel.image, 'initrd'].reduce(
    (sum, name) => sum + files.sizeOf(join(image.path, name)),
    0,
  );
  tell(`${target.kernel.image} and initrd: ${count(shipped)} bytes`);
}
