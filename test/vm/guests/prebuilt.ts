import { join } from 'node:path';
import { configSchema, type ConfigInput } from '../../../agent/config/schema.ts';
import type { Facts } from '../../../agent/facts.ts';
import { hostFlake } from '../../../agent/plan/host-flake/host-flake.ts';
import { planNukeDisk } from '../../../agent/plan/disks/nuke-disk.ts';
import { Secret } from '../../../agent/secret.ts';
import { cached, tree } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { checkout } from '../../../image/lib/host.ts';
import { tinyNixos } from '../harness/fixtures.ts';
import { hireOperator, operatorHome, type Operator } from './operator.ts';
import { target } from '../../../image/lib/target.ts';

/**
 * A system built elsewhere: the host flake that dabei would write for a machine of QEMU, evaluated and built by real Nix on
 * this machine, signed, and copied to a binary cache in a directory.
 */
export interface Prebuilt {
  /** Of the binary cache. */
  directory: string;
  storePath: string;
  /** "NAME:BASE64". */
  publicKey: string;
}

export interface PrebuiltOptions {
  firmware?: 'bios' | 'uefi';
  /** For the size of the swap partition. */
  memoryMiB: number;
  diskMegabytes: number;
  /** How archives are packed in the cache. */
  compression?: 'xz' | 'zstd' | 'none';
  /** Of the card; by default, that of a machine with one. */
  mac?: string;
}

/** The name of the disk in QEMU; partition GUIDs are derived from it. */
export const prebuiltDisk = 'target';
const keyName = 'cache.example.org-1';

/**
 * @param directory kept by the caller; store and cache are in it
 * @param config as `installConfig` gives it
 */
export async function buildElsewhere(
  directory: string,
  config: ConfigInput,
  options: PrebuiltOptions,
): Promise<Prebuilt> {
  const operator = await hireOperator(directory);
  const home = join(directory, 'home');
  // A lock file of an earlier build leads to the test system as it was then.
  files.remove(join(home, 'host'));
  for (const [name, text] of Object.entries(describe(config, operator, options)))
    files.write(join(home, 'host', name), text);
  const storePath = await operator.run('building a system elsewhere', [
    ...['nix', 'build', '--no-link', '--print-out-paths'],
    `path:${operatorHome}/host#nixosConfigurations.${config.hostName ?? 'tiny'}.config.system.build.toplevel`,
  ]);
  return fillCache(directory, operator, storePath, options.compression);
}

/** The same for everybody who looks at the cache alone: its system lets nobody in. */
export async function anyPrebuilt(config: ConfigInput, options: PrebuiltOptions): Promise<Prebuilt> {
  const nobody = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW nobody';
  const described = { ...config, rootAuthorizedKeys: [nobody] };
  const sources = ['agent/plan', 'nix'].flatMap(directory => tree(checkout(directory)));
  const recipe = ['prebuilt 1', await tinyNixos(), JSON.stringify(options), ...sources];
  const built = await cached('prebuilt', recipe, async directory => {
    const work = join(directory, 'work');
    const { directory: cache, ...made } = await buildElsewhere(work, described, options);
    files.rename(cache, join(directory, 'cache'));
    files.write(join(directory, 'made.json'), JSON.stringify(made));
    files.remove(work);
  });
  const made = JSON.parse(files.readText(join(built.path, 'made.json'))) as Omit<Prebuilt, 'directory'>;
  return { directory: join(built.path, 'cache'), ...made };
}

/** Signs a path with all that it needs, and copies it to the cache in the operator's home. */
export async function fillCache(
  directory: string,
  operator: Operator,
  storePath: string,
  compression = 'zstd',
): Promise<Prebuilt> {
  const home = join(directory, 'home');
  const secretKey = `${operatorHome}/secret-key`;
  if (!files.exists(join(home, 'secret-key'))) {
    const generated = await operator.run('making a key for the binary cache', [
      ...['nix', 'key', 'generate-secret', '--key-name', keyName],
    ]);
    files.write(join(home, 'secret-key'), generated, 0o600);
    const derive = `nix key convert-secret-to-public < ${secretKey}`;
    files.write(
      join(home, 'public-key'),
      await operator.run('deriving its public half', ['sh', '-c', derive]),
    );
  }
  const cache = `file://${operatorHome}/cache?compression=${compression}&secret-key=${secretKey}`;
  await operator.run('filling the binary cache', ['nix', 'copy', '--to', cache, storePath]);
  return {
    directory: join(home, 'cache'),
    storePath,
    publicKey: files.readText(join(home, 'public-key')).trim(),
  };
}

/** The host flake's files, for a machine with one disk and one card of virtio. */
function describe(input: ConfigInput, operator: Operator, options: PrebuiltOptions): Record<string, string> {
  const config = configSchema.parse({ ...input, system: { nixpkgs: `path:${operator.flake}` } });
  const facts: Facts = {
    firmware: options.firmware ?? 'bios',
    memoryBytes: options.memoryMiB * 2 ** 20,
    system: target.nixSystem,
    machine: { vendor: 'QEMU', model: null, cpuVendor: null, cpuModel: null, virtualization: true },
    disks: [
      {
        path: '/dev/vda',
        aliases: [`/dev/disk/by-id/virtio-${prebuiltDisk}`],
        sizeBytes: options.diskMegabytes * 2 ** 20,
        logicalSectorBytes: 512,
        physicalSectorBytes: 512,
        model: null,
        serial: prebuiltDisk,
        wwn: null,
        transport: 'virtio',
        readOnly: false,
        removable: false,
        bootMedium: false,
        contents: [],
      },
    ],
    links: [
      {
        name: 'eth0',
        mac: options.mac ?? '52:54:00:da:be:01',
        driver: 'virtio_net',
        modalias: null,
        carrier: true,
        mtu: 1500,
      },
    ],
    consoles: ['ttyS0'],
  };
  const storage = planNukeDisk(config, facts.disks, facts, new Secret(Buffer.alloc(32)));
  return hostFlake(config, facts, storage);
}
