import { createServer } from 'node:http';
import { join } from 'node:path';
import { sessionByHand } from '../../agent/commands/session.ts';
import { sign } from '../../agent/commands/sign.ts';
import * as clock from '../../agent/host/clock.ts';
import { realDoors } from '../../agent/host/doors.ts';
import { cacheDirectory } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { makeKeys } from '../vm/harness/keys.ts';
import { listen } from '../vm/harness/serve.ts';
import { table } from '../vm/harness/table.ts';
import type { BenchOptions } from './options.ts';
import { median } from './report.ts';

/**
 * `npm run bench -- config-url [--runs N]`: what a signed configuration by URL costs beside the same one in a file. Without a virtual
 * machine, whose processor is emulated: Node and OpenSSH of this machine, a server of this machine, in turn. The first time has what
 * every start of dabei has: Node's HTTP client and ssh-keygen have to be loaded.
 */
export async function benchConfigUrl({ runs = 15 }: BenchOptions): Promise<void> {
  const directory = join(cacheDirectory, 'bench-config-url');
  files.remove(directory);
  files.makeDirectory(directory);
  const { user } = await makeKeys(join(directory, 'keys'));
  const [fetched, inFile, byUrl] = ['fetched.json', 'file.json', 'url.json'].map(name =>
    join(directory, name),
  ) as [string, string, string];
  const config = { version: 1, hostName: 'rack-0042', rootAuthorizedKeys: [user.public] };
  const notAfter = new Date((clock.epochSeconds() + 86_400) * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  files.write(fetched, JSON.stringify({ ...config, for: { mac: ownMac() }, notAfter }));
  await sign(realDoors, fetched, user.file, 'ops');
  const answers: Readonly<Record<string, string>> = {
    '/host.json': fetched,
    '/host.json.sig': `${fetched}.sig`,
  };
  const server = await listen(
    createServer(({ url = '' }, response) => {
      const file = answers[url];
      if (file === undefined) response.writeHead(404).end();
      else response.end(files.readBytes(file));
    }),
  );
  try {
    const signer = `ops namespaces="nix-dabei-config" ${user.public}`;
    const configUrl = `http://127.0.0.1:${server.port}/host.json`;
    files.write(inFile, JSON.stringify({ ...config, mode: 'rescue' }));
    files.write(byUrl, JSON.stringify({ configUrl, configSigners: [signer] }));
    const [fromFile, fromUrl]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      fromFile.push(await millisecondsOf(inFile));
      fromUrl.push(await millisecondsOf(byUrl));
    }
    const row = (name: string, of: (each: readonly number[]) => number) =>
      [name, of(fromFile).toFixed(0), of(fromUrl).toFixed(0)]; // prettier-ignore
    const rows = [row('the first', each => each[0]!), row(`median of ${runs}`, median)];
    process.stdout.write(`${table(['', 'in a file, ms', 'by URL, ms'], rows)}\n`);
  } finally {
    await server.close();
  }
}

async function millisecondsOf(file: string): Promise<number> {
  const started = clock.uptimeSeconds();
  const { resolution } = await sessionByHand({ ...realDoors, log: () => {} }, file, () => {});
  const seconds = clock.uptimeSeconds() - started;
  if (resolution.problems.length > 0 || resolution.config?.hostName !== 'rack-0042')
    throw new Error(`${file}: ${JSON.stringify(resolution.problems)}`);
  return 1000 * seconds;
}

function ownMac(): string {
  const links = '/sys/class/net';
  const macs = files.list(links).map(name => files.readText(join(links, name, 'address')).trim());
  const found = macs.find(mac => /^(?!00:00:00:00:00:00)[0-9a-f:]{17}$/.test(mac));
  if (found === undefined) throw new Error('this machine has no network card');
  return found;
}
