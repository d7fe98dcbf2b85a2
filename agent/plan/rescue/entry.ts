import { arch } from '../../arch.ts';
import type { Config } from '../../config/schema.ts';
import { defaultTrialMinutes, wantsRescue } from '../../config/schema/system.ts';
import type { Facts, Watchdog } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { mebibyte } from '../disks/partitions.ts';
import { lockout } from '../preflight/login.ts';
import { espFull } from '../nix/boot-loader.ts';
import type { RunStep, Step } from '../step.ts';
import { version } from '../../version.ts';
import { espMountpoint, targetRoot, type Trial } from '../target.ts';
import { trialFiles } from './trial.ts';
import { writeTrialReport } from './trial-report.ts';

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
  if (!wantsRescue(system))
    return without(
      'the system is prebuilt, and only its owner knows whether it has the module for it (system.rescue)',
    );
  if (rescueBytes === null) return without('this start did not bring its own kernel along (docs/rescue.md)');
  const needed = rescueBytes + leastGenerations * generationBytes;
  if (system.rescue === undefined && espBytes < needed)
    return without(
      `the ESP has ${formatBytes(espBytes)}; with ${leastGenerations} generations it takes ${formatBytes(needed)} (disks.esp)`,
    );
  return { writes: true, told: `rescue entry in the boot menu: ${formatBytes(rescueBytes)} of each ESP` };
}

/** Whether the rescue system would let somebody in by what dabei knows: a flake may have keys of its own. */
const opensRescue = ({ rootAuthorizedKeys }: Config): boolean =>
  lockout(rootAuthorizedKeys, null, 0) === null;

/**
 * Whether dabei decides on a trial. As with the entry itself, only the owner of a prebuilt system knows whether it has the module. A disk
 * that is copied has no first start of its own; its copies have.
 */
const isLeftToDabei = ({ system, disks }: Config): boolean =>
  system.trial === undefined && system.storePath === undefined && disks?.copies !== true;

/**
 * Where nobody was there at the start, or nobody has to unlock anything, nobody has to log in either.
 * @returns that of an installation with a rescue entry; null without a trial
 */
export function chooseTrial(config: Config, facts: Facts): Trial | null {
  const { system, disks, isUnattended } = config;
  // One that fails leads to a rescue system, where somebody has to be able to log in.
  const byDefault = isLeftToDabei(config) && opensRescue(config) ? defaultTrialMinutes : 0;
  const given = system.trial ?? byDefault;
  const { minutes, confirm } = typeof given === 'number' ? { minutes: given, confirm: undefined } : given;
  if (minutes === 0) return null;
  const asks = disks?.encryption !== 'none';
  const watchdog = chooseWatchdog(facts);
  return {
    ...{ minutes, confirm: confirm ?? (asks && isUnattended !== true ? 'login' : 'report'), asks },
    ...(watchdog === null ? {} : { watchdog: watchdog.modules }),
  };
}

/** For people: what confirms a trial without a person. */
export function confirmedBy({ report }: Pick<Config, 'report'>): string {
  return report === undefined ? 'sshd and a gateway answer' : 'the receiver of its reports answers';
}

/** For people, before the installation. */
export function describeTrial({ minutes, confirm, asks }: Trial, config: Pick<Config, 'report'>): string {
  const back = 'the machine restarts into its rescue system and stays there';
  if (confirm === 'report' && asks)
    return (
      `first boot on trial: stage 1 waits for the passphrase without a limit, but without a network, ${back}; a login ` +
      `confirms it, and so does the unlocked system once ${confirmedBy(config)}`
    );
  const unless = confirm === 'login' ? 'somebody has logged in' : confirmedBy(config);
  return `first boot on trial: ${minutes} minutes after it starts, ${back}, unless ${unless} by then`;
}

/**
 * For people: the trial, or why there is none where they may expect one.
 * @param writes there is a rescue entry; false also where nobody knows
 */
export function summarizeTrial(config: Config, facts: Facts, writes: boolean): string[] {
  const none = (why: string) => [`no trial of the first boot: ${why}`];
  const trial = chooseTrial(config, facts);
  if (trial !== null && writes) return [describeTrial(trial, config), describeHang(facts)];
  if (trial !== null && config.system.trial !== undefined && facts.rescueBytes !== undefined)
    return none('without a rescue entry, the machine would have nothing to restart into');
  return trial === null && writes && isLeftToDabei(config)
    ? none(
        'no key in rootAuthorizedKeys opens the rescue system, and nobody knows whether the flake has one (system.trial)',
      )
    : [];
}

/**
 * systemd arms the first that there is. That of an emulated Intel board answers its driver, but does not reset the machine unless whoever
 * started QEMU asked for it (hw/acpi/tco.c, the property "noreboot").
 */
function chooseWatchdog({ watchdogs = [], machine }: Facts): (Watchdog & { isSure: boolean }) | null {
  const all = watchdogs.map(each => ({
    ...each,
    isSure: machine.virtualization === false || each.name !== 'iTCO_wdt',
  }));
  return all.find(({ isSure }) => isSure) ?? all[0] ?? null;
}

/** For people: what ends a first boot that hangs. */
export function describeHang(facts: Facts): string {
  const watchdog = chooseWatchdog(facts);
  const cycle = 'the next power cycle leads to the rescue system';
  if (watchdog === null) return `this machine has no hardware watchdog: if the first boot hangs, ${cycle}`;
  const { name, isSure } = watchdog;
  return `if the first boot hangs, the watchdog ${name} restarts the machine${isSure ? '' : `, or, as many hypervisors do not let it, ${cycle}`}`;
}

/**
 * Around the boot loader of the target: its modules keep a trial in the menu that they write where the ESPs say "pending"
 * (nix/host-flake/trial-menu.sh); then it begins.
 */
export function planTrial(
  config: Config,
  facts: Facts,
  { confirm }: Trial,
  bootLoader: readonly Step[],
  espCount: number,
): Step[] {
  const { firmware } = facts;
  const esps = Array.from({ length: espCount }, (_, index) => `${targetRoot}${espMountpoint(index)}`);
  return [
    ...(confirm === 'report' ? writeTrialReport(config, facts) : []),
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
