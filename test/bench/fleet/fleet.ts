import { join } from 'node:path';
import { realDoors } from '../../../agent/host/doors.ts';
import { collect } from '../../../agent/commands/collect.ts';
import { sign } from '../../../agent/commands/sign.ts';
import * as clock from '../../../agent/host/clock.ts';
import { cacheDirectory, keyOf } from '../../../image/lib/cache.ts';
import * as files from '../../../image/lib/files.ts';
import { attempt } from '../../../agent/host/exec.ts';
import { buildElsewhere, prebuiltDisk, type Prebuilt } from '../../vm/guests/prebuilt.ts';
import { image } from '../../vm/harness/image.ts';
import type { Machine } from '../../vm/harness/machine/machine.ts';
import { rackAddress, readRackFiles } from '../../vm/harness/rack/files.ts';
import { openRack, type Rack } from '../../vm/harness/rack/rack.ts';
import { openSite, type Site } from '../../vm/harness/site.ts';
import { table } from '../../vm/harness/table.ts';
import { timeScale } from '../../vm/harness/time-scale.ts';
import type { BenchOptions } from '../options.ts';
import { publish } from '../report.ts';
import { bytesByMachine, spread, type Bytes } from './bytes.ts';

/**
 * `npm run bench -- fleet [--machines 1,2,4,8]`: so many empty machines at once start by PXE from one dnsmasq and one nginx with the
 * files of docs/fleets/rack.md. Each fetches its own signed configuration, installs its own prebuilt system from the cache, and starts
 * it; their reports become one flake. A round that is measured is not measured again, until the image is another one.
 */

const memoryMiB = 512;
const diskMegabytes = 4096;
const limitSeconds = 1800;
/** How much more the machine that got the most may get. */
const mostSpread = 0.02;

interface Round {
  machines: number;
  /** From the start of all until the last one is installed, and until SSH answers on the last one's own system. */
  installedSeconds: number;
  upSeconds: number;
  bytes: Bytes[];
}

interface Member {
  name: string;
  mac: string;
  prebuilt: Prebuilt;
}

export async function benchFleet({ machines: counts = [1, 2, 4, 8] }: BenchOptions): Promise<void> {
  const directory = join(cacheDirectory, 'bench-fleet');
  const site = await openSite(join(cacheDirectory, 'bench'));
  try {
    const recipe = [await files.sha256(image.kernel), await files.sha256(image.initrd)];
    const measured = join(directory, `rounds-${keyOf(recipe).slice(0, 16)}.json`);
    const rounds = files.exists(measured) ? (JSON.parse(files.readText(measured)) as Round[]) : [];
    const members = await makeMembers(site, join(directory, 'operator'), Math.max(...counts));
    for (const count of counts) {
      if (rounds.some(({ machines }) => machines === count)) continue;
      const round = await measure(site, join(directory, 'rack'), members.slice(0, count));
      rounds.push(round);
      files.write(measured, JSON.stringify(rounds));
      process.stdout.write(`${describe(round).join(', ')}\n`);
    }
    const chosen = rounds.filter(({ machines }) => counts.includes(machines));
    const heading = ['machines', 'installed, s', 'up, s', 'image, MB', 'system, MB', 'rest, kB', 'spread'];
    process.stdout.write(`${table(heading, chosen.map(describe))}\n`);
    await publish('fleet', { memoryMiB, rounds: chosen });
    const all = chosen.flatMap(({ bytes }) => bytes);
    const twice = all.flatMap(each => each.twice);
    if (twice.length > 0) throw new Error(`sent twice: ${[...new Set(twice)].join(' ')}`);
    const found = spread(all.map(({ total }) => total));
    if (found > mostSpread) throw new Error(`bytes of a machine differ by ${(100 * found).toFixed(1)} %`);
  } finally {
    await site.close();
  }
}

function describe({ machines, installedSeconds, upSeconds, bytes }: Round): string[] {
  const mean = (of: (each: Bytes) => number) => bytes.reduce((sum, each) => sum + of(each), 0) / bytes.length;
  return [
    String(machines),
    installedSeconds.toFixed(0),
    upSeconds.toFixed(0),
    (mean(({ image }) => image) / 1e6).toFixed(2),
    (mean(({ closure }) => closure) / 1e6).toFixed(2),
    (mean(({ rest }) => rest) / 1e3).toFixed(0),
    `${(100 * spread(bytes.map(({ total }) => total))).toFixed(2)} %`,
  ];
}

/** Different systems, built one after the other into one cache. */
async function makeMembers(site: Site, directory: string, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let number = 1; number <= count; number++) {
    const name = `rack-${String(number).padStart(2, '0')}`;
    const mac = `52:54:00:da:be:${String(number).padStart(2, '0')}`;
    const config = await site.installConfig({
      hostName: name,
      hostId: `0badca${String(number).padStart(2, '0')}`,
      disks: { devices: ['only'], encryption: 'none' },
    });
    const options = { memoryMiB, diskMegabytes, compression: 'zstd', mac } as const;
    members.push({ name, mac, prebuilt: await buildElsewhere(directory, config, options) });
  }
  return members;
}

async function measure(site: Site, directory: string, members: readonly Member[]): Promise<Round> {
  files.remove(directory);
  files.makeDirectory(directory);
  const rack = await openRack(directory, members.length);
  try {
    await fill(site, rack, members);
    const disks = members.map(({ name }) => ({ ...site.disk(name, diskMegabytes), serial: prebuiltDisk }));
    const startAll = (from: 'network' | 'disk') =>
      Promise.all(
        members.map(({ name, mac }, index) =>
          site.start({
            ...{ name: `${name}-${from}`, memoryMiB, cpus: 1, disks: [disks[index]!], boot: { from } },
            networks: [{ tap: rack.sockets[index]!, mac }],
            ...{ within: rack.within, limitSeconds },
          }),
        ),
      );
    const started = clock.uptimeSeconds();
    const installing = await startAll('network');
    await Promise.all(installing.map(machine => installed(machine)));
    const installedSeconds = clock.uptimeSeconds() - started;
    const systems = await startAll('disk');
    for (const [index, { mac }] of members.entries()) await answers(rack, mac, systems[index]!);
    const upSeconds = clock.uptimeSeconds() - started;
    await Promise.all(systems.map(machine => machine.end()));
    const said = collect(realDoors, [rack.reports], join(directory, 'infra'));
    for (const { name } of members) {
      if (!said.includes(`hosts/${name}/runtime-info.json`)) throw new Error(`${name} has reported nothing`);
    }
    const bytes = [...bytesByMachine(rack.sent(), rackAddress).values()];
    if (bytes.length !== members.length) throw new Error(`${bytes.length} addresses asked for files`);
    return { machines: members.length, installedSeconds, upSeconds, bytes };
  } finally {
    await rack.close();
  }
}

/** The files of the document, with the keys, names and paths of these machines. */
async function fill(site: Site, rack: Rack, members: readonly Member[]): Promise<void> {
  const { rack: common, machine } = readRackFiles();
  const write = (path: string, value: unknown) => files.write(join(rack.www, path), JSON.stringify(value, null, 2));
  for (const [name, file] of Object.entries({ bzImage: image.kernel, initrd: image.initrd, cache: members[0]!.prebuilt.directory }))
    files.symlink(file, join(rack.www, name));
  const keys = { rootAuthorizedKeys: [site.keys.user.public] };
  const signer = `ops namespaces="nix-dabei-config" ${site.keys.user.public}`;
  write('rack.json', { ...(JSON.parse(common) as object), ...keys, configSigners: [signer] });
  const example = JSON.parse(machine) as { system: object };
  for (const [index, { name, mac, prebuilt }] of members.entries()) {
    const path = `configs/${mac.replaceAll(':', '-')}.json`;
    const { storePath, publicKey } = prebuilt;
    write(path, {
      ...{ ...example, ...keys, hostName: name, hostId: `0badca${String(index + 1).padStart(2, '0')}`, for: { mac } },
      notAfter: new Date((clock.epochSeconds() + 86_400) * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      system: { ...example.system, storePath, trustedPublicKeys: [publicKey] },
    });
    await sign(realDoors, join(rack.www, path), site.keys.user.file, 'ops');
  }
} // prettier-ignore

async function installed(machine: Machine): Promise<void> {
  await machine.console.waitFor(/^stage \d+\/\d+ finish: done .*$/m, limitSeconds, [
    /stage \d+\/\d+ \S+: failed.*$/m,
  ]);
  await machine.waitForEnd(120);
}

/** Until an SSH server says what it is, at the address that DHCP gave to this card. */
async function answers(rack: Rack, mac: string, machine: Machine): Promise<void> {
  const asked = async (address: string): Promise<boolean> => {
    const argv = rack.within(['busybox', 'nc', '-w', '3', address, '22']);
    const { stdout } = await attempt({ doing: `asking ${mac}`, argv, timeoutSeconds: 10, stdin: '' }).catch(
      () => ({ stdout: '' }),
    );
    return stdout.startsWith('SSH-2.0');
  };
  // The installed system may name itself to DHCP in another way, and have another address.
  const ask = async () => {
    const leases = rack.leases().matchAll(new RegExp(`^\\d+ ${mac} (\\S+)`, 'gm'));
    for (const [, address = ''] of leases) if (await asked(address)) return true;
    return null;
  };
  if ((await clock.poll(ask, 600 * timeScale, 1)) === null)
    throw new Error(`${mac} does not come up\n${machine.console.tail()}`);
}
