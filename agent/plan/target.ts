/**
 * The system being installed, seen from the stages that fill it: where it is mounted, and what its disks are called.
 * The disk plan provides it; nothing here looks at a disk.
 */

/** Where the target's root is mounted during the installation. */
export const targetRoot = '/mnt';

/** The host flake's directory in the installed system; `nixos-rebuild switch` looks there (nixos-rebuild(8)). */
export const flakeDirectory = '/etc/nixos';

/** Nix's own files while it installs: on the target, since a tarball of nixpkgs takes 60 MB and more of RAM. */
export const workDirectory = `${targetRoot}/.dabei`;

export interface TargetStorage {
  poolName: string;
  /** 8 hexadecimal digits: the host id that the pool was created under. */
  hostId: string;
  /** One a disk, in the order of the configuration. */
  members: readonly TargetMember[];
  /** Those that are mounted, all with mountpoint=legacy; the root file system is one of them. */
  datasets: readonly TargetDataset[];
}

/** A disk of the pool, with its partitions as GPT names them (/dev/disk/by-partuuid). */
export interface TargetMember {
  /** A path of the whole disk that stays the same from boot to boot; BIOS machines get GRUB's first stage there. */
  disk: string;
  espPartuuid: string;
  /** null: no swap. */
  swapPartuuid: string | null;
  zfsPartuuid: string;
}

export interface TargetDataset {
  /** With the pool: "rpool/local/root". */
  name: string;
  /** In the installed system: "/". */
  mountpoint: string;
}

/** With impermanence: directories of the root file system that are kept, each below /persist under the same path. */
export const persistedDirectories = ['/etc/nixos', '/etc/ssh', '/var/lib', '/var/log'] as const;

/** Where the ESP of the nth member, counted from 0, is mounted in the installed system. */
export function espMountpoint(index: number): string {
  return index === 0 ? '/boot' : `/boot-${index + 1}`;
}
