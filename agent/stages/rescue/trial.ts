import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readRescuedMachine } from '../../host/old-system/rescued-machine.ts';
import { paths } from '../../paths.ts';
import { systemdBootMenu } from '../../plan/rescue/boot-menu.ts';
import {
  bootFiles,
  confirmedHere,
  decideTrial,
  grubEntry,
  grubVariable,
  parseTrial,
  rescueEntryId,
  tellTrial,
  trialFiles,
  withoutTrialDefault,
  type BootFiles,
  type EspTrial,
  type FoundBy,
} from '../../plan/rescue/trial.ts';
import { espDevices } from './boot-menu.ts';
import { endTrial, writeTrial } from './end-trial.ts';
import { withEsps } from './esps.ts';

/** What the rescue system does about the trial of the installed system's first boot, before anything else. */

const doing = 'reading the trial of the first boot';
/** For the first disk, and for the others after it. */
const waitSeconds = 30;
const othersSeconds = 10;
/** All initrds in one file, where the entry has several: kexec takes one. */
const initrdFile = '/run/dabei/trial-initrd';

/**
 * Starts the installed system if the boot loader did not, once, or if it was confirmed; otherwise notes why this system stays. It throws
 * nothing: a rescue system starts in any case.
 * @returns why this system stays; null without a trial
 */
export async function actOnTrial(doors: Doors): Promise<string | null> {
  const { files, log } = doors;
  try {
    const machine = readRescuedMachine(doors);
    if (machine === null || 'problem' in machine) return null;
    const { disks } = machine;
    const present = () =>
      disks.filter(({ espPartuuid }) => files.exists(`/dev/disk/by-partuuid/${espPartuuid}`)).length;
    for (let waited = 0; present() === 0 && waited < waitSeconds; waited++) await doors.clock.sleep(1);
    // What another disk says may be further.
    for (let waited = 0; present() > 0 && present() < disks.length && waited < othersSeconds; waited++)
      await doors.clock.sleep(1);
    return await withEsps(doors, espDevices(doors, doing), esps => startAsTrialSays(doors, esps, 'rescue'));
  } catch (thrown) {
    const error = asDabeiError(thrown, doing);
    const told = `the installed system was not started: ${error.problem}`;
    files.writeAtomic(paths.trial, `${told}\n`, 0o600);
    log({ event: 'warning', text: error.message });
    return told;
  }
}

/**
 * Starts the installed system if its trial permits that.
 * @param esps where they are mounted
 * @param by a medium also starts what is on no trial: its own finished installation; somebody has chosen the rescue entry
 * @returns why this system stays, or has started the other one; null without a trial
 * @throws DabeiError RESCUE_BOOT; FILE; COMMAND_FAILED
 */
export async function startAsTrialSays(
  doors: Doors,
  esps: readonly string[],
  by: FoundBy,
): Promise<string | null> {
  const decision = decideTrial(esps.map(esp => readTrial(doors, esp)));
  const told = tellTrial(decision, by);
  if (told === null) {
    if (by === 'medium') await startInstalled(doors, esps, false);
    return null;
  }
  if (by === 'rescue') doors.files.writeAtomic(paths.trial, `${told}\n`, 0o600);
  doors.log({ event: decision.kind === 'failed' ? 'warning' : 'note', text: told });
  if (decision.kind === 'failed') {
    writeTrial(doors, esps, 'failed');
    return told;
  }
  const isFirst = decision.kind === 'start';
  if (isFirst) {
    // INVARIANT: "started" is on disk before the installed system starts, or it would be started again and again.
    writeTrial(doors, esps, 'started');
    if (!esps.some(esp => readTrial(doors, esp).state === 'started')) throw notKept();
  } else endTrial(doors, esps);
  await startInstalled(doors, esps, isFirst);
  return told;
}

/**
 * Ends a trial: the installed system is the default.
 * @returns sentences for people; null if there is no trial
 * @throws DabeiError RESCUE_MACHINE; FILE
 */
export async function confirmTrial(doors: Doors): Promise<string[] | null> {
  return withEsps(doors, espDevices(doors, 'confirming the installed system'), esps => {
    if (!esps.some(esp => readTrial(doors, esp).state !== null)) return null;
    endTrial(doors, esps);
    doors.files.writeAtomic(paths.trial, `${confirmedHere}\n`, 0o600);
    return ['confirmed: the installed system is the default of the boot menu', 'next: reboot'];
  });
}

function readTrial({ files }: Doors, esp: string): EspTrial {
  const text = (name: string) => files.readText(`${esp}/${name}`);
  const [, variable] = new RegExp(`^${grubVariable}=(.*)$`, 'm').exec(text('grub/grubenv') ?? '') ?? [];
  return {
    state: parseTrial(text(trialFiles.state), text(`${trialFiles.state}.new`)),
    startsRescue:
      variable !== undefined ||
      new RegExp(`^default[ \\t]+${rescueEntryId}[ \\t]*$`, 'm').test(text('loader/loader.conf') ?? ''),
    loaderStarted: variable === 'started',
  };
}

/** By kexec: kernel, initrds and parameters are those of the entry. */
async function startInstalled(doors: Doors, esps: readonly string[], isFirst: boolean): Promise<void> {
  const { exec, files, log } = doors;
  const found = esps.flatMap(esp => {
    const boot = entryOf(doors, esp, isFirst);
    return boot === null ? [] : [{ esp, boot }];
  })[0];
  if (found === undefined) throw problem('no ESP has an entry of it in its boot menu');
  const { esp, boot } = found;
  const paths = boot.initrds.map(path => `${esp}${path}`);
  if (paths.length > 1) files.writeAtomic(initrdFile, joined(paths.map(path => files.readBytes(path) ?? Buffer.alloc(0))), 0o600); // prettier-ignore
  const [initrd] = paths.length > 1 ? [initrdFile] : paths;
  const options = boot.options.replace('dabei.trial=loader', 'dabei.trial=rescue');
  await exec.run({
    doing: 'loading the installed system',
    argv: [
      ...(['kexec', '--load', `${esp}${boot.kernel}`, `--command-line=${options}`] as const),
      ...(initrd === undefined ? [] : [`--initrd=${initrd}`]),
    ],
    timeoutSeconds: 120,
  });
  files.remove(initrdFile);
  log({ event: 'note', text: 'starting the installed system' });
  for (const path of esps) await exec.attempt({ doing, argv: ['umount', path], timeoutSeconds: 60 });
  await exec.run({ doing: 'starting the installed system', argv: ['kexec', '--exec'], timeoutSeconds: 60 });
}

function entryOf({ files }: Doors, esp: string, isFirst: boolean): BootFiles | null {
  const config = files.readText(`${esp}/grub/grub.cfg`);
  if (config !== null) {
    const entry = grubEntry(config, isFirst ? trialFiles.grubId : null);
    return entry === null ? null : bootFiles(entry);
  }
  const directory = `${esp}/loader/entries`;
  const entries = new Map(
    files.list(directory).map(name => [name, files.readText(`${directory}/${name}`) ?? '']),
  );
  // INVARIANT: never this system itself, which would do so again, and again; loader.conf says so where it could not be rewritten.
  const conf = withoutTrialDefault(files.readText(`${esp}/loader/loader.conf`) ?? '');
  entries.delete(rescueEntryId);
  const chosen = systemdBootMenu(entries, conf).findIndex(({ isDefault }) => isDefault);
  const entry = isFirst
    ? entries.get(trialFiles.systemdBootEntry.split('/').at(-1)!)
    : [...entries.values()][chosen];
  return entry === undefined ? null : bootFiles(entry);
}

/** The kernel looks for the next archive at offsets that 4 divides, and skips zeros (initramfs buffer format). */
function joined(archives: readonly Buffer[]): Buffer {
  return Buffer.concat(archives.flatMap(each => [each, Buffer.alloc((4 - (each.length % 4)) % 4)]));
}

function notKept(): DabeiError {
  return problem('no ESP keeps that it is started, so it could be started again and again');
}

function problem(text: string): DabeiError {
  return new DabeiError('RESCUE_BOOT', {
    doing: 'starting the installed system on trial',
    problem: text,
    remedy: 'dabei generations; dabei boot N; dabei confirm',
  });
}
