import { join } from 'node:path';
import { arcMaxBytes, createPool } from '../../agent/plan/disks/pool.ts';
import { quote, type RunStep } from '../../agent/plan/step.ts';
import { Secret } from '../../agent/secret.ts';
import { cacheDirectory } from '../../image/lib/cache.ts';
import * as files from '../../image/lib/files.ts';
import { run } from '../../image/lib/host.ts';
import { unpack } from '../../image/debian/packages.ts';
import { toolchainSet } from '../../image/debian/package-sets.ts';
import { serveCache } from '../vm/harness/binary-cache.ts';
import { stageDone } from '../vm/guests/install.ts';
import { hireOperator, operatorHome } from '../vm/guests/operator.ts';
import { fillCache, type Prebuilt } from '../vm/guests/prebuilt.ts';
import { openSite } from '../vm/harness/site.ts';
import type { Ssh } from '../vm/harness/ssh.ts';
import { table } from '../vm/harness/table.ts';
import { publish } from './report.ts';

/** Real programs and libraries, as stores hold them: of Debian's compiler, and those that the image is made of. */
const compilerDirectories = ['lib', 'libexec'];
const imageDirectory = '/usr/lib';
const memoryMiB = 1024;
const diskMegabytes = 4096;

/**
 * Seconds to copy a closure of some 500 MB from a binary cache into plain ext4 and into an encrypted pool with lz4 and with
 * zstd: the same paths in the same machine, one after the other. Archives are not packed, so that no time goes there.
 */
export async function benchClosure(): Promise<void> {
  const directory = join(cacheDirectory, 'bench');
  const site = await openSite(directory);
  try {
    const { cache, paths, bytes } = await makeClosure(join(directory, 'operator'));
    const server = await serveCache(cache.directory);
    const [plain, pool] = [site.disk('plain', diskMegabytes), site.disk('pool', diskMegabytes)];
    // The image has no program that makes ext4.
    await run({ doing: 'making ext4', argv: ['mkfs.ext4', '-q', '-F', plain.file], timeoutSeconds: 120 });
    const machine = await site.startImage({
      name: 'closure',
      memoryMiB,
      disks: [plain, pool],
      parameters: [site.rescueParameter()],
      limitSeconds: 7200,
    });
    await stageDone(machine, 'rescue', 600);
    const ssh = site.ssh();
    await ssh.waitUntilUp(120);
    const from = server.urlFor('').replace(/\/$/, '');
    const copy = () => timeCopy(ssh, from, paths, cache.publicKey);
    const arcBytes = arcMaxBytes(memoryMiB * 2 ** 20 - 1);
    await ssh.run(`modprobe zfs && echo ${arcBytes} > /sys/module/zfs/parameters/zfs_arc_max`, {
      seconds: 120,
    });

    const seconds: Record<string, number> = {};
    await ssh.run('mkdir -p /mnt && mount -t ext4 /dev/vda /mnt');
    seconds['ext4'] = await copy();
    await ssh.run('umount /mnt', { seconds: 120 });
    for (const compression of ['lz4', 'zstd']) {
      await makePool(ssh, compression);
      seconds[`zfs, aes-256-gcm, ${compression}`] = await copy();
      await ssh.run('umount /mnt/nix && zpool destroy bench', { seconds: 300 });
    }
    const rows = Object.entries(seconds).map(([target, taken]) => {
      const ratio = (seconds['ext4']! / taken).toFixed(2);
      return [target, taken.toFixed(1), (bytes / taken / 1e6).toFixed(1), ratio];
    });
    process.stdout.write(`${bytes} bytes in ${paths.length} paths\n`);
    process.stdout.write(`${table(['target', 'seconds', 'MB/s', 'of ext4'], rows)}\n`);
    await publish('closure', { memoryMiB, bytes, seconds });
    await machine.end();
    await server.close();
  } finally {
    await site.close();
  }
}

async function makeClosure(
  directory: string,
): Promise<{ cache: Prebuilt; paths: readonly string[]; bytes: number }> {
  const toolchain = await unpack(toolchainSet);
  const operator = await hireOperator(directory);
  const paths: string[] = [];
  let cache: Prebuilt | undefined;
  for (const name of compilerDirectories) {
    const [from, to] = [join(toolchain.path, 'usr', name), join(directory, 'home', name)];
    await run({
      doing: `taking ${name}`,
      argv: ['cp', '--archive', '--link', from, to],
      timeoutSeconds: 300,
    });
  }
  const directories = [...compilerDirectories.map(name => `${operatorHome}/${name}`), imageDirectory];
  for (const [index, path] of directories.entries()) {
    const add = ['nix', 'store', 'add', '--name', `bench-${index}`, path];
    paths.push(await operator.run(`adding ${path} to the store`, add));
    cache = await fillCache(directory, operator, paths.at(-1)!, 'none');
  }
  const bytes = files
    .list(cache!.directory)
    .filter(name => name.endsWith('.narinfo'))
    .map(name => files.readText(join(cache!.directory, name)))
    .reduce((sum, text) => sum + Number(/^NarSize: (\d+)$/m.exec(text)?.[1]), 0);
  return { cache: cache!, paths, bytes };
}

/** From the first request until everything is on the disk. */
async function timeCopy(ssh: Ssh, from: string, paths: readonly string[], key: string): Promise<number> {
  const copy = ['nix', 'copy', '--from', from, '--to', '/mnt', ...paths].map(quote).join(' ');
  const settings = `export NIX_CONFIG=${quote(`trusted-public-keys = ${key}`)} HOME=/mnt/nix/home TMPDIR=/mnt/nix/home`;
  const look = 'read -r now rest < /proc/uptime; echo "at $now"';
  const script = `mkdir -p /mnt/nix/home; sync; echo 3 > /proc/sys/vm/drop_caches; ${settings}; ${look}; ${copy} && sync && ${look}`;
  const output = await ssh.run(script, { seconds: 1800 });
  const [start = NaN, end = NaN] = [...output.matchAll(/^at ([\d.]+)$/gm)].map(([, at]) => Number(at));
  return end - start;
}

/** As dabei makes it, but for the compression. */
async function makePool(ssh: Ssh, compression: string): Promise<void> {
  const passphrase = new Secret('correct horse');
  const steps = createPool({
    name: 'bench',
    layout: 'single',
    partuuids: ['unused'],
    key: { format: 'passphrase', secret: passphrase },
    reservedBytes: 0,
  });
  const create = steps.find((step): step is RunStep => step.kind === 'run' && step.argv[1] === 'create')!;
  const argv = create.argv.map(word => {
    if (word.startsWith('compression=')) return `compression=${compression}`;
    return word.includes('/by-partuuid/') ? '/dev/vdb' : word;
  });
  await ssh.run(argv.map(quote).join(' '), { stdin: `${passphrase.reveal().toString()}\n`, seconds: 300 });
  const dataset = 'zfs create -o mountpoint=legacy -o atime=off bench/nix';
  await ssh.run(`${dataset} && mkdir -p /mnt/nix && mount -t zfs bench/nix /mnt/nix`, { seconds: 120 });
}
