import { arch } from '../../arch.ts';
import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { mebibyte } from '../disks/partitions.ts';
import { espFull } from '../nix/boot-loader.ts';
import type { Step } from '../step.ts';
import { espMountpoint, targetRoot } from '../target.ts';

/**
 * The rescue entry of an installed machine: this installer's kernel and initrd on every ESP. What else it needs, an archive with the
 * machine's addresses and keys and the entry in the boot menu, the installed system writes whenever it installs its boot loader
 * (nix/host-flake/rescue.nix).
 */

/** Program of the image that writes kernel and initrd. */
const rescueFilesProgram = '/usr/lib/dabei/rescue-files';

/** Kernel and initrd of one generation: what an ESP of 512 MiB has for each of 5 beside a rescue system (docs/rescue.md). */
const generationBytes = 94 * mebibyte;
/** The one that runs, the one that is being written, and one to return to. */
const leastGenerations = 3;

export interface RescueChoice {
  writes: boolean;
  /** For people. */
  told: string;
}

/**
 * @param espBytes size of each ESP
 * @returns null if nobody knows what this system was started with: in a test, and before kexec
 */
export function chooseRescue({ system }: Config, facts: Facts, espBytes: number): RescueChoice | null {
  const { rescueBytes } = facts;
  if (rescueBytes === undefined) return null;
  const without = (why: string) => ({ writes: false, told: `no rescue entry: ${why}` });
  if (system.rescue === false) return without('system.rescue is false');
  if (rescueBytes === null) return without('this start did not bring its own kernel along (docs/rescue.md)');
  if (system.rescue === undefined && system.storePath !== undefined)
    return without(
      'the system is prebuilt, and only its owner knows whether it has the module for it (system.rescue)',
    );
  const needed = rescueBytes + leastGenerations * generationBytes;
  if (system.rescue === undefined && espBytes < needed)
    return without(
      `the ESP has ${formatBytes(espBytes)}; with ${leastGenerations} generations it takes ${formatBytes(needed)} (disks.esp)`,
    );
  return { writes: true, told: `rescue entry in the boot menu: ${formatBytes(rescueBytes)} of each ESP` };
}

/** Writes kernel and initrd to the ESPs of the target. Without them, the machine is installed as well. */
export function writeRescueFiles(espCount: number): Step[] {
  const esps = Array.from({ length: espCount }, (_, index) => `${targetRoot}${espMountpoint(index)}`);
  return [
    {
      kind: 'run',
      doing: 'writing the rescue system to the ESPs',
      argv: [rescueFilesProgram, arch.kernel.image, ...esps],
      timeoutSeconds: 600,
      optional: true,
      whenFull: espFull(targetRoot),
    },
  ];
}
