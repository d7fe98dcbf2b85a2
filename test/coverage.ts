import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout, run } from '../image/lib/host.ts';
import * as files from '../image/lib/files.ts';
import { withoutSourceMap, type Coverage } from './support/source-maps.ts';

/**
 * Lines that the unit tests have run, room by room, against the least that package.json asks for ("coverage"). Files that no
 * test loads count as well, all of their lines as never run. Used as `coverage.ts DIRECTORY`, what V8 left there
 * (nodejs.org/api/cli, NODE_V8_COVERAGE); tsx's source maps lead back to the lines of the sources.
 */

interface Counted {
  lines: { total: number; covered: number };
}

const [directory = ''] = process.argv.slice(2);
const { coverage: least } = JSON.parse(files.readText(checkout('package.json'))) as {
  coverage: Record<string, number>;
};
const unmapped = withoutSourceMap(
  processes(),
  Object.keys(least).map(room => pathToFileURL(checkout(room)).href),
);
if (unmapped.length > 0) {
  process.exitCode = 1;
  process.stdout.write(`no source map leads back to ${unmapped.length} files, ${unmapped[0]} among them\n`);
}
await run({
  doing: 'reading the coverage',
  argv: [process.execPath, checkout('node_modules/c8/bin/c8.js'), 'report', '--temp-directory', directory],
  cwd: checkout(),
  env: { PATH: process.env['PATH'] ?? '' },
  timeoutSeconds: 600,
});
const counted = Object.entries(
  JSON.parse(files.readText(checkout('.tap/coverage/coverage-summary.json'))) as Record<string, Counted>,
);
for (const [room, wanted] of Object.entries(least)) {
  const all = counted.filter(([path]) => path.startsWith(checkout(room))).map(([, { lines }]) => lines);
  const sum = (key: 'total' | 'covered') => all.reduce((total, lines) => total + lines[key], 0);
  // Rounded down: a threshold that is met stays met.
  const percent = Math.floor((1000 * sum('covered')) / sum('total')) / 10;
  const isEnough = percent >= wanted;
  if (!isEnough) process.exitCode = 1;
  process.stdout.write(`${room}: ${percent} % of lines${isEnough ? '' : `; ${wanted} % are asked for`}\n`);
}

/** Reads one file at a time, so that only one is in memory. */
function* processes(): Generator<Coverage> {
  for (const name of files.list(directory))
    yield JSON.parse(files.readText(join(directory, name))) as Coverage;
}
