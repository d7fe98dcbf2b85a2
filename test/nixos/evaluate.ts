import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { run } from '../../agent/host/exec.ts';
import { remove, writeAtomic } from '../../agent/host/files.ts';
import { hostFlake } from '../../agent/plan/host-flake.ts';
import type { RuntimeInfo } from '../../agent/plan/runtime-info.ts';
import { machines, type ExampleMachine } from '../unit/plan/machines.ts';

/**
 * Evaluates the host flake of every example machine against a real nixpkgs tree and looks at the values.
 *
 *   node --import=tsx --import=./test/support/nix-text.mjs test/nixos/evaluate.ts NIXPKGS [MACHINE...]
 *
 * Needs nix-instantiate in PATH and about 1 GB of RAM; 10 s a machine, no network. Prints a table; ends with 1 where
 * something does not hold.
 */

/** What evaluate.nix yields. */
interface Evaluated {
  toplevel: string;
  warnings: string[];
  failedAssertions: string[];
  networkUnits: Record<string, string>;
  initrdNetworkUnits: Record<string, string>;
  fileSystems: Record<string, { device: string; fsType: string; options: string[] }>;
  swap: string[];
  hostName: string;
  hostId: string;
  useDHCP: boolean;
  initrdModules: string[];
  initrdSecrets: Record<string, string>;
  supportsInitrdSecrets: boolean;
  grub: { enable: boolean; mirroredBoots: { path: string; devices: string[] }[] };
  systemdBoot: boolean;
  kernelParams: string[];
  zfs: { devNodes: string; forceImportRoot: boolean };
}

const [nixpkgs, ...only] = process.argv.slice(2);
if (nixpkgs === undefined) throw new Error('usage: evaluate.ts NIXPKGS [MACHINE...]');
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const work = mkdtempSync(join(tmpdir(), 'dabei-evaluate-'));
let failures = 0;
try {
  for (const [name, machine] of Object.entries<ExampleMachine>(machines)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const directory = join(work, name);
    const generated = hostFlake(machine.config, machine.facts, machine.storage);
    for (const [file, text] of Object.entries(generated)) writeAtomic(join(directory, file), text, 0o644);
    const info = JSON.parse(generated['runtime-info.json']!) as RuntimeInfo;
    const wrong = await evaluate(directory).then(
      values => faults(info, values),
      (error: Error) => [error.message],
    );
    console.log(`${wrong.length === 0 ? 'ok     ' : 'NOT OK '} ${name}`);
    for (const line of wrong) console.log(`          ${line}`);
    failures += wrong.length;
  }
} finally {
  remove(work);
}
process.exitCode = failures === 0 ? 0 : 1;

async function evaluate(directory: string): Promise<Evaluated> {
  const { stdout } = await run({
    doing: `evaluating ${directory}`,
    argv: [
      ...['nix-instantiate', '--eval', '--strict', '--json', join(here, 'evaluate.nix')],
      ...['--arg', 'nixpkgs', resolve(nixpkgs!), '--arg', 'directory', directory],
    ],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutSeconds: 600,
  });
  return JSON.parse(stdout) as Evaluated;
}

/** What does not hold, one line each. */
function faults(info: RuntimeInfo, values: Evaluated): string[] {
  const uefi = info.firmware === 'uefi';
  const units = Object.values(values.initrdNetworkUnits).join('\n');
  const partuuid = (id: string) => `/dev/disk/by-partuuid/${id}`;
  const same = (what: string, seen: unknown, wanted: unknown): string[] =>
    isDeepStrictEqual(seen, wanted)
      ? []
      : [`${what} is ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`];
  const holds = (what: string, isTrue: boolean): string[] => (isTrue ? [] : [`${what} is missing`]);
  const initrdKey = '/etc/ssh/initrd_ssh_host_ed25519_key';
  return [
    ...values.warnings.map(text => `warning: ${text}`),
    ...values.failedAssertions.map(text => `failed assertion: ${text}`),
    ...same('hostName', values.hostName, info.hostName),
    ...same('hostId', values.hostId, info.hostId),
    ...same('useDHCP', values.useDHCP, false),
    ...same('networkd units of stage 1', values.initrdNetworkUnits, values.networkUnits),
    ...info.network.interfaces.flatMap(entry => [
      ...holds(
        `stage 1: ${entry.name}`,
        units.includes(entry.mac === null ? `Name=${entry.name}\n` : `PermanentMACAddress=${entry.mac}\n`),
      ),
      ...entry.addresses.flatMap(({ address }) => holds(address, units.includes(`Address=${address}\n`))),
      ...entry.routes.flatMap(({ gateway }) =>
        holds(`${gateway}`, gateway === null || units.includes(`Gateway=${gateway}\n`)),
      ),
    ]),
    ...[...info.modules.disks, ...info.modules.network].flatMap(name =>
      holds(`stage 1: module ${name}`, values.initrdModules.includes(name)),
    ),
    ...info.consoles.flatMap(name => holds(name, values.kernelParams.includes(`console=${name}`))),
    ...same(
      'fileSystems',
      Object.fromEntries(Object.entries(values.fileSystems).map(([path, { device }]) => [path, device])),
      Object.fromEntries(
        [
          ...info.pool.datasets.map(({ name, mountpoint }) => [mountpoint, name] as const),
          ...info.disks.map(disk => [disk.espMountpoint, partuuid(disk.espPartuuid)] as const),
        ].sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ),
    ...same(
      'swap',
      values.swap,
      info.disks.flatMap(disk => (disk.swapPartuuid === null ? [] : [partuuid(disk.swapPartuuid)])),
    ),
    ...same('zfs', values.zfs, { devNodes: '/dev/disk/by-partuuid', forceImportRoot: false }),
    ...same('systemd-boot', values.systemdBoot, uefi),
    ...same('GRUB', values.grub.enable, !uefi),
    ...same(
      'GRUB mirroredBoots',
      values.grub.mirroredBoots,
      info.disks.map(disk => ({ path: disk.espMountpoint, devices: [disk.path] })),
    ),
    ...same('initrd secrets', values.initrdSecrets, { [initrdKey]: initrdKey }),
    ...same('supportsInitrdSecrets', values.supportsInitrdSecrets, true),
  ];
}
