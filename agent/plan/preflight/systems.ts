import type { Facts } from '../../facts.ts';
import type { BusDevice, ModuleIndex } from './modalias.ts';

/** The running system and the image that replaces it, as preflight compares them. */

export interface OldSystem {
  facts: Facts;
  /** The output of `uname -m`. */
  processor: string;
  /** Kind of the container; null if the system is not in a container. */
  container: string | null;
  secureBoot: boolean;
  /** It is a virtual machine whose memory the processor encrypts. */
  confidential: boolean;
  /** A program feeds the watchdog of the baseboard management controller. */
  ipmiWatchdog: boolean;
  /** none, integrity or confidentiality (kernel_lockdown(7)); null if the kernel does not report it. */
  lockdown: string | null;
  kexec: 'allowed' | 'disabled' | 'unsupported';
  /** Text of the policy; null if it does not exist or cannot be read. */
  imaPolicy: string | null;
  /** The machine's RAM in the firmware's memory map; null if the kernel does not show the map. */
  ramBytes: number | null;
  /** RAM and swap that loading the image may use. */
  availableBytes: number;
  /** Interfaces of the default routes -> devices from each interface to its bus. */
  linkDevices: ReadonlyMap<string, readonly BusDevice[]>;
  /** Kernel paths of disks -> devices from each disk to its bus. */
  diskDevices: ReadonlyMap<string, readonly BusDevice[]>;
}

/** The image to start. */
export interface NewSystem {
  /** The output of `uname -m` on machines for which the image is. */
  processor: string;
  /** Name, size in image.json, and actual size; null if the file is missing. */
  files: readonly { name: string; expectedBytes: number; bytes: number | null }[];
  /** RAM that loading the kernel takes, where kexec unpacks it; without it, the kernel's size. */
  kernelLoadingBytes?: number;
  modules: ModuleIndex;
  /** Module -> firmware files that it may request and that the image does not have. */
  firmware: ReadonlyMap<string, readonly string[]>;
  commandLine: string;
  /** Size of the files that `run` appends to the initrd; a bundled flake may have any size. */
  appendedBytes?: number;
  /** Size of the second initrd, if `run` appends it. */
  secondInitrdBytes?: number;
  /** nixos-anywhere started `run`, and will copy programs into the new system's RAM. */
  forNixosAnywhere?: boolean;
}
