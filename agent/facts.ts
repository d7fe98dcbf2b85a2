/**
 * What the machine is: measured once, before anything is decided, and the only thing besides the configuration that
 * planning looks at. Collected by host/machine/facts.ts; tests write it by hand.
 */
export interface Facts {
  firmware: 'bios' | 'uefi';
  /** Of UEFI; absent where this kernel does not know. */
  firmwareBits?: 32 | 64;
  /** Why `firmware` may be wrong, in words; absent where it is certain. */
  firmwareDoubt?: string;
  /** MemTotal, in bytes. */
  memoryBytes: number;
  /** uname -m as Nix names it, as `nixSystem` of arch.ts. */
  system: string;
  machine: Machine;
  /** By SMBIOS; null where there is none. For the receiver of reports alone: runtime-info.json is public. */
  identity?: { serial: string | null; uuid: string | null };
  disks: readonly Disk[];
  links: readonly Link[];
  /** Files of the flake that was sent along with the initrd, by their path in it; none without one. */
  sentFlake?: readonly string[];
  /** Bytes of the kernel and the initrd that this system was started with; null where it cannot give them to a rescue entry. */
  rescueBytes?: number | null;
  /** Hardware that restarts a machine which hangs. */
  watchdogs?: readonly Watchdog[];
  /** Consoles of the kernel, each as `console=` takes it ("ttyS0,115200"), in the order of the command line. */
  consoles?: readonly string[];
}

export interface Watchdog {
  /** Of its driver: "i6300esb". */
  name: string;
  /** Kernel modules from the watchdog to its bus. */
  modules: readonly string[];
}

/** What the firmware and the processor say of themselves; null where they say nothing. For people, and for runtime-info.json. */
export interface Machine {
  vendor: string | null;
  model: string | null;
  /** "Intel" or "AMD" where it is one of the two, else as the processor calls itself. */
  cpuVendor: string | null;
  cpuModel: string | null;
  /** true, or the hypervisor's name where it is known; false on bare metal. */
  virtualization: string | boolean;
}

/** A whole disk, never a partition. */
export interface Disk {
  /** Kernel name with /dev, for example "/dev/vda". It may change at the next boot; plans use `stablePath`. */
  path: string;
  /** Links that udev made for it, absolute: /dev/disk/by-id/…, by-path/…, sorted. */
  aliases: readonly string[];
  sizeBytes: number;
  logicalSectorBytes: number;
  physicalSectorBytes: number;
  model: string | null;
  serial: string | null;
  wwn: string | null;
  /** lsblk's TRAN: virtio, nvme, sata, sas, usb, …; null where the kernel does not say. */
  transport: string | null;
  readOnly: boolean;
  removable: boolean;
  /** Kernel modules from the disk to its bus, such as ["sd_mod", "ahci"]; without it they are guessed by `transport`. */
  drivers?: readonly string[];
  /** Why it is no disk of this machine's own, which an installed system would find at every start; absent for hardware. */
  notHardware?: NotHardware;
  /** Something of it is what this system was booted from. */
  bootMedium: boolean;
  /** Everything found on the disk, itself and its partitions and what is stacked on them, children after parents. */
  contents: readonly Content[];
}

export interface NotHardware {
  kind: 'software' | 'network' | 'memory';
  /** In words, as the end of a sentence: "it is reached over a network (iscsi)". */
  because: string;
}

/** A signature or a mapped device found on a disk. */
export interface Content {
  /** The device that carries it, for example "/dev/vda1" or "/dev/mapper/vg-root". */
  device: string;
  /** lsblk's TYPE: disk, part, crypt, lvm, raid1, …; or "zpool" for an imported pool, whose `device` is its name. */
  deviceType: string;
  /** 0 for a pool. */
  sizeBytes: number;
  /** A partition's own GUID, lower case; null for anything else. */
  partUuid: string | null;
  /** blkid's type: ext4, zfs_member, linux_raid_member, LVM2_member, crypto_LUKS, swap, vfat, …, or "gpt"/"dos". */
  signature: string | null;
  label: string | null;
  /** Where it is mounted, or "[SWAP]"; empty when it is not in use. */
  mountPoints: readonly string[];
}

export interface Link {
  name: string;
  /** Permanent MAC where the driver knows one, else the present one, lower case. */
  mac: string;
  /** Kernel driver's name, for example "virtio_net". */
  driver: string | null;
  /** The device's modalias, by which a module is found: "virtio:d00000001v00001AF4". */
  modalias: string | null;
  /** Kernel modules from the interface to its bus; without it, the one that `driver` names. */
  drivers?: readonly string[];
  carrier: boolean;
  mtu: number;
  /** Other names that udev gave it (ip-link(8), altname); an interface may be configured by one of them. */
  altNames?: readonly string[];
  /** The bond, bridge or Hyper-V interface that it is a part of; such a link takes no addresses itself. */
  master?: string;
  /** What it is when it is no hardware; `driver` and `modalias` are null then. */
  kind?: 'bond' | 'vlan' | 'bridge';
  /** The MAC address that it has now, where that is another than `mac`. */
  address?: string;
  /** It is a wireless card. */
  wireless?: true;
  /** It is only planned. */
  absent?: true;
}
