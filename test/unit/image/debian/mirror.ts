import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Context } from '../../../../image/debian/context.ts';
import * as files from '../../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../../image/lib/host.ts';

/** A Debian archive of the test's own, signed with a key of its own, on a server that misbehaves as it is asked to. */

/** What the server does with a path instead of sending it. */
export type Fault =
  | 'missing'
  /** Other bytes of the same length. */
  | 'wrong'
  /** The connection ends in the middle. */
  | 'cut'
  /** A byte now and then, for ever. */
  | 'drip'
  | 'reset'
  | 'busy'
  /** Nothing at all. */
  | 'silent';

export interface FaultRule {
  path: RegExp;
  fault: Fault;
  /** So many requests; then all is well. */
  times?: number;
}

export interface TestMirror {
  context: Context;
  /** Paths that were asked for, in order. */
  requests: string[];
  /** Changed between fetches. */
  faults: FaultRule[];
  close: () => Promise<void>;
}

const suite = 'tiny';
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

interface Deb {
  name: string;
  version: string;
  depends?: string;
}

/** Suite -> what it names. Sources are any bytes: nothing here builds them. */
const content: Record<
  string,
  { debs: Deb[]; sources: [string, string][]; installer: Deb[]; firmware: Deb[] }
> = {
  tiny: {
    debs: [
      { name: 'alpha', version: '1.0', depends: 'beta' },
      { name: 'beta', version: '1.0' },
    ],
    sources: [
      ['gamma', '1.9'],
      ['gamma', '1:1.0'],
    ],
    installer: [{ name: 'delta-udeb', version: '4.0' }],
    firmware: [{ name: 'firmware-epsilon', version: '5.0' }],
  },
  'tiny-updates': { debs: [{ name: 'beta', version: '1.1' }], sources: [], installer: [], firmware: [] },
};

export interface TestArchive {
  files: ReadonlyMap<string, Buffer>;
  keyring: string;
}

/** Makes a signed archive; what it needs for that lies below a directory. */
export async function makeArchive(directory: string): Promise<TestArchive> {
  await requireHostPackages({ '/usr/bin/gpg': 'gpg', '/usr/bin/gpgv': 'gpgv', '/usr/bin/dpkg-deb': 'dpkg' });
  const archive = new Map<string, Buffer>();
  const home = join(directory, 'gnupg');
  files.makeDirectory(home);
  files.setMode(home, 0o700);
  const gpg = (argv: readonly string[]) =>
    run({
      doing: 'signing the archive of the test',
      argv: ['gpg', '--homedir', home, '--batch', '--quiet', '--passphrase', '', ...argv],
      timeoutSeconds: 120,
    });
  await gpg(['--quick-generate-key', 'mirror@example.org', 'ed25519', 'sign']);
  const keyring = join(directory, 'keyring.gpg');
  await gpg(['--output', keyring, '--export']);
  for (const [name, { debs, sources, installer, firmware }] of Object.entries(content)) {
    const indexes: [string, string][] = [
      ['main/binary-amd64/Packages.gz', await packagesIndex(archive, directory, debs, 'deb')],
      ['main/source/Sources.gz', sourcesIndex(archive, sources)],
      [
        'main/debian-installer/binary-amd64/Packages.gz',
        await packagesIndex(archive, directory, installer, 'udeb'),
      ],
      [
        'non-free-firmware/binary-amd64/Packages.gz',
        await packagesIndex(archive, directory, firmware, 'deb'),
      ],
    ];
    const sums = indexes.map(([path, text]) => {
      const bytes = gzipSync(text);
      archive.set(`dists/${name}/${path}`, bytes);
      archive.set(`dists/${name}/${path.replace(/[^/]*$/, '')}by-hash/SHA256/${hash(bytes)}`, bytes);
      // apt knows an index only where its uncompressed form has a hash, too.
      const plain = Buffer.from(text);
      return [
        ` ${hash(plain)} ${plain.length} ${path.replace(/\.gz$/, '')}`,
        ` ${hash(bytes)} ${bytes.length} ${path}`,
        '',
      ].join('\n');
    });
    const release = join(directory, 'Release');
    const head = ['Origin: Test', `Suite: ${name}`, `Codename: ${name}`, 'Acquire-By-Hash: yes'];
    const rest = [`Date: ${new Date().toUTCString()}`, 'Architectures: amd64', 'Components: main', 'SHA256:'];
    files.write(release, `${[...head, ...rest].join('\n')}\n${sums.join('')}`);
    await gpg(['--yes', '--output', join(directory, 'InRelease'), '--clearsign', release]);
    archive.set(`dists/${name}/InRelease`, files.readBytes(join(directory, 'InRelease')));
  }
  // gpg's agent outlives it otherwise.
  await run({
    doing: 'ending the agent of gpg',
    argv: ['gpgconf', '--homedir', home, '--kill', 'gpg-agent'],
    timeoutSeconds: 60,
  });
  return { files: archive, keyring };
}

async function packagesIndex(
  archive: Map<string, Buffer>,
  directory: string,
  debs: readonly Deb[],
  ending: string,
): Promise<string> {
  const paragraphs: string[] = [];
  for (const { name, version, depends } of debs) {
    const control = [
      ...[
        `Package: ${name}`,
        `Version: ${version}`,
        'Architecture: amd64',
        'Maintainer: Test <t@example.org>',
      ],
      ...(depends ? [`Depends: ${depends}`] : []),
      'Description: test',
    ].join('\n');
    const tree = join(directory, `${name}-${version}`);
    files.write(join(tree, 'DEBIAN/control'), `${control}\n`);
    files.write(join(tree, `usr/share/${name}`), `${version}\n`);
    const path = `pool/${name}_${version}_amd64.${ending}`;
    const output = join(directory, 'made.deb');
    const argv = ['dpkg-deb', '--build', '-Znone', '--root-owner-group', tree, output];
    await run({ doing: `making ${name}`, argv, timeoutSeconds: 120 });
    const bytes = files.readBytes(output);
    archive.set(path, bytes);
    paragraphs.push(`${control}\nFilename: ${path}\nSize: ${bytes.length}\nSHA256: ${hash(bytes)}\n`);
  }
  return paragraphs.join('\n');
}

function sourcesIndex(archive: Map<string, Buffer>, sources: readonly [string, string][]): string {
  const paragraphs = sources.map(([name, version]) => {
    const short = version.replace(/^\d+:/, '');
    const sums = [`${name}_${short}.dsc`, `${name}_${short}.tar.xz`].map(file => {
      const bytes = Buffer.alloc(3000, `${file} `);
      archive.set(`pool/${name}/${file}`, bytes);
      return ` ${hash(bytes)} ${bytes.length} ${file}\n`;
    });
    return `Package: ${name}\nBinary: ${name}\nVersion: ${version}\nDirectory: pool/${name}\nChecksums-Sha256:\n${sums.join('')}`;
  });
  return paragraphs.join('\n');
}

/** Serves an archive. @param cache of whoever fetches from it */
export async function startMirror(
  { files: archive, keyring }: TestArchive,
  cache: string,
): Promise<TestMirror> {
  const requests: string[] = [];
  const mirror = { faults: [] as FaultRule[], requests };
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    requests.push(path);
    const rule = mirror.faults.find(({ path: pattern, times = Infinity }) => pattern.test(path) && times > 0);
    if (rule?.times !== undefined) rule.times -= 1;
    answer(request, response, archive.get(path), rule?.fault ?? null);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const context: Context = {
    directory: cache,
    archives: async () => ({ release: [address], updates: [address], security: [] }),
    keyring,
    suite,
    components: ['main'],
    limits: {
      ...{ idleSeconds: 6, bytesPerSecond: 1000, leastSeconds: 8, tries: 3, pauseSeconds: 0.05 },
      ...{ failuresInARow: 6, silentSeconds: 4, lockSeconds: 60 },
    },
    update: false,
    locked: null,
  };
  return Object.assign(mirror, {
    context,
    close: () => new Promise<void>(resolve => (server.closeAllConnections(), server.close(() => resolve()))),
  });
}

/** RFC 9112; what each fault is on the wire. */
function answer(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer | undefined,
  fault: Fault | null,
): void {
  if (bytes === undefined || fault === 'missing') return void response.writeHead(404).end();
  if (fault === 'busy') return void response.writeHead(503).end();
  if (fault === 'silent') return;
  if (fault === 'reset') return void response.socket?.resetAndDestroy();
  const start = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  if (start >= bytes.length && start > 0) return void response.writeHead(416).end();
  const body = fault === 'wrong' ? Buffer.from(bytes.map(byte => byte ^ 1)) : bytes;
  const range = start > 0 ? { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': bytes.length - start, ...range });
  if (fault === 'cut') {
    const part = body.subarray(start, start + Math.ceil((bytes.length - start) / 2));
    return void response.write(part, () => response.socket?.end());
  }
  if (fault === 'drip') {
    const drop = setInterval(() => response.write(body.subarray(0, 1)), 500);
    response.on('close', () => clearInterval(drop));
    return;
  }
  response.end(body.subarray(start));
}
