import type { Facts } from '../../facts.ts';
import type { BusDevice, ModuleIndex } from './modalias.ts';

/** The two systems that preflight compares. */

export interface OldSystem {
  facts: Facts;
  /** uname -m. */
  processor: string;
  /** The container's kind; null on a machine of its own. */
  container: string | null;
  secureBoot: boolean;
  /** A guest whose memory the processor encrypts. */
  confidential: boolean;
  /** Somebody feeds the watchdog of the baseboard management controller. */
  ipmiWatchdog: boolean;
  /** none, integrity or confidentiality; null where the kernel does not say. */
  lockdown: string | null;
  kexec: 'allowed' | 'disabled' | 'unsupported';
  /** Text of the policy; null where there is none to be read. */
  imaPolicy: string | null;
  /** Of the machine, by its firmware; null where the kernel does not tell. */
  ramBytes: number | null;
  /** What loading may take. */
  availableBytes: number;
  /** Interfaces of the default routes, with the devices behind them. */
  linkDevices: ReadonlyMap<string, readonly BusDevice[]>;
  /** Disks by their kernel path, with the devices from them to their buses. */
  diskDevices: ReadonlyMap<string, readonly BusDevice[]>;
}

/** The image that would be started. */
export interface NewSystem {
  /** uname -m of the processor that it is for. */
  processor: string;
  /** Name, and bytes by image.json and in truth; null where the file is not there. */
  files: readonly { name: string; expectedBytes: number; bytes: number | null }[];
  modules: ModuleIndex;
  /** Module -> firmware that it may ask for and that the image does not have. */
  firmware: ReadonlyMap<string, readonly string[]>;
  commandLine: string;
  /** What is appended to the initrd: a flake that is sent along has any size. */
  appendedBytes?: number;
}
