import { join } from 'node:path';
import { buildImage } from '../image/build.ts';
import * as files from '../image/files.ts';
import { checkout } from '../image/host.ts';
import { table } from './vm/table.ts';

/** What is given to machines stays within its bytes (image/budgets.json). The last line counts: "N passed, N failed". */
const budgets = JSON.parse(files.readText(checkout('image/budgets.json'))) as Record<string, number>;
const image = await buildImage();
const rows = Object.entries(budgets).map(([name, most]) => {
  const bytes = files.sizeOf(join(image.path, name));
  return { name, bytes, most, holds: bytes <= most };
});
const count = (value: number) => value.toLocaleString('en');
const lines = rows.map(({ name, bytes, most, holds }) => [
  name,
  count(bytes),
  count(most),
  holds ? 'ok' : 'TOO LARGE',
]);
process.stdout.write(`${table(['file', 'bytes', 'at most', ''], lines)}\n`);
const failed = rows.filter(({ holds }) => !holds).length;
process.stdout.write(`${rows.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
