import { facterReport } from '../hardware/facter.ts';
import { formatHardware } from '../hardware/format.ts';
import { readHardware } from '../host/machine/hardware.ts';
import { applyConsolePolicy, secretsWereDropped } from '../console/apply.ts';
import { mediumIsDamaged, withoutMedium } from '../console/medium.ts';
import { endPassword, givePassword, wantsPassword } from '../console/password.ts';
import { withoutSecrets } from '../console/without-secrets.ts';
import { asRefusal } from '../config/report.ts';
import { resolveConfiguration } from '../config/resolve.ts';
import type { Input } from '../config/sources/sources.ts';
import { resolveWithoutFail } from '../config/without-fail.ts';
import type { Mode } from '../config/schema.ts';
import { isBeaten } from '../config/sources/metadata/policy.ts';
import { asDabeiError, DabeiError, Refusals, type DabeiError as Failure } from '../errors.ts';
import { readAppendedFiles, readAppendedSigners } from '../host/old-system/appended.ts';
import { readRescuedMachine } from '../host/old-system/rescued-machine.ts';
import { readCaptured } from '../host/old-system/captured.ts';
import type { Doors } from '../host/doors.ts';
import { observeCommands } from '../host/exec.ts';
import { readCredentials, readDmi } from '../host/machine/firmware-data.ts';
import { paths } from '../paths.ts';
import { formatLogLine } from '../host/log.ts';
import { formatReturnTimer, readReturnTimer } from '../host/old-system/return-timer.ts';
import { formatStatus, readStatus, updateStatus } from '../host/status.ts';
import { arrival, installation, rehearsal, repetition, rescue, withAsking } from '../install.ts';
import { renderPlan } from '../plan/plan.ts';
import { fetchConfig } from '../stages/fetch/config-url.ts';
import { learnMetadata } from '../stages/fetch/metadata.ts';
import { learnSeeds } from '../stages/fetch/seeds.ts';
import { startReports, type Reporting } from '../stages/report/reporter.ts';
import { lastWords, reportSource } from '../stages/report/source.ts';
import { outputsOf, withScreen } from '../stages/screen/watch.ts';
import { runStages, type Session, type Stage } from '../stages/sequence.ts';
import { planInstallation, tellWaysIn } from '../stages/stages.ts';
import { waysToInstalled } from './installed.ts';

/** The commands of `dabei`; main.ts chooses one. */

/**
 * What the machine does automatically: install, start the rescue system, or only print a plan, as configured. PID 1 starts it
 * once.
 * @returns exit code
 */
export async function boot(plainDoors: Doors): Promise<number> {
  logCommands(plainDoors);
  const session = await bootSession(plainDoors);
  await learnSeeds(plainDoors, session);
  const reporting = startReports(plainDoors, reportSource(plainDoors, session));
  const { doors } = reporting;
  applyConsolePolicy(doors, session.resolution);
  return withScreen(doors, watched => carryOut({ ...reporting, doors: watched }, session));
}

async function carryOut(reporting: Reporting, session: Session): Promise<number> {
  const { doors } = reporting;
  await tryPassword(doors, session);
  const first = arrival(session.resolution);
  if (first.length > 0) {
    const failure = await runStages(doors, first, session);
    if (failure !== null) return remainReachable(reporting, session, failure);
    applyConsolePolicy(doors, session.resolution);
  }
  const { mode } = session.resolution;
  const sequences: Readonly<Record<Mode, readonly Stage[]>> = {
    install: installation,
    rescue,
    plan: rehearsal,
  };
  const failure = await runStages(doors, asking(session, sequences[mode]), session);
  if (failure !== null) return remainReachable(reporting, session, failure);
  if (mode === 'install') return restart(reporting, session);
  updateStatus(doors, { state: mode === 'plan' ? 'planned' : 'rescue' });
  if (mode === 'plan')
    doors.log({ event: 'note', text: 'nothing was changed; "dabei plan" prints every command' });
  const description = mode === 'plan' ? 'planned; nothing was changed' : 'a rescue system';
  await reporting.finish(lastWords(doors, session, { result: 'SUCCESS', description }));
  return 0;
}

/** The machine starts without the password if making it fails. */
async function tryPassword(doors: Doors, { input, resolution }: Session): Promise<void> {
  if (!wantsPassword(input?.commandLine ?? '', resolution, outputsOf(doors))) return;
  try {
    await givePassword(doors);
    doors.log({ event: 'note', text: 'the status screen has a password for SSH' });
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, "making root's password").message });
  }
}

function asking({ resolution }: Session, stages: readonly Stage[]): readonly Stage[] {
  return resolution.config?.report?.ask === undefined ? stages : withAsking(stages);
}

async function bootSession(doors: Doors): Promise<Session> {
  let input: Input | undefined;
  const gathered = await gatherInput(doors).catch((thrown: unknown) =>
    asDabeiError(thrown, 'reading the sources'),
  );
  const given = resolveWithoutFail([
    () => {
      if (gathered instanceof DabeiError) throw gathered;
      return resolveConfiguration((input = gathered));
    },
    () => resolveConfiguration({ commandLine: '', files: [], captured: readCaptured(doors) }),
  ]);
  const resolution = secretsWereDropped(doors)
    ? withoutSecrets(given)
    : mediumIsDamaged(doors)
      ? withoutMedium(given)
      : given;
  return { resolution, told: new Set(), ...(input === undefined ? {} : { input }) };
}

/**
 * Installs when somebody runs `dabei install` over an existing connection. It does not restart the machine.
 * @returns exit code
 */
export async function install(plainDoors: Doors, configFile: string | undefined): Promise<number> {
  const session = await sessionByHand(plainDoors, configFile, () => logCommands(plainDoors));
  const reporting = startReports(plainDoors, reportSource(plainDoors, session), { isOnline: true });
  const { doors } = reporting;
  // A configuration has arrived. Sessions stay.
  if (session.resolution.config !== null) await endPassword(doors);
  // The policy applies to shells that are opened later. Open shells stay open, including the one that runs this command.
  applyConsolePolicy(doors, session.resolution);
  const failure = await withScreen(doors, watched =>
    runStages(watched, asking(session, repetition), session),
  );
  if (failure === null) {
    updateStatus(doors, { state: 'installed' });
    doors.log({ event: 'note', text: 'installed: "reboot" starts the new system' });
  }
  await reporting.finish(lastWords(doors, session, ending(failure)));
  return failure === null ? 0 : 1;
}

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
  if (json) return `${JSON.stringify(now === null ? null : { ...now, return: returns })}\n`;
  const text =
    whoseRescue(doors) + (now === null ? 'dabei has not started on this machine\n' : formatStatus(now));
  return returns === null ? text : text + formatReturnTimer(returns);
}

/** Why the machine is here, if its boot menu has an entry of this system. */
function whoseRescue(doors: Doors): string {
  const machine = readRescuedMachine(doors);
  if (machine === null) return '';
  const name = 'problem' in machine ? 'an installed machine' : machine.hostName;
  return `this is the rescue system of ${name}: its entry in the boot menu was chosen; "dabei unlock" opens the installed system\n`;
}

/** Cancels the return to the old system, so the machine stays in this one. */
export async function confirm(doors: Doors): Promise<string> {
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

/**
 * Reads the sources, and fetches the configuration that they name, if they do. The network is the one by which somebody is logged in.
 * @param claim takes the lock; called before anything is fetched
 * @throws DabeiError CONFIG_NOT_FOUND if the server has no configuration for this machine
 */
async function sessionByHand(
  doors: Doors,
  configFile: string | undefined,
  claim: () => void,
): Promise<Session> {
  const input = await gatherInput(doors, configFile);
  const session: Session = { input, resolution: resolveConfiguration(input) };
  claim();
  await learnSeeds(doors, session);
  await learnMetadata(doors, session);
  const isThere = await fetchConfig(doors, session);
  const { config, problems } = session.resolution;
  if (isThere && (config !== null || problems.length > 0)) return session;
  throw new DabeiError('CONFIG_NOT_FOUND', {
    doing: 'fetching the configuration',
    problem: isThere
      ? 'neither metadata nor a seed has one for this machine'
      : 'the server has none for this machine',
    remedy: 'put it there, or name a file with --config',
  });
}

/** What `readInput` finds, and the credentials in the firmware, which count like files of the initramfs. */
async function gatherInput(doors: Doors, configFile?: string): Promise<Input> {
  const input = readInput(doors, configFile);
  if (isBeaten(input)) return input;
  const { files, notes } = await readCredentials(doors);
  for (const text of notes) doors.log({ event: 'note', text });
  return { ...input, files: [...files, ...input.files] };
}

/**
 * Reads the kernel parameters and the files that kexec or iPXE appended, or only `configFile` if it is given. The capture of the
 * old system counts in both cases.
 */
export function readInput(doors: Doors, configFile?: string): Input {
  const { files } = doors;
  const captured = readCaptured(doors);
  if (configFile !== undefined) {
    const bytes = files.readBytes(configFile);
    if (bytes === null) {
      throw new DabeiError('FILE', {
        doing: 'reading the configuration',
        problem: `there is no file ${configFile}`,
      });
    }
    return { commandLine: '', files: [{ path: configFile, bytes }], captured, alone: true };
  }
  const commandLine = files.readText(paths.commandLine) ?? '';
  const signers = readAppendedSigners(doors);
  return {
    commandLine,
    files: readAppendedFiles(doors),
    dmi: readDmi(doors),
    alone: files.exists(`${paths.bootDirectory}/dabei/capture`),
    captured,
    ...(signers === null ? {} : { signers }),
  };
}

/** Takes the lock that only one dabei may hold to change this machine, and logs every command that this dabei runs. */
export function logCommands({ claim, log }: Doors): void {
  claim(paths.lock);
  observeCommands(({ argv, doing, seconds, exitCode, failed, stderr }) =>
    log({ event: 'command', argv, doing, seconds, exitCode, failed, ...(exitCode === 0 ? {} : { stderr }) }),
  );
}

/** Prints the code of the failure and how to log in on every console. The machine then waits: it never tries again automatically. */
async function remainReachable(
  { doors, finish }: Reporting,
  session: Session,
  failure: Failure,
): Promise<number> {
  doors.log({
    event: 'note',
    text: `the installation stopped (${failure.code}); "dabei status" has the reason`,
  });
  tellWaysIn(doors, session);
  await finish(lastWords(doors, session, ending(failure)));
  return 1;
}

function ending(failure: Failure | null): { result: 'SUCCESS' | 'FAIL'; description: string } {
  return failure === null
    ? { result: 'SUCCESS', description: 'installed' }
    : { result: 'FAIL', description: `stopped: ${failure.code}: ${failure.message}` };
}

/** Prints the last lines of an installation, which say how to unlock and reach the machine, then restarts the machine. */
async function restart({ doors, finish }: Reporting, session: Session): Promise<number> {
  updateStatus(doors, { state: 'installed' });
  const text = `installed: the machine restarts${waysToInstalled(session)}`;
  doors.log({ event: 'note', text });
  await finish(lastWords(doors, session, ending(null)));
  await doors.exec.run({ doing: 'restarting the machine', argv: ['reboot'], timeoutSeconds: 60 });
  return 0;
}
