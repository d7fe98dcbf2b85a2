import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as clock from '../../agent/host/clock.ts';
import { configurationOf } from '../kernel/kernel.ts';
import { outputOf } from '../lib/target.ts';
import { arch, rows, type Arch } from '../../agent/arch.ts';
import * as files from '../lib/files.ts';
import { BuildError } from '../lib/errors.ts';
import { checkout, run } from '../lib/host.ts';
import { tell } from '../lib/progress.ts';
import { makeRelease } from './release.ts';

/** `npm run release -- --key SSH-KEY [--cms-key PEM --cms-certificate PEM] [--output DIRECTORY]` */
const { values } = parseArgs({
  options: {
    key: { type: 'string' },
    'cms-key': { type: 'string' },
    'cms-certificate': { type: 'string' },
    output: { type: 'string' },
  },
});
const { key: ssh, 'cms-key': cmsKey, 'cms-certificate': certificate } = values;
if (ssh === undefined || (cmsKey === undefined) !== (certificate === undefined))
  throw new BuildError('USAGE', {
    doing: 'reading the command line',
    problem: ssh === undefined ? '--key is missing' : '--cms-key and --cms-certificate go together',
    remedy: 'npm run release -- --key FILE; docs/release.md has the steps',
  });

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean; optional?: boolean }>;
}
const json = (path: string) => JSON.parse(files.readText(path)) as unknown;
const { version } = json(checkout('package.json')) as { version: string };
const { packages } = json(checkout('package-lock.json')) as Lock;
const prefix = 'node_modules/';
const npm = Object.entries(packages).flatMap(([path, { version: at, dev }]) =>
  at === undefined || dev === true || !path.startsWith(prefix)
    ? []
    : [[path.slice(path.lastIndexOf(prefix) + prefix.length), at] as const],
);
/** @returns a line for each file that makes the kernel of an architecture another one than Debian's */
async function kernelChanges(row: Arch): Promise<string[]> {
  const { fragments, others } = configurationOf(row);
  return Promise.all(
    [...fragments, ...others].map(
      async path => `${path.slice(checkout().length + 1)} (sha256 ${await files.sha256(path)})`,
    ),
  );
}
const { stdout: gitStatus } = await run({
  doing: 'looking for changes',
  argv: ['git', '-C', checkout(), 'status', '--porcelain'],
  timeoutSeconds: 60,
});
const directory = values.output ?? checkout('out', `nix-dabei-${version}`);
const images = await Promise.all(
  rows
    .filter(({ lacks }) => lacks === null)
    .map(async (row, index) => ({
      out: outputOf(row),
      place: index === 0 ? '' : row.machine,
      command: row === arch ? 'npm run image --' : `npm run image -- --arch ${row.machine}`,
      kernelChanges: await kernelChanges(row),
      debianArchitecture: row.debian,
    })),
);
const names = await makeRelease(
  images,
  directory,
  {
    ...{ version, gitStatus, now: clock.epochSeconds(), changelog: files.readText(checkout('CHANGELOG.md')) },
    ...{ zfsChanges: [], npm: Object.fromEntries(npm) },
  },
  { ssh, cms: cmsKey !== undefined && certificate !== undefined ? { key: cmsKey, certificate } : undefined },
);
for (const name of names) tell(join(directory, name));
