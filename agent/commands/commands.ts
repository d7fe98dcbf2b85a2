import { facterReport } from '../hardware/facter.ts';
import { formatHardware } from '../hardware/format.ts';
import { readHardware } from '../host/machine/hardware.ts';
import { asRefusal } from '../config/report.ts';
import { Refusals } from '../errors.ts';
import { readRescuedMachine } from '../host/old-system/rescued-machine.ts';
import type { Doors } from '../host/doors.ts';
import { paths } from '../paths.ts';
import { formatLogLine } from '../host/log.ts';
import { formatReturnTimer, readReturnTimer } from '../host/old-system/return-timer.ts';
import { formatStatus, readStatus, type Status } from '../host/status.ts';
import { renderPlan } from '../plan/plan.ts';
import { describeOnion } from '../plan/tor/progress.ts';
import { confirmTrial } from '../stages/rescue/trial.ts';
import { observeOnion } from '../stages/tor/observe.ts';
import { version } from '../version.ts';
import { planInstallation } from '../stages/stages.ts';
import { sessionByHand } from './session.ts';

/** The commands of `dabei` that install nothing; main.ts chooses one. */

/**
 * @returns text with exactly the commands that `install` would run
 * @throws DabeiError BUSY while another dabei changes this machine; FILE if there is no such file
 * @throws Refusals with every reason against the installation
 */
export async function plan(doors: Doors, configFile: string | undefined): Promise<string> {
  // Planning imports the pool and mounts the ESPs to read them, which would disturb a running installation.
  const { resolution } = await sessionByHand(doors, configFile, () => doors.claim(paths.lock));
  const { config, problems, origins } = resolution;
  if (config === null) throw new Refusals(problems.map(asRefusal));
  return sourcesOf(origins) + renderPlan((await planInstallation(doors, config)).plan);
}

/** Which source gave which setting: "/dabei.json: disks, hostName". */
function sourcesOf(origins: Readonly<Record<string, string>>): string {
  const bySource = new Map<string, Set<string>>();
  for (const [path, source] of Object.entries(origins)) {
    const names = bySource.get(source) ?? new Set();
    bySource.set(source, names.add(/^[^.[]*/.exec(path)![0]));
  }
  bySource.delete('built-in');
  const lines = [...bySource].map(([source, names]) => `  ${source}: ${[...names].sort().join(', ')}`);
  return lines.length === 0 ? '' : `settings by source:\n${lines.join('\n')}\n`;
}

/**
 * Reports what dabei is doing, and the return timer.
 * @param json print one line with a JSON object, or null if dabei has not started on this machine
 */
export function status(doors: Doors, json: boolean): string {
  const now = readStatus(doors);
  const returns = readReturnTimer(doors);
  if (json) {
    const onion = observeOnion(doors, now);
    return `${JSON.stringify(now === null ? null : { ...now, onion, return: returns })}\n`;
  }
  const text =
    whoseRescue(doors) +
    (now === null ? 'dabei has not started on this machine\n' : formatStatus(now) + onionService(doors, now));
  return returns === null ? text : text + formatReturnTimer(returns);
}

function onionService(doors: Doors, now: Status): string {
  const onion = observeOnion(doors, now);
  if (onion === null) return '';
  if (onion.address === null) return `there is no onion service: ${onion.problem}\n`;
  const how = describeOnion(onion);
  return `onion service: ssh root@${onion.address}${how === null ? '' : ` (${how})`}\n`;
}

/** Why the machine is here, if its boot menu has an entry of this system. */
function whoseRescue(doors: Doors): string {
  const machine = readRescuedMachine(doors);
  if (machine === null) return '';
  const name = 'problem' in machine ? 'an installed machine' : machine.hostName;
  const why =
    doors.files.readText(paths.trial)?.trim() ??
    'its entry in the boot menu was chosen; "dabei unlock" opens the installed system';
  return `this is the rescue system of ${name}: ${why}\n${age(doors)}`;
}

/** "nix-dabei 0.2.0, built on 2026-01-01, 332 days ago". The entry stays as it is for years. */
function age({ files, clock }: Doors): string {
  const built = Number(files.readText(`${paths.initrdDirectory}/epoch`)?.trim() || Number.NaN);
  if (!Number.isInteger(built)) return '';
  const days = Math.max(0, Math.floor((clock.epochSeconds() - built) / 86_400));
  const date = new Date(built * 1000).toISOString().slice(0, 10);
  return `it is nix-dabei ${version}, built on ${date}, ${days} ${days === 1 ? 'day' : 'days'} ago; "dabei rescue-entry" in a newer one renews it\n`;
}

/** Cancels the return to the old system, so the machine stays in this one; in a rescue system, ends the trial of the installed system. */
export async function confirm(doors: Doors): Promise<string> {
  if (readRescuedMachine(doors) !== null) {
    doors.claim(paths.lock);
    const told = await confirmTrial(doors);
    if (told !== null) return told.map(line => `${line}\n`).join('');
  }
  if (readReturnTimer(doors) === null) return 'no return timer is active\n';
  await doors.exec.run({
    doing: 'cancelling the return to the old system',
    argv: [paths.stayProgram, 'asked'],
    timeoutSeconds: 60,
  });
  return formatReturnTimer(readReturnTimer(doors)!);
}

/**
 * Describes the hardware of this machine.
 * @param json print a report in the format of nixos-facter
 */
export async function facts(doors: Doors, json: boolean): Promise<string> {
  const hardware = await readHardware(doors);
  return json ? `${JSON.stringify(facterReport(hardware), null, 2)}\n` : formatHardware(hardware);
}

/** @param json print the log file as it is, with one JSON object per line */
export function logs({ files }: Doors, json: boolean): string {
  const text = files.readText(paths.log) ?? '';
  return json ? text : text.split('\n').filter(Boolean).map(formatLogLine).join('');
}
