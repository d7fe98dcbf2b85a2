import { applyConsolePolicy, secretsWereDropped } from '../console/apply.ts';
import { mediumIsDamaged, withoutMedium } from '../console/medium.ts';
import { endPassword, givePassword, wantsPassword } from '../console/password.ts';
import { withoutSecrets } from '../console/without-secrets.ts';
import { resolveConfiguration } from '../config/resolve.ts';
import type { Input } from '../config/sources/sources.ts';
import { resolveWithoutFail } from '../config/without-fail.ts';
import type { Mode } from '../config/schema.ts';
import { isSameNetwork } from '../config/schema/same-network.ts';
import { asDabeiError, DabeiError, type DabeiError as Failure } from '../errors.ts';
import { readCaptured } from '../host/old-system/captured.ts';
import type { Doors } from '../host/doors.ts';
import { alsoTelling } from '../host/log.ts';
import { updateStatus } from '../host/status.ts';
import { presentVariants } from '../host/machine/variants.ts';
import {
  arrival,
  installation,
  rehearsal,
  repetition,
  rescue,
  thenTor,
  withAsking,
  withTor,
} from '../install.ts';
import { isInstalledAlready } from '../plan/disks/install-state.ts';
import { isMedium } from '../screen/outputs.ts';
import { learnSeeds } from '../stages/fetch/seeds.ts';
import { startReports, type Reporting } from '../stages/report/reporter.ts';
import { lastWords, reportSource } from '../stages/report/source.ts';
import { startFinished } from '../stages/rescue/finished.ts';
import { actOnTrial } from '../stages/rescue/trial.ts';
import { outputsOf, withScreen } from '../stages/screen/watch.ts';
import { runStages, type Session, type Stage } from '../stages/sequence.ts';
import { tellWaysIn } from '../stages/stages.ts';
import { trialWords, waysToInstalled } from './installed.ts';
import { gatherInput, logCommands, sessionByHand } from './session.ts';

/** What starts by itself, and the same by hand. */

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
  const trial = session.resolution.mode === 'rescue' ? await actOnTrial(doors) : null;
  await warnOnly(doors, "making root's password", async () => {
    if (!showsPassword(doors, session)) return;
    await givePassword(doors);
    doors.log({ event: 'note', text: 'the status screen has a password for SSH' });
  });
  const hasTor = presentVariants(doors).includes('tor');
  const asked = arrival(session.resolution);
  const first = hasTor ? thenTor(asked) : asked;
  if (first.length > 0) {
    const failure = await runStages(doors, first, session);
    if (failure !== null && !hasAnotherNetwork(session, failure))
      return remainReachable(reporting, session, failure);
    applyConsolePolicy(doors, session.resolution);
    await warnOnly(doors, "ending root's password", async () => {
      if (!showsPassword(doors, session)) await endPassword(doors);
    });
  }
  const { mode } = session.resolution;
  const sequences: Readonly<Record<Mode, readonly Stage[]>> = {
    install: installation,
    rescue,
    plan: rehearsal,
  };
  const stages = asking(session, sequences[mode]);
  const failure = await runStages(doors, hasTor ? withTor(stages) : stages, session);
  if (failure !== null) {
    const { config } = session.resolution;
    if (
      mode === 'install' &&
      config !== null &&
      isInstalledAlready(failure) &&
      isMedium(session.input?.commandLine ?? '')
    )
      await startFinished(doors, config);
    return remainReachable(reporting, session, failure);
  }
  if (mode === 'install') return restart(reporting, session);
  updateStatus(doors, { state: mode === 'plan' ? 'planned' : 'rescue' });
  if (mode === 'plan')
    doors.log({ event: 'note', text: 'nothing was changed; "dabei plan" prints every command' });
  const description = mode === 'plan' ? 'planned; nothing was changed' : (trial ?? 'a rescue system');
  const result = trial === null ? 'SUCCESS' : 'FAIL';
  await reporting.finish(lastWords(doors, session, { result, description }));
  return 0;
}

/** Nobody gave an address, and a server on the link has named one. */
function hasAnotherNetwork({ networkAsBroughtUp, resolution }: Session, { code }: Failure): boolean {
  const { fetch, reachability } = resolution;
  if (code !== 'NETWORK_UNREACHABLE' || fetch !== null) return false;
  return !isSameNetwork(networkAsBroughtUp, reachability.network);
}

/** A key or a configuration that arrives ends the password. */
function showsPassword(doors: Doors, { input, resolution }: Session): boolean {
  return wantsPassword(input?.commandLine ?? '', resolution, outputsOf(doors));
}

/** Does what no start of a machine depends on. */
async function warnOnly(doors: Doors, doing: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, doing).message });
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
 * @param tell takes what the consoles show, for whoever runs it
 * @returns exit code
 */
export async function install(
  silentDoors: Doors,
  configFile: string | undefined,
  tell: (text: string) => void = () => {},
): Promise<number> {
  const plainDoors: Doors = { ...silentDoors, log: alsoTelling(silentDoors, tell) };
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
  const text = `installed: the machine restarts${waysToInstalled(session)}${trialWords(doors, session)}`;
  doors.log({ event: 'note', text });
  await finish(lastWords(doors, session, ending(null)));
  await doors.exec.run({ doing: 'restarting the machine', argv: ['reboot'], timeoutSeconds: 60 });
  return 0;
}
