import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import * as files from '../../../../image/lib/files.ts';
import { serveCache } from '../../harness/binary-cache.ts';
import { searchDisk } from '../../harness/disk.ts';
import { secretBytes } from '../../harness/keys.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import type { Site } from '../../harness/site.ts';
import {
  flakeFiles,
  layoutOf,
  serveLayout,
  type LayoutName,
  type OwnersLayout,
} from '../../guests/disko-flakes.ts';
import { diskoScripts } from '../../guests/disko-scripts.ts';
import { bootInstalled, finishInstall, stageFailed, startInstall } from '../../guests/install.ts';
import { hireOperator, operatorHome } from '../../guests/operator.ts';
import { fillCache } from '../../guests/prebuilt.ts';
import { withTools } from '../../guests/tools.ts';
import type { World } from '../../world.ts';

/** A flake that brings disko keeps its layout: its own script lays out the disks, and everything else is as ever. */

export const keyPath = '/tmp/disk.key';

/** Disks of machines in these worlds; the scripts know them as /dev/vda and /dev/vdb. */
export function disksOf(site: Site, count: number): DiskOptions[] {
  return ['first', 'second'].slice(0, count).map(name => site.disk(name, 3000));
}

/** @param changes of `disks` */
export function layoutConfig(
  site: Site,
  layout: OwnersLayout,
  system: NonNullable<ConfigInput['system']>,
  changes: Partial<NonNullable<ConfigInput['disks']>> = {},
): Promise<ConfigInput> {
  return site.installConfig({
    system,
    disks: {
      layout: 'disko',
      devices: [...layout.devices],
      keyFiles: [{ path: keyPath, content: site.keys.passphrase }],
      ...changes,
    },
  });
}

interface Row {
  name: LayoutName;
  isEncrypted: boolean;
  /** Whether the test system's stage 1 can open it, and how; it has neither cryptsetup nor LVM. */
  boots: 'nothing' | 'ssh' | null;
  /** Of the installed system, what shows the layout. */
  shows?: readonly [command: string, says: RegExp];
}

const rows: Row[] = [
  { name: 'luks', isEncrypted: true, boots: null },
  { name: 'btrfs', isEncrypted: false, boots: 'nothing', shows: ['grep " btrfs " /proc/mounts', / \/ btrfs .*subvol=\/root[^]* \/home btrfs .*subvol=\/home/] }, // prettier-ignore
  { name: 'lvm', isEncrypted: false, boots: null },
  { name: 'zfs', isEncrypted: true, boots: 'ssh', shows: ['zfs list -H -o name', /^tank\/root$/m] },
];

/** Has a script first look at what it sees of the files in RAM, among them its own host keys and configuration: one key file, and nothing else. */
function looking(script: string): string {
  const look = `seen=$(find /tmp /root /run/keys /run/dabei/boot /run/dabei/console /etc/ssh /var/log -type f 2>/dev/null; cat /etc/shadow)
if [ "$seen" != ${keyPath} ]; then echo "the script sees: $seen" >&2; exit 1; fi
`;
  return script.replace(/^#!.*\n/, line => line + look);
}

async function install(site: Site, { name, isEncrypted, boots, shows }: Row): Promise<void> {
  const layout = { ...layoutOf(name), script: looking(layoutOf(name).script) };
  const disks = disksOf(site, layout.devices.length);
  const flake = await serveLayout(site, layout);
  const config = await layoutConfig(site, layout, { flake });
  const guest = { memoryMiB: 1024, firmware: 'uefi', disks } as const;
  const machine = await startInstall(site, config, { ...guest, damage: await withTools(site) });
  const { leaks } = await finishInstall(site, machine, 900);
  assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
  const said = machine.console.text;
  assert.match(said, /everything on this disk will be destroyed: \/dev\/vda/);
  assert.match(said, /layout: by the disko script of http/);
  assert.match(said, /if its layout asks for a passphrase, unlock it with/);
  // Host keys are files of the new system: without encryption, they are there to be read.
  for (const { file } of isEncrypted ? disks : [])
    assert.deepEqual(await searchDisk(file, secretBytes(site.keys)), [], 'secrets on the raw disk');
  if (boots === null) return;

  const unlocking = { by: boots, dataset: 'tank/root' };
  const { machine: installed, ssh } = await bootInstalled(site, { ...guest, memoryMiB: 768 }, unlocking);
  const [command, says] = shows!;
  assert.match(await ssh.run(command), says);
  assert.match(await ssh.run('cat /etc/owners-flake'), /from the owner's flake/);
  const info = JSON.parse(await ssh.run('cat /etc/nixos/runtime-info.json')) as Record<string, unknown>;
  assert.deepEqual([info['pool'], info['disks']], [null, []]);
  assert.match(await ssh.run('cat /etc/ssh/ssh_host_ed25519_key.pub'), new RegExp(site.keys.host.public.split(' ')[1]!)); // prettier-ignore
  await installed.end();

  // A machine that boots the installer again must not erase itself, whatever disks.wipe says.
  const wiping = await layoutConfig(site, layout, { flake }, { wipe: true });
  const again = await startInstall(site, wiping, { ...guest, damage: await withTools(site) });
  assert.deepEqual(await stageFailed(again, 300), { stage: 'plan', code: 'DISK_INSTALLED' });
  await again.end();
}

/** The same from a binary cache, in less memory: nothing is evaluated. */
async function installPrebuilt(site: Site): Promise<void> {
  const layout = {
    ...layoutOf('btrfs'),
    // Nothing of the machine is in a prebuilt system that its owner does not write: neither addresses nor a console.
    options: {
      users: { users: { root: { openssh: { authorizedKeys: { keys: [site.keys.user.public] } } } } },
      services: { openssh: { enable: true } },
      networking: { useDHCP: false, useNetworkd: true },
      systemd: {
        network: {
          enable: true,
          networks: {
            '10-ether': { matchConfig: { Type: 'ether', Kind: '!*' }, networkConfig: { DHCP: 'yes' } },
          },
        },
      },
      boot: { kernelParams: ['console=ttyS0'] },
    },
  };
  const directory = join(site.directory, 'operator');
  const operator = await hireOperator(directory);
  for (const [name, text] of Object.entries(flakeFiles(layout, `path:${operator.flake}`)))
    files.write(join(directory, 'home/infra', name), text);
  const build = (attribute: string) =>
    operator.run(`building ${attribute} elsewhere`, [
      ...['nix', 'build', '--no-link', '--print-out-paths'],
      `path:${operatorHome}/infra#nixosConfigurations.web.config.system.build.${attribute}`,
    ]);
  const diskoScript = await build('diskoScriptNoDeps');
  await fillCache(directory, operator, diskoScript);
  const {
    directory: cache,
    storePath,
    publicKey,
  } = await fillCache(directory, operator, await build('toplevel'));
  const server = await serveCache(cache);
  try {
    const substituters = [server.urlFor('').replace(/\/$/, '')];
    const system = { storePath, diskoScript, substituters, trustedPublicKeys: [publicKey] };
    const config = await layoutConfig(site, layout, system, { keyFiles: [] });
    const guest = { memoryMiB: 512, firmware: 'uefi', disks: disksOf(site, 1) } as const;
    const machine = await startInstall(site, config, { ...guest, damage: await withTools(site) });
    await finishInstall(site, machine, 900);
    assert.match(machine.console.text, /layout: by the disko script \/nix\/store\/\S+-disko, which names exactly these disks/); // prettier-ignore
    assert.doesNotMatch(machine.console.text, /evaluating|nix flake lock/);
    const { machine: installed, ssh } = await bootInstalled(site, guest, { by: 'nothing' });
    assert.match(await ssh.run('readlink -f /run/current-system'), new RegExp(storePath));
    await installed.end();
  } finally {
    await server.close();
  }
}

export const installDiskoWorlds: World[] = [
  ...rows.map(row => ({
    name: `install-disko-${row.name}`,
    about: `a flake keeps its layout: ${diskoScripts[row.name]!.about}${row.boots === null ? '; installed, not booted' : '; boots, and is not installed over'}`,
    limitSeconds: 2000,
    script: (site: Site) => install(site, row),
  })),
  {
    name: 'install-disko-prebuilt',
    about: 'a system and its disko script from a binary cache, in 512 MiB: btrfs, boots from disk',
    limitSeconds: 1800,
    script: installPrebuilt,
  },
];
