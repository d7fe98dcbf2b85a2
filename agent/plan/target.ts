/**
 * The target, as the stages that write to it need it: mount points and names of disks. The disk plan provides it; this file
 * reads no disk.
 */

/** Mount point of the target's root file system during the installation. */
export const targetRoot = '/mnt';

/** A file system may be busy for seconds after the last program that used it has ended. */
export const unmountAttempts = 3;

/** Directory of the host flake in the installed system, where `nixos-rebuild switch` looks for it (nixos-rebuild(8)). */
export const flakeDirectory = '/etc/nixos';

/** Nix's own files during the installation. They are on the target, because a tarball of nixpkgs takes 60 MB and more of RAM. */
export const workDirectory = `${targetRoot}/.dabei`;

export interface TargetStorage {
  /** null: the flake has its own layout, and there are neither members nor datasets. */
  poolName: string | null;
  /** Host id in the labels of the pool, 8 hexadecimal digits. */
  hostId: string;
  /** Stable paths of all disks that dabei installs to. */
  disks: readonly string[];
  /** One member per disk, in the order of the configuration. */
  members: readonly TargetMember[];
  /** The ESPs get a rescue entry (rescue/entry.ts). */
  rescue?: boolean;
  /** The first boot is on trial (rescue/trial.ts). */
  trial?: Trial;
  /** The disk is copied to many machines: what its copies are known by until their first start (host-flake/copies.ts). */
  copies?: string;
  /** The datasets that the target mounts, all with mountpoint=legacy, including the root file system. */
  datasets: readonly TargetDataset[];
}

/** How the first boot of the installed system proves itself. */
export interface Trial {
  /** From the kernel's start until the machine restarts into the rescue system. */
  minutes: number;
  /** "report": also without a person, once sshd and a gateway answer. */
  confirm: 'login' | 'report';
  /** Stage 1 waits for a person, who unlocks the pool. */
  asks: boolean;
  /** Kernel modules of the machine's watchdog, which stage 1 needs for a boot that hangs; absent where there is none. */
  watchdog?: readonly string[];
}

/** A disk of the pool, with its partitions as GPT names them (/dev/disk/by-partuuid). */
export interface TargetMember {
  /** Stable path of the whole disk. On BIOS machines, GRUB's first stage is installed to it. */
  disk: string;
  espPartuuid: string;
  /** null: no swap. */
  swapPartuuid: string | null;
  zfsPartuuid: string;
}

export interface TargetDataset {
  /** Name with the pool: "rpool/local/root". */
  name: string;
  /** Path in the installed system: "/". */
  mountpoint: string;
}

/** With impermanence: directories that survive a reboot. Each is stored below /persist under the same path. */
export const persistedDirectories = ['/etc/nixos', '/etc/ssh', '/var/lib', '/var/log'] as const;

/** With impermanence: the second path that leads to the files of a persisted directory. */
export const keptBelow = (directory: string): string => `/persist${directory}`;

/** What dabei leaves for the installed system alone. */
export const stateDirectory = '/var/lib/dabei';

/**
 * Mount point of a member's ESP in the installed system.
 * @param index of the member, from 0
 */
export function espMountpoint(index: number): string {
  return index === 0 ? '/boot' : `/boot-${index + 1}`;
}
