import { asRefusal } from '../config/report.ts';
import type { Resolution } from '../config/resolve.ts';
import { isSameNetwork } from '../config/schema/same-network.ts';
import type { Config } from '../config/schema.ts';
import { asDabeiError, DabeiError, reasonsOf, Refusals } from '../errors.ts';
import { tellConsoles } from '../console/apply.ts';
import type { Facts } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { readDisks } from '../host/machine/disks.ts';
import { capturedHostCertificates, capturedOtherPort } from '../host/old-system/captured.ts';
import { readRescuedMachine } from '../host/old-system/rescued-machine.ts';
import { availableMemoryBytes } from '../host/machine/facts.ts';
import { readLinks } from '../host/machine/links.ts';
import { readStatus, updateStatus } from '../host/status.ts';
import { formatBytes } from '../format.ts';
import { recheckDisks } from '../plan/disks/recheck.ts';
import { releaseWarnings } from '../plan/host-flake/release-warning.ts';
import { lockoutRefusal } from '../plan/preflight/login.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { flakeDirectory, targetRoot } from '../plan/target.ts';
import { absentInterfaces } from '../plan/network/absent-interfaces.ts';
import { unreachableGateways } from '../plan/network/unreachable-gateways.ts';
import { changeNetwork } from './change-network.ts';
import { fetchConfig } from './fetch/config-url.ts';
import { learnMetadata } from './fetch/metadata.ts';
import { takeGivenTime } from './fetch/time.ts';
import { checkLayout, checkScript } from './disko.ts';
import { executeSteps } from './execute.ts';
import { stillSilent } from './gateways.ts';
import { measureAndPlan } from './measure.ts';
import { bringUpNetwork, type NetworkResult } from './network.ts';
import type { Session, Stage } from './sequence.ts';
import { readHostKeys } from './host-keys.ts';
import { startSsh } from './ssh.ts';
import { prepareStore } from './store.ts';
import { joinNetworks } from './wifi/join.ts';

/** The stages, one function each: they read their input from the session, and store their results there. */

/** Reports all problems of the configuration before any other stage. */
export async function config({ log }: Doors, { resolution, told }: Session): Promise<void> {
  for (const text of resolution.notes) {
    if (told?.has(text)) continue;
    told?.add(text);
    log({ event: 'note', text });
  }
  if (resolution.problems.length > 0) throw new Refusals(resolution.problems.map(asRefusal));
}

/** Fetches the configuration that `configUrl` names; the stages that follow are those that it asks for. */
export async function configUrl(doors: Doors, session: Session): Promise<void> {
  await fetchConfig(doors, session);
}

/** Asks the provider's metadata; what it gives counts in the stages that follow. */
export async function metadata(doors: Doors, session: Session): Promise<void> {
  await learnMetadata(doors, session);
}

/** Sets the running system's host name and machine id, if configured; nothing important depends on them. */
function takeName({ files, log }: Doors, { reachability, origins }: Resolution): void {
  const { hostName, machineId } = reachability;
  try {
    if ((origins['hostName'] ?? 'built-in') !== 'built-in')
      files.writeKernelFile('/proc/sys/kernel/hostname', hostName.split('.')[0]!);
    if (machineId !== undefined) files.writeAtomic('/etc/machine-id', `${machineId}\n`, 0o444);
  } catch (thrown) {
    log({ event: 'warning', text: asDabeiError(thrown, 'setting the host name').message });
  }
}

/** Sets the clock to the time that the operator gave, if somebody did: receivers of reports and caches have certificates, too. */
async function takeTime(doors: Doors, { learn }: Resolution): Promise<void> {
  try {
    await takeGivenTime(doors, learn.timeSeconds);
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, 'setting the clock').message });
  }
}

export async function network(doors: Doors, session: Session): Promise<void> {
  takeName(doors, session.resolution);
  await takeTime(doors, session.resolution);
  const { network, hostName } = session.resolution.reachability;
  const before = session.networkAsBroughtUp;
  session.networkAsBroughtUp = network;
  // A configuration that arrived over the network may leave it as it is.
  if (before !== undefined && isSameNetwork(before, network)) return;
  const notJoined = await joinNetworks(doors, network);
  const unjoined = notJoined === null ? [] : reasonsOf(notJoined);
  const keep = (result: NetworkResult) => {
    const warnings = [...result.warnings, ...unjoined.map(({ message }) => message)];
    session.network = { ...result, warnings };
    updateStatus(doors, {
      addresses: result.addresses,
      unreachableGateways: result.unreachable,
      warnings: [...session.resolution.notes, ...warnings],
    });
    for (const [link, addresses] of Object.entries(result.addresses)) {
      if (addresses.length > 0)
        doors.log({ event: 'note', text: `${link}: ${addresses.join(' ')} (${result.via})` });
    }
  };
  try {
    await keepResult(
      () =>
        before === undefined
          ? bringUpNetwork(doors, network, { hostName })
          : changeNetwork(doors, before, network, { hostName }),
      keep,
    );
  } catch (thrown) {
    if (unjoined.length === 0) throw thrown;
    throw new Refusals([...unjoined, ...reasonsOf(asDabeiError(thrown, 'bringing the network up'))]);
  }
  // The machine is reachable in another way.
  for (const { message } of unjoined) doors.log({ event: 'warning', text: message });
}

export async function ssh(doors: Doors, session: Session): Promise<void> {
  if (session.resolution.mode === 'rescue') await prepareStore(doors);
  const { ssh, rootAuthorizedKeys } = session.resolution.reachability;
  await keepResult(
    () =>
      startSsh(doors, ssh, rootAuthorizedKeys, {
        otherPort: capturedOtherPort(doors),
        hostCertificates: capturedHostCertificates(doors),
      }),
    result => {
      const hostKeys = result.hostKeys.map(
        ({ type, fingerprint }) => `${fingerprint} (${type.toUpperCase()})`,
      );
      updateStatus(doors, { hostKeys, sshPort: result.port });
      for (const key of hostKeys) doors.log({ event: 'note', text: `host key ${key}` });
    },
  );
}

/** Uses a partial result, too: errors that have one carry it as their cause. */
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

/** Measures the machine and makes the plan, unless somebody has confirmed one; the last stage that changes nothing. */
export async function plan(doors: Doors, session: Session): Promise<void> {
  const { facts, plan } =
    confirmed(session) ?? (await planInstallation(doors, configOf(session), session.network?.unreachable));
  Object.assign(session, { facts, plan });
  updateStatus(doors, { beginning: plan.beginning });
  for (const text of plan.summary) doors.log({ event: 'note', text });
  for (const text of plan.warnings) doors.log({ event: 'warning', text });
}

function confirmed({ facts, plan }: Session): { facts: Facts; plan: Plan } | null {
  return facts === undefined || plan === undefined ? null : { facts, plan };
}

/**
 * Plans the installation of this configuration on this machine.
 * @param unreachableAtStart gateways that did not answer just now; if a user starts the installation, dabei asks the noted ones
 *   again
 */
export async function planInstallation(
  doors: Doors,
  config: Config,
  unreachableAtStart?: readonly string[],
): Promise<{ facts: Facts; plan: Plan }> {
  const now = doors.clock.epochSeconds();
  const unreachable =
    unreachableAtStart ?? (await stillSilent(doors, config.network, readStatus(doors)?.unreachableGateways));
  const isGiven = config.network.interfaces.length > 0;
  const refusals = [
    isGiven ? absentInterfaces(config.network, await readLinks(doors)) : null,
    unreachableGateways(config.network, unreachable),
    lockoutRefusal(config, now),
  ].filter(refusal => refusal !== null);
  if (refusals.length > 0) throw new Refusals(refusals);
  const { facts, plan } = await measureAndPlan(doors, withHostKeys(doors, config));
  return { facts, plan: { ...plan, warnings: [...plan.warnings, ...releaseWarnings(config, now)] } };
}

/** The installed system keeps the host keys of this system, even if dabei generated them. */
function withHostKeys(doors: Doors, config: Config): Config {
  if (config.ssh.hostKeys.length > 0) return config;
  return { ...config, ssh: { ...config.ssh, hostKeys: readHostKeys(doors) } };
}

/** A stage that only executes its part of the plan. */
export function carryOut(name: PlannedStage): Stage['run'] {
  return async (doors, session) => executeSteps(doors, planned(session, name).plan.stages[name]);
}

function planned({ facts, plan }: Session, doing: PlannedStage): { facts: Facts; plan: Plan } {
  if (facts === undefined || plan === undefined)
    throw new DabeiError('INTERNAL', { doing, problem: 'there is no plan' });
  return { facts, plan };
}

/** In RAM: whatever can be known of the system before a disk is touched; with its own layout, which disks that is. */
export async function evaluate(doors: Doors, session: Session): Promise<void> {
  const { facts, plan } = planned(session, 'evaluate');
  await carryOut('evaluate')(doors, session);
  const { disks } = configOf(session);
  const keyFiles = (disks?.keyFiles ?? []).map(({ path }) => path);
  if (disks?.layout === 'disko') checkScript(doors, plan.members, facts.disks, keyFiles);
}

/** The first stage that changes disks. It examines them again first, because planning and evaluating take time. */
export async function nukeDisk(doors: Doors, session: Session): Promise<void> {
  const { facts, plan } = planned(session, 'nuke-disk');
  recheckDisks(configOf(session), facts, plan.members, await readDisks(doors));
  await carryOut('nuke-disk')(doors, session);
  if (configOf(session).disks?.layout === 'disko') checkLayout(doors, plan.members, await readDisks(doors));
}

/** Leaves the disks. What the machine reports of itself is read before. */
export async function finish(doors: Doors, session: Session): Promise<void> {
  try {
    session.runtimeInfo = doors.files.readText(`${targetRoot}${flakeDirectory}/runtime-info.json`);
  } catch {
    session.runtimeInfo = null;
  }
  await carryOut('finish')(doors, session);
}

/** Nothing to install, or nothing left to do: prints how to log in. */
export async function rescue(doors: Doors, session: Session): Promise<void> {
  doors.log({ event: 'note', text: `${formatBytes(availableMemoryBytes(doors))} of RAM are free` });
  // A machine's own rescue system is there to keep it.
  if (session.resolution.config?.disks === undefined && readRescuedMachine(doors) === null)
    doors.log({ event: 'note', text: '"dabei setup" installs: it asks what it has to know' });
  tellWaysIn(doors, session);
}

/** Prints how to log in, to the log and to every console without a shell. */
export function tellWaysIn(doors: Doors, session: Session): void {
  const { onion } = session;
  const ways = [...waysIn(session), ...(onion === undefined ? [] : [`ssh root@${onion.address}`])];
  for (const text of ways) doors.log({ event: 'note', text });
  tellConsoles(doors, [...ways, ...(readStatus(doors)?.hostKeys ?? []).map(key => `host key ${key}`)]);
}

/** "ssh root@192.0.2.7", for each address that other machines can reach. */
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
