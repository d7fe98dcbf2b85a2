import { asRefusal } from '../config/report.ts';
import type { Resolution } from '../config/resolve.ts';
import type { Config } from '../config/schema.ts';
import { asDabeiError, DabeiError, Refusals } from '../errors.ts';
import { tellConsoles } from '../console/apply.ts';
import type { Facts } from '../facts.ts';
import * as clock from '../host/clock.ts';
import { readDisks } from '../host/machine/disks.ts';
import { capturedHostCertificates, capturedOtherPort } from '../host/old-system/captured.ts';
import { availableMemoryBytes } from '../host/machine/facts.ts';
import { writeAtomic, writeKernelFile } from '../host/files.ts';
import { log } from '../host/log.ts';
import { readStatus, updateStatus } from '../host/status.ts';
import { formatBytes } from '../format.ts';
import { recheckDisks } from '../plan/disks/recheck.ts';
import { lockoutRefusal } from '../plan/preflight/login.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { unreachableGateways } from '../plan/network/unreachable-gateways.ts';
import { executeSteps } from './execute.ts';
import { stillSilent } from './gateways.ts';
import { measureAndPlan } from './measure.ts';
import { bringUpNetwork } from './network.ts';
import type { Session } from './sequence.ts';
import { readHostKeys, startSsh } from './ssh.ts';

/** The stages, one function each: they look up what they need in the session, and leave there what they found out. */

/** Everything that is wrong with the configuration, at once, before anything else is tried. */
export async function config({ resolution }: Session): Promise<void> {
  for (const text of resolution.notes) log({ event: 'note', text });
  if (resolution.config === null) throw new Refusals(resolution.problems.map(asRefusal));
}

/** Host name and machine id of the running system, where anybody gave them; nothing that matters here depends on them. */
function takeName({ reachability, origins }: Resolution): void {
  const { hostName, machineId } = reachability;
  try {
    if ((origins['hostName'] ?? 'built-in') !== 'built-in')
      writeKernelFile('/proc/sys/kernel/hostname', hostName.split('.')[0]!);
    if (machineId !== undefined) writeAtomic('/etc/machine-id', `${machineId}\n`, 0o444);
  } catch (thrown) {
    log({ event: 'warning', text: asDabeiError(thrown, 'setting the host name').message });
  }
}

export async function network(session: Session): Promise<void> {
  takeName(session.resolution);
  const { network, hostName } = session.resolution.reachability;
  await keepResult(
    () => bringUpNetwork(network, { hostName }),
    result => {
      session.network = result;
      updateStatus({
        addresses: result.addresses,
        unreachableGateways: result.unreachable,
        warnings: [...session.resolution.notes, ...result.warnings],
      });
      for (const [link, addresses] of Object.entries(result.addresses)) {
        if (addresses.length > 0)
          log({ event: 'note', text: `${link}: ${addresses.join(' ')} (${result.via})` });
      }
    },
  );
}

export async function ssh(session: Session): Promise<void> {
  const { ssh, rootAuthorizedKeys } = session.resolution.reachability;
  await keepResult(
    () =>
      startSsh(ssh, rootAuthorizedKeys, {
        otherPort: capturedOtherPort(),
        hostCertificates: capturedHostCertificates(),
      }),
    result => {
      const hostKeys = result.hostKeys.map(
        ({ type, fingerprint }) => `${fingerprint} (${type.toUpperCase()})`,
      );
      updateStatus({ hostKeys });
      for (const key of hostKeys) log({ event: 'note', text: `host key ${key}` });
    },
  );
}

/** What was reached counts also when it was not all: such errors carry the result as their cause. */
async function keepResult<T extends object>(
  work: () => Promise<T>,
  keep: (result: T) => void,
): Promise<void> {
  try {
    keep(await work());
  } catch (thrown) {
    if (thrown instanceof DabeiError && isResult<T>(thrown.cause)) keep(thrown.cause);
    throw thrown;
  }
}

function isResult<T extends object>(cause: unknown): cause is T {
  return typeof cause === 'object' && cause !== null && 'warnings' in cause;
}

/** Measures the machine and decides everything; the last stage that changes nothing. */
export async function plan(session: Session): Promise<void> {
  const { facts, plan } = await planInstallation(configOf(session), session.network?.unreachable);
  Object.assign(session, { facts, plan });
  updateStatus({ beginning: plan.beginning });
  for (const text of plan.summary) log({ event: 'note', text });
  for (const text of plan.warnings) log({ event: 'warning', text });
}

/**
 * What an installation of this configuration does on this machine.
 * @param unreachableAtStart gateways that did not answer just now; by hand those that are noted are asked again
 */
export async function planInstallation(
  config: Config,
  unreachableAtStart?: readonly string[],
): Promise<{ facts: Facts; plan: Plan }> {
  const unreachable =
    unreachableAtStart ?? (await stillSilent(config.network, readStatus()?.unreachableGateways));
  const refusals = [
    unreachableGateways(config.network, unreachable),
    lockoutRefusal(config, clock.epochSeconds()),
  ].filter(refusal => refusal !== null);
  if (refusals.length > 0) throw new Refusals(refusals);
  return measureAndPlan(withHostKeys(config));
}

/** The installed system keeps the host keys that this one shows, also when they were made here. */
function withHostKeys(config: Config): Config {
  if (config.ssh.hostKeys.length > 0) return config;
  return { ...config, ssh: { ...config.ssh, hostKeys: readHostKeys() } };
}

/** A stage that only does what the plan says. */
export function carryOut(name: PlannedStage): (session: Session) => Promise<void> {
  return async session => executeSteps(planned(session, name).plan.stages[name]);
}

function planned({ facts, plan }: Session, doing: PlannedStage): { facts: Facts; plan: Plan } {
  if (facts === undefined || plan === undefined)
    throw new DabeiError('INTERNAL', { doing, problem: 'there is no plan' });
  return { facts, plan };
}

/** From here on the disks are not what they were. They are looked at once more: planning and evaluating take time. */
export async function nukeDisk(session: Session): Promise<void> {
  const { facts, plan } = planned(session, 'nuke-disk');
  recheckDisks(configOf(session), facts, plan.members, await readDisks());
  await carryOut('nuke-disk')(session);
}

/** Nothing to install, or nothing more to do: says how to get in. */
export async function rescue(session: Session): Promise<void> {
  log({ event: 'note', text: `${formatBytes(availableMemoryBytes())} of RAM are free` });
  tellWaysIn(session);
}

/** How to get in, in the log, and at every console that gives no shell. */
export function tellWaysIn(session: Session): void {
  const ways = waysIn(session);
  for (const text of ways) log({ event: 'note', text });
  tellConsoles([...ways, ...(readStatus()?.hostKeys ?? []).map(key => `host key ${key}`)]);
}

/** "ssh root@192.0.2.7", for each address that others can reach. */
export function waysIn({ network, resolution }: Session, port = resolution.reachability.ssh.port): string[] {
  const hosts = Object.values(network?.addresses ?? {}).flatMap(addresses => addresses.map(withoutPrefix));
  return hosts.map(host => `ssh ${port === 22 ? '' : `-p ${port} `}root@${host}`);
}

function withoutPrefix(address: string): string {
  return address.split('/')[0] ?? address;
}

function configOf({ resolution }: Session): Config {
  if (resolution.config !== null) return resolution.config;
  throw new DabeiError('INTERNAL', { doing: 'planning', problem: 'the configuration was refused' });
}
