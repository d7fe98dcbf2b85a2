import { arch } from '../../arch.ts';
import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { espFull } from '../nix/boot-loader.ts';
import type { RunStep, Step } from '../step.ts';
import { version } from '../../version.ts';
import { espMountpoint, targetRoot, type Trial } from '../target.ts';
import { trialFiles } from './trial.ts';

/**
 * The rescue entry of an installed machine: this installer's kernel and initrd on every ESP. What else it needs, an archive with the
 * machine's addresses and keys and the entry in the boot menu, the installed system writes whenever it installs its boot loader
 * (nix/host-flake/rescue.nix).
 */

/** Program of the image that writes kernel and initrd. */
const rescueFilesProgram = '/usr/lib/dabei/rescue-files';

export interface RescueChoice {
  writes: boolean;
  /** For people. */
  told: string;
}

/**
 * Only who asks for the entry gets one, until tests have seen it on a mirror, with a full ESP, and after a rebuild.
 * @returns null if nobody knows what this system was started with: in a test, and before kexec
 */
export function chooseRescue({ system }: Config, facts: Facts): RescueChoice | null {
  const { rescueBytes } = facts;
  if (rescueBytes === undefined) return null;
  const without = (why: string) => ({ writes: false, told: `no rescue entry: ${why}` });
  if (system.rescue !== true) return without('system.rescue is not true');
  if (rescueBytes === null) return without('this start did not bring its own kernel along (docs/rescue.md)');
  return { writes: true, told: `rescue entry in the boot menu: ${formatBytes(rescueBytes)} of each ESP` };
}

/** @returns null without a trial. Where nobody has to unlock anything, nobody has to log in either. */
export function chooseTrial({ system, disks }: Config): Trial | null {
  const given = system.trial ?? 0;
  const { minutes, confirm } = typeof given === 'number' ? { minutes: given, confirm: undefined } : given;
  if (minutes === 0) return null;
  const asks = disks?.encryption !== 'none';
  return { minutes, confirm: confirm ?? (asks ? 'login' : 'report'), asks };
}

/** For people, before the installation. */
export function describeTrial({ minutes, confirm }: Trial): string {
  const unless =
    confirm === 'login'
      ? 'unless somebody has logged in by then'
      : 'unless sshd and a gateway answer by then';
  return `first boot on trial: ${minutes} minutes after it starts, the machine restarts into its rescue system and stays there, ${unless}`;
}

/**
 * Around the boot loader of the target: its modules keep a trial in the menu that they write where the ESPs say "pending"
 * (nix/host-flake/trial-menu.sh); then it begins.
 */
export function planTrial(
  bootLoader: readonly Step[],
  { firmware }: Pick<Facts, 'firmware'>,
  espCount: number,
): Step[] {
  const esps = Array.from({ length: espCount }, (_, index) => `${targetRoot}${espMountpoint(index)}`);
  return [
    ...esps.map((esp): Step => ({
      kind: 'write',
      doing: `noting the trial of the first boot on ${esp}`,
      path: `${esp}/${trialFiles.state}`,
      mode: 0o600,
      content: 'pending\n',
      whenFull: espFull(targetRoot),
    })),
    ...bootLoader,
    { kind: 'trial', doing: 'beginning the trial of the first boot', firmware, esps },
  ];
}

/** Writes kernel and initrd to the ESPs of the target. Without them, the machine is installed as well. */
export function writeRescueFiles(espCount: number): Step[] {
  const esps = Array.from({ length: espCount }, (_, index) => `${targetRoot}${espMountpoint(index)}`);
  return [{ ...rescueFiles(esps), optional: true, whenFull: espFull(targetRoot) }];
}

/** @param esps mount points */
export function rescueFiles(esps: readonly string[]): RunStep {
  return {
    kind: 'run',
    doing: 'writing the rescue system to the ESPs',
    argv: [rescueFilesProgram, arch.kernel.image, version, ...esps],
    timeoutSeconds: 600,
  };
}
