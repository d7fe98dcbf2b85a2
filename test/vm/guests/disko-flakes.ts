import { join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { checkout, run } from '../../../image/lib/host.ts';
import { diskoScripts } from './disko-scripts.ts';
import { realDisko } from './real-disko.ts';
import type { FileServer } from '../harness/serve.ts';
import type { Site } from '../harness/site.ts';

/** Owners' flakes that bring a layout of their own, for each of the scripts in disko-scripts.ts. */

export type LayoutName = 'luks' | 'btrfs' | 'lvm' | 'zfs';

/** Device, type and options of a mount point. */
type Mounts = Readonly<
  Record<string, readonly [device: string, fsType: string, options?: readonly string[]]>
>;

export interface OwnersLayout {
  /** `disko.devices.disk.NAME.device`, in the order of the names. */
  devices: readonly string[];
  fileSystems: Mounts;
  script: string;
  /** Files that the script names below "@disk-deactivate@", by name. */
  deactivate?: Readonly<Record<string, string>>;
  /** What the machine needs besides. */
  options?: object;
}

const label = (name: string) => `/dev/disk/by-partlabel/${name}`;
const esp: Mounts = { '/boot': [label('disk-main-ESP'), 'vfat', ['umask=0077']] };
const script = (name: LayoutName) => diskoScripts[name]!.text;

/** The layout of a world: with disko's own script in the place of ours if DABEI_DISKO_SCRIPT gives one. */
export function layoutOf(name: LayoutName): OwnersLayout {
  const real = realDisko(name);
  return real === null
    ? ownersLayouts[name]
    : { ...ownersLayouts[name], script: real.text, deactivate: real.deactivate };
}

export const ownersLayouts: Readonly<Record<LayoutName, OwnersLayout>> = {
  luks: {
    devices: ['/dev/vda'],
    fileSystems: { '/': ['/dev/mapper/crypted', 'ext4', ['noatime']], ...esp },
    script: script('luks'),
  },
  btrfs: {
    devices: ['/dev/vda'],
    fileSystems: {
      '/': [label('disk-main-root'), 'btrfs', ['compress=zstd', 'subvol=root']],
      '/home': [label('disk-main-root'), 'btrfs', ['subvol=home']],
      ...esp,
    },
    script: script('btrfs'),
  },
  lvm: {
    devices: ['/dev/vda', '/dev/vdb'],
    fileSystems: { '/': ['/dev/pool/root', 'ext4'], '/home': ['/dev/pool/home', 'xfs'], ...esp },
    script: script('lvm'),
  },
  zfs: {
    devices: ['/dev/vda'],
    // Nothing makes the link of a volume in the test system: it is mounted here, and missing there.
    fileSystems: { '/': ['tank/root', 'zfs'], '/data': ['/dev/zvol/tank/data', 'ext4', ['nofail']], ...esp },
    // As people who unlock by hand have it (postCreateHook): the key came from a file, and is asked for from then on.
    script: `${script('zfs')}zfs set keylocation=prompt tank/root\n`,
    options: { networking: { hostId: '0badcafe' }, boot: { zfs: { devNodes: '/dev/disk/by-partuuid' } } },
  },
};

/** The flake's files, by name. @param nixpkgs address of the test system */
export function flakeFiles(
  { devices, fileSystems, script, deactivate = {}, options = {} }: OwnersLayout,
  nixpkgs: string,
): Record<string, string> {
  const source = checkout('test/fixtures/disko-flake');
  const mounts = Object.entries(fileSystems).map(([mountPoint, [device, fsType, mountOptions]]) => [
    mountPoint,
    { device, fsType, ...(mountOptions === undefined ? {} : { options: mountOptions }) },
  ]);
  const machine = {
    ...options,
    disko: {
      devices: { disk: Object.fromEntries(devices.map((device, index) => [`disk${index}`, { device }])) },
    },
    fileSystems: Object.fromEntries(mounts) as object,
  };
  return {
    'flake.nix': files.readText(join(source, 'flake.nix')).replace('@nixpkgs@', nixpkgs),
    'disko.nix': files.readText(join(source, 'disko.nix')),
    'machine.json': JSON.stringify(machine, null, 2),
    script,
    ...Object.fromEntries(
      Object.entries(deactivate).map(([name, text]) => [`disk-deactivate/${name}`, text]),
    ),
  };
}

/** Serves the flake as the archive that Nix fetches, until the site closes. @returns its reference, with attribute */
export async function serveLayout(site: Site, layout: OwnersLayout): Promise<string> {
  const { system } = await site.installConfig();
  const directory = join(site.directory, 'infra');
  for (const [name, text] of Object.entries(flakeFiles(layout, system!.nixpkgs!)))
    files.write(join(directory, name), text);
  const archive = join(site.directory, 'infra.tar.gz');
  await run({
    doing: "packing the owner's flake",
    argv: ['tar', '-czf', archive, '-C', site.directory, 'infra'],
    timeoutSeconds: 30,
  });
  const server: FileServer = await site.serve({ 'infra.tar.gz': archive });
  return `${server.urlFor('infra.tar.gz')}#web`;
}
