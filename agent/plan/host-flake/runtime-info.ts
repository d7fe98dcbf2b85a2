import { createHash } from 'node:crypto';
import { rowOf } from '../../arch.ts';
import type { Config } from '../../config/schema.ts';
import type { Disk, Facts, Link, Machine } from '../../facts.ts';
import { hostKeyType } from '../../keys/host-key.ts';
import { modulesOf } from '../network/links-batch.ts';
import { runtimeNetwork } from './runtime-network.ts';
import type { RuntimeNetwork } from './runtime-types.ts';
import { espMountpoint, persistedDirectories, type TargetStorage, type Trial } from '../target.ts';

/**
 * Contents of /etc/nixos/runtime-info.json: everything specific to this machine. dabei.nix and hardware.nix in the same directory
 * convert it to NixOS options. It contains no secret.
 */
export interface RuntimeInfo {
  version: 1;
  /** The first label of the configured name, for networking.hostName. */
  hostName: string;
  /** The part of the configured name after the first dot. */
  domain: string | null;
  /** 8 hexadecimal digits. */
  hostId: string;
  /** The NixOS release whose formats the machine's data follow, for system.stateVersion. The owner's flake may set another one. */
  stateVersion: string;
  /** In the notation of Nix: `nixSystem` of arch.ts. */
  system: string;
  firmware: 'bios' | 'uefi';
  machine: Machine;
  /** The owner's flake: a flake reference with attribute; null if the system comes from the generated flake. */
  flake: string | null;
  rootAuthorizedKeys: readonly string[];
  sshPort: number;
  /** Types of the host keys in /etc/ssh: "ed25519", "rsa", "ecdsa". */
  sshHostKeys: readonly string[];
  network: RuntimeNetwork;
  /** There are wireless networks in /var/lib/iwd. `country`: two letters, or null. */
  wifi?: { country: string | null };
  /** null where the owner's flake lays out the disks itself (disko): then `disks` is empty, too. */
  pool: { name: string; datasets: readonly { name: string; mountpoint: string }[] } | null;
  disks: readonly RuntimeDisk[];
  /** Kernel modules that the initrd needs. */
  modules: { disks: readonly string[]; network: readonly string[] };
  /** null if the root file system is persistent. */
  impermanence: Impermanence | null;
  /** Values of `console=`; the last one is /dev/console. */
  consoles: readonly string[];
  /** The ESPs have the kernel and the initrd of a rescue system, which rescue.nix keeps up to date. */
  rescue?: true;
  /** The first boot is on trial, which trial.nix ends. */
  trial?: Trial;
  /** Who is told if it fails: a receiver of reports that asks for no token and no certificate of its own. */
  report?: { url: string };
  /** The disk is copied to many machines: copies.nix makes each copy its own. */
  copies?: true;
  /** Kernel parameters in addition to those of NixOS. */
  kernelParams?: readonly string[];
}

export interface Impermanence {
  /** Name of the snapshot of the empty root file system. */
  snapshot: string;
  /** Persistent directories; each is below /persist with the same path. */
  directories: readonly string[];
  /** 32 hexadecimal digits. Every start empties the root file system and thus removes /etc/machine-id. */
  machineId: string;
}

export interface RuntimeDisk {
  /** Stable path of the whole disk. */
  path: string;
  espPartuuid: string;
  espMountpoint: string;
  swapPartuuid: string | null;
  zfsPartuuid: string;
}

/**
 * Collects the runtime information for the host flake.
 * @throws DabeiError SSH_HOST_KEY if the type of a configured host key cannot be read
 */
export function runtimeInfo(config: Config, facts: Facts, storage: TargetStorage): RuntimeInfo {
  const [hostName = '', ...domain] = config.hostName.split('.');
  const used = facts.disks.filter(disk => storage.disks.some(path => isDisk(disk, path)));
  const network = runtimeNetwork(config.network, facts.links);
  const keyTypes = unique(config.ssh.hostKeys.map(hostKeyType));
  return {
    version: 1,
    hostName,
    domain: domain.length > 0 ? domain.join('.') : null,
    hostId: storage.hostId,
    stateVersion: config.system.stateVersion,
    system: facts.system,
    firmware: facts.firmware,
    machine: facts.machine,
    flake: config.system.flake ?? null,
    rootAuthorizedKeys: config.rootAuthorizedKeys,
    sshPort: config.ssh.port,
    sshHostKeys: keyTypes.length > 0 ? keyTypes : ['ed25519'],
    network,
    ...((config.network.wifi ?? []).length === 0
      ? {}
      : { wifi: { country: config.network.wifiCountry ?? null } }),
    pool:
      storage.poolName === null
        ? null
        : {
            name: storage.poolName,
            datasets: storage.datasets.map(({ name, mountpoint }) => ({ name, mountpoint })),
          },
    disks: storage.members.map((member, index) => ({
      path: member.disk,
      espPartuuid: member.espPartuuid,
      espMountpoint: espMountpoint(index),
      swapPartuuid: member.swapPartuuid,
      zfsPartuuid: member.zfsPartuuid,
    })),
    modules: {
      disks: unique([
        ...used.flatMap(disk => diskModules(disk, facts.system)),
        // Nobody knows which machines get a copy.
        ...(storage.copies === undefined ? [] : commonDiskModules(facts.system)),
      ]),
      network: unique([
        ...facts.links.flatMap(networkModules),
        ...(storage.copies === undefined ? [] : commonNetworkModules),
        ...network.interfaces.flatMap(({ kind }) => madeBy(kind)),
      ]),
    },
    impermanence: config.system.impermanence ? impermanence(config, storage) : null,
    consoles: facts.consoles ?? [],
    ...(storage.rescue ? { rescue: true } : {}),
    ...(storage.trial ? { trial: storage.trial, ...receiver(config) } : {}),
    ...(storage.copies === undefined ? {} : { copies: true }),
    ...(config.kernelParams === undefined ? {} : { kernelParams: config.kernelParams }),
  };
}

/** The file lies in the Nix store and on the ESP, so an address that may have a secret in it is left out, too. */
function receiver({ report, configCa }: Config): Pick<RuntimeInfo, 'report'> {
  if (report === undefined || configCa !== undefined) return {};
  const { url, token, header } = report;
  return token === undefined && header === undefined && new URL(url).search === '' ? { report: { url } } : {};
}

function impermanence(config: Config, storage: TargetStorage): Impermanence {
  const root = storage.datasets.find(({ mountpoint }) => mountpoint === '/')!;
  // Derived, like the partitions' GUIDs, so each start makes the same plan. Format: machine-id(5).
  const derived = createHash('sha256').update(
    `machine-id\n${storage.hostId}\n${storage.members[0]!.zfsPartuuid}`,
  );
  return {
    snapshot: `${root.name}@blank`,
    directories: persistedDirectories,
    machineId: config.machineId ?? derived.digest('hex').slice(0, 32),
  };
}

/** The configured host id, or the first 8 hexadecimal digits of the SHA-256 of the host name. */
export function hostIdOf(config: Pick<Config, 'hostId' | 'hostName'>): string {
  return config.hostId ?? createHash('sha256').update(config.hostName).digest('hex').slice(0, 8);
}

/** Drivers whose module has another name: Xen's frontends (drivers/net/xen-netfront.c, xenbus_driver). */
const moduleOfDriver: Readonly<Record<string, string>> = { vif: 'xen_netfront', vbd: 'xen_blkfront' };

/** Modules by lsblk's TRAN, if the facts contain no drivers: the drivers of the bus and of its usual controllers. */
const modulesOfTransport: Readonly<Record<string, readonly string[]>> = {
  virtio: ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'sd_mod'],
  nvme: ['nvme'],
  sata: ['ahci', 'ata_piix', 'sd_mod'],
  usb: ['xhci_pci', 'ehci_pci', 'usb_storage', 'uas', 'sd_mod'],
  mmc: ['sdhci_pci', 'mmc_block'],
};

/** Modules for an unknown transport: controllers of hypervisors, and common RAID cards. */
const commonDiskModules = (system: string): readonly string[] => [
  ...['virtio_pci', 'virtio_blk', 'virtio_scsi', 'xen_blkfront', 'hv_storvsc'],
  ...rowOf(system).ownDiskModules,
  ...['mptspi', 'ahci', 'nvme', 'megaraid_sas', 'mpt3sas', 'sd_mod'],
];

/** Cards of hypervisors, and the most common ones of servers. */
const commonNetworkModules = [
  ...['virtio_pci', 'virtio_net', 'xen_netfront', 'hv_netvsc', 'vmxnet3', 'ena'],
  ...['e1000', 'e1000e', 'igb', 'ixgbe', 'i40e', 'ice', 'tg3', 'bnxt_en', 'mlx5_core', 'r8169'],
];

/**
 * Modules by which stage 1 finds a disk, from the disk to its bus; those that are likely where the facts name none.
 * @param system as Nix names it
 */
export function diskModules(disk: Disk, system: string): readonly string[] {
  const { drivers = [] } = disk;
  if (drivers.length > 0) return withBus(drivers);
  return withBus(modulesOfTransport[disk.transport ?? ''] ?? commonDiskModules(system));
}

/**
 * Stage 1 has neither the firmware of a wireless card nor a passphrase, and a driver that began without its firmware does not find it later.
 */
function networkModules(link: Link): readonly string[] {
  if (link.wireless === true) return [];
  if (link.drivers && link.drivers.length > 0) return withBus(link.drivers);
  return link.driver === null ? [] : withBus([link.driver]);
}

/** Modules of bonds, VLANs and bridges. */
function madeBy(kind: RuntimeNetwork['interfaces'][number]['kind']): string[] {
  return kind === 'physical' || kind === 'loopback' ? [] : [modulesOf[kind][0]];
}

/** Adds virtio_pci: virtio drivers do not depend on the module of their PCI device, but the kernel finds virtio devices through it. */
function withBus(drivers: readonly string[]): readonly string[] {
  const modules = drivers.map(driver => moduleOfDriver[driver] ?? driver.replaceAll('-', '_'));
  return modules.some(name => name.startsWith('virtio_')) ? ['virtio_pci', ...modules] : modules;
}

function isDisk(disk: Disk, path: string): boolean {
  return disk.path === path || disk.aliases.includes(path);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
