import { facterReport } from './hardware/facter.ts';
import { formatHardware } from './hardware/format.ts';
import { readHardware } from './host/machine/hardware.ts';
import { applyConsolePolicy, secretsWereDropped } from './console/apply.ts';
import { withoutSecrets } from './console/without-secrets.ts';
import { asRefusal } from './config/report.ts';
import { resolveConfiguration, type Resolution } from './config/resolve.ts';
import { resolveWithoutFail } from './config/without-fail.ts';
import type { Mode } from './config/schema.ts';
import { DabeiError, Refusals, type DabeiError as Failure } from './errors.ts';
import { readAppendedFiles } from './host/old-system/appended.ts';
import { readCaptured } from './host/old-system/captured.ts';
import { observeCommands, run } from './host/exec.ts';
import { readBytes, readText } from './host/files.ts';
import { claim } from './host/lock.ts';
import { paths } from './paths.ts';
import { formatLogLine, log } from './host/log.ts';
import { formatReturnTimer, readReturnTimer } from './host/old-system/return-timer.ts';
import { formatStatus, readStatus, updateStatus } from './host/status.ts';
import { installation, rehearsal, repetition, rescue } from './install.ts';
import { renderPlan } from './plan/plan.ts';
import { runStages, type Session, type Stage } from './stages/sequence.ts';
import { planInstallation, tellWaysIn, waysIn } from './stages/stages.ts';

/** The commands of `dabei`; main.ts chooses one. */

/** What the machine does by itself: install, rescue or rehearse, as configured. Started once by PID 1. */
export async function boot(): Promise<number> {
  logCommands();
  const onlyCaptured = () => resolveConfiguration({ commandLine: '', files: [], captured: readCaptured() });
  const given = resolveWithoutFail([() => readConfiguration(), onlyCaptured]);
  const session: Session = { resolution: secretsWereDropped() ? withoutSecrets(given) : given };
  applyConsolePolicy(session.resolution);
  const { mode } = session.resolution;
  const sequences: Readonly<Record<Mode, readonly Stage[]>> = {
    install: installation,
    rescue,
    plan: rehearsal,
  };
  const failure = await runStages(sequences[mode], session);
  if (failure !== null) return remainReachable(session, failure);
  if (mode === 'install') return restart(session);
  updateStatus({ state: mode === 'plan' ? 'planned' : 'rescue' });
  if (mode === 'plan') log({ event: 'note', text: 'nothing was changed; "dabei plan" prints every command' });
  return 0;
}

/** The same by hand, over a connection that is already there. The machine is not restarted. */
export async function install(configFile: string | undefined): Promise<number> {
  const session: Session = { resolution: readConfiguration(configFile) };
  logCommands();
  // A shell that is open stays open, also the one that this was typed into; the next one is another question.
  applyConsolePolicy(session.resolution);
  const failure = await runStages(repetition, session);
  if (failure === null) {
    updateStatus({ state: 'installed' });
    log({ event: 'note', text: 'installed: "reboot" starts the new system' });
  }
  return failure === null ? 0 : 1;
}

/** @returns exactly the commands that `install` would run */
export async function plan(configFile: string | undefined): Promise<string> {
  const { config, problems } = readConfiguration(configFile);
  if (config === null) throw new Refusals(problems.map(asRefusal));
  // It looks into the pool and the ESPs, where a running installation is at work.
  claim(paths.lock);
  return renderPlan((await planInstallation(config)).plan);
}

export function status(json: boolean): string {
  const now = readStatus();
  const returns = readReturnTimer();
  if (json) return `${JSON.stringify(now === null ? null : { ...now, return: returns })}\n`;
  const text = now === null ? 'dabei has not started on this machine\n' : formatStatus(now);
  return returns === null ? text : text + formatReturnTimer(returns);
}

/** Keeps the machine here: cancels the return to the old system. */
export async function confirm(): Promise<string> {
  if (readReturnTimer() === null) return 'no rollback timer is active\n';
  await run({
    doing: 'cancelling the return to the old system',
    argv: [paths.stayProgram, 'asked'],
    timeoutSeconds: 60,
  });
  return formatReturnTimer(readReturnTimer()!);
}

/** What this machine is. @param json in the shape of nixos-facter's report */
export async function facts(json: boolean): Promise<string> {
  const hardware = await readHardware();
  return json ? `${JSON.stringify(facterReport(hardware), null, 2)}\n` : formatHardware(hardware);
}

export function logs(json: boolean): string {
  const text = readText(paths.log) ?? '';
  return json ? text : text.split('\n').filter(Boolean).map(formatLogLine).join('');
}

/**
 * Kernel parameters and the files that kexec or iPXE appended; `configFile` instead of those when given. What was
 * captured from the old system counts in both cases.
 */
function readConfiguration(configFile?: string): Resolution {
  const commandLine = readText(paths.commandLine) ?? '';
  if (configFile !== undefined) {
    const bytes = readBytes(configFile);
    if (bytes === null) {
      throw new DabeiError('FILE', {
        doing: 'reading the configuration',
        problem: `there is no file ${configFile}`,
      });
    }
    return resolveConfiguration({
      commandLine: '',
      files: [{ path: configFile, bytes }],
      captured: readCaptured(),
    });
  }
  return resolveConfiguration({ commandLine, files: readAppendedFiles(), captured: readCaptured() });
}

/** Becomes the one dabei that changes this machine, and has every command that it runs stand in the log. */
export function logCommands(): void {
  claim(paths.lock);
  observeCommands(({ argv, doing, seconds, exitCode, failed, stderr }) =>
    log({ event: 'command', argv, doing, seconds, exitCode, failed, ...(exitCode === 0 ? {} : { stderr }) }),
  );
}

/** A failure is told on every console with the way in; the machine waits, it never tries again by itself. */
function remainReachable(session: Session, failure: Failure): number {
  log({ event: 'note', text: `the installation stopped (${failure.code}); "dabei status" has the reason` });
  tellWaysIn(session);
  return 1;
}

/** The last lines of an installation: how to unlock the machine and how to reach it. */
async function restart(session: Session): Promise<number> {
  updateStatus({ state: 'installed' });
  const system = session.resolution.config?.system;
  // A system that was built elsewhere has a port of its own, most likely the usual one.
  const [host] = waysIn(session, system?.storePath === undefined ? undefined : 22);
  const [unlock] = waysIn(session, 2222);
  const text =
    host === undefined
      ? 'installed: the machine restarts and asks for the passphrase on its console'
      : session.resolution.config?.disks?.encryption === 'none'
        ? `installed: the machine restarts; reach it with "${host}"`
        : `installed: the machine restarts; unlock it with "${unlock?.replace('ssh ', 'ssh -t ')} ` +
          `systemd-tty-ask-password-agent", then reach it with "${host}"`;
  log({ event: 'note', text });
  await run({ doing: 'restarting the machine', argv: ['reboot'], timeoutSeconds: 60 });
  return 0;
}
