import type { NetworkConfig } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';
import type { Link } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { planNetwork, type NetworkPlan } from '../plan/network/network.ts';
import { refuseAdvertisements } from './dynamic.ts';
import { limits } from './network-limits.ts';

/** Applies a planned network with ip(8) and modprobe(8). */

/** Nix's builds, sshd and the agent's own checks need it. */
export async function bringUpLoopback({ exec }: Doors): Promise<void> {
  await exec.run({
    doing: 'bringing the loopback interface up',
    argv: ['ip', 'link', 'set', 'dev', 'lo', 'up'],
    timeoutSeconds: 10,
  });
}

/** Waits for all cards selected by MAC address: some drivers take seconds, and a plan made without a card omits it. */
async function waitForLinks(
  { clock }: Doors,
  config: NetworkConfig,
  links: () => Promise<Link[]>,
): Promise<Link[]> {
  const wanted = config.interfaces.flatMap(({ mac, bond, vlan, bridge }) =>
    mac === undefined || bond || vlan || bridge ? [] : [mac.toLowerCase()],
  );
  let present: Link[] = [];
  const found = await clock.poll(
    async () => {
      present = await links();
      const isComplete = wanted.every(mac => present.some(link => link.mac === mac));
      return present.length > 0 && isComplete ? present : null;
    },
    limits.link,
    0.25,
  );
  if (found !== null || present.length > 0) return present;
  throw new DabeiError('NETWORK_NO_LINK', {
    doing: 'looking for network interfaces',
    problem: `no interface appeared within ${limits.link} s`,
    remedy:
      'this image may have no driver for the network card: look for its modalias below /sys/bus/*/devices',
  });
}

/**
 * Applies the plan for the current links, waits for a carrier, and applies the plan again for the links as they are then:
 * carriers may decide which link a selector matches, and the kernel may have refused a command for lack of a carrier.
 */
export async function applyPlan(
  doors: Doors,
  config: NetworkConfig,
  links: () => Promise<Link[]>,
  warn: (texts: readonly string[]) => void,
): Promise<NetworkPlan> {
  const before = planNetwork(config, await waitForLinks(doors, config, links));
  const undecided = before.links.length > 1 && config.interfaces.some(wanted => wanted.only);
  for (const module of before.modules) warn(await loadModule(doors, module));
  const failures = await applyBatch(doors, before.create);
  refuseAdvertisements(doors, undecided ? before.links : before.refuseRa);
  failures.push(...(await applyBatch(doors, before.batch)), ...(await applyRules(doors, before.rules)));
  const found = await doors.clock.poll(
    async () => (await links()).some(link => link.carrier && before.links.includes(link.name)) || null,
    limits.carrier,
    0.25,
  );
  if (undecided && found) await doors.clock.sleep(limits.otherCarriers);
  const plan = planNetwork(config, await links());
  warn(plan.warnings);
  const settled = failures.length === 0 && plan.batch.join('\n') === before.batch.join('\n');
  if (!settled) {
    warn([
      ...(await applyBatch(doors, plan.create)),
      ...(await applyBatch(doors, plan.batch)),
      ...(await applyRules(doors, plan.rules)),
    ]);
  }
  return plan;
}

async function loadModule({ exec }: Doors, module: readonly string[]): Promise<string[]> {
  const { exitCode, stderr } = await exec.attempt({
    doing: `loading the module ${module[0]}`,
    argv: ['modprobe', ...module],
    timeoutSeconds: 30,
  });
  return exitCode === 0 ? [] : [`the module ${module[0]} cannot be loaded: ${stderr.trim()}`];
}

async function applyRules(doors: Doors, rules: NetworkPlan['rules']): Promise<string[]> {
  const failures = [
    ...(await applyBatch(doors, rules[4], '-4')),
    ...(await applyBatch(doors, rules[6], '-6')),
  ];
  // The kernel cannot replace rules; an existing one is the desired one.
  return failures.filter(failure => !failure.endsWith('File exists'));
}

/** Passes all lines to ip(8), which continues after a failed line. @returns the failed lines, each with the reason */
export async function applyBatch(
  { exec }: Doors,
  batch: readonly string[],
  ...options: readonly string[]
): Promise<string[]> {
  if (batch.length === 0) return [];
  const { stderr, exitCode } = await exec.attempt({
    doing: 'configuring the network',
    argv: ['ip', ...options, '-force', '-batch', '-'],
    stdin: batch.map(line => `${line}\n`).join(''),
    timeoutSeconds: 30,
  });
  return exitCode === 0 ? [] : batchFailures(batch, stderr);
}

/** Parses the errors of `ip -force -batch -`: the reason, then "Command failed -:LINE" (iproute2, lib/utils.c). */
export function batchFailures(batch: readonly string[], stderr: string): string[] {
  const failures: string[] = [];
  let reason = '';
  for (const text of stderr.split('\n')) {
    const line = /^Command failed -:(\d+)$/.exec(text.trim())?.[1];
    if (line === undefined) {
      reason = text.trim() || reason;
    } else {
      failures.push(`ip ${batch[Number(line) - 1]}: ${reason || 'refused'}`);
      reason = '';
    }
  }
  return failures.length > 0 ? failures : [`ip -batch: ${stderr.trim()}`];
}
