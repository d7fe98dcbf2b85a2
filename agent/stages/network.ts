import type { NetworkConfig } from '../config/schema.ts';
import { asDabeiError, DabeiError } from '../errors.ts';
import type { Link } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { readAddresses, readGateways, readLinks, type Address } from '../host/machine/links.ts';
import { fallbackPlan, planNetwork, tearApart, type NetworkPlan } from '../plan/network/network.ts';
import { demote } from '../plan/network/routes.ts';
import { applyBatch, applyPlan, bringUpLoopback } from './apply-network.ts';
import { askForAddresses, learntFrom, watchNameServers, writeNameServers, type Asked } from './dynamic.ts';
import { waitForGateways } from './gateways.ts';
import { limits } from './network-limits.ts';

export interface NetworkOptions {
  /** The host name to send to DHCP servers (RFC 2132, 3.14). */
  hostName: string;
}

export interface NetworkResult {
  /** Addresses with prefix length, by link, without link-local ones. */
  addresses: Record<string, string[]>;
  /** The source of the addresses by which the machine is reachable. */
  via: 'static' | 'dhcp' | 'ra' | 'none';
  /** The configured gateways, if none answers and no other configured source works: the installed system would be unreachable. */
  unreachable: string[];
  warnings: string[];
}

/**
 * Brings the machine's network up as configured, and falls back to DHCP and router advertisements when no configured
 * gateway answers. Interfaces that are up stay up, even if this fails, and DHCP keeps retrying. After an unexpected error, dabei
 * first requests addresses on every interface, as if nothing was configured, and then throws the error.
 * @throws DabeiError NETWORK_NO_LINK, or NETWORK_UNREACHABLE with the NetworkResult as its cause; other errors have it as their
 *   cause if the requests on every interface helped
 */
export async function bringUpNetwork(
  doors: Doors,
  config: NetworkConfig,
  options: NetworkOptions,
): Promise<NetworkResult> {
  return orAskEverywhere(doors, config, given => bringUpConfigured(doors, given, options));
}

/** @param bringUp brings a network up as configured */
export async function orAskEverywhere<T extends object>(
  { log }: Doors,
  config: NetworkConfig,
  bringUp: (config: NetworkConfig) => Promise<T>,
): Promise<T> {
  try {
    return await bringUp(config);
  } catch (thrown) {
    const error = asDabeiError(thrown, 'bringing up the network as configured');
    if (error.code === 'NETWORK_NO_LINK' || error.code === 'NETWORK_UNREACHABLE') throw error;
    log({ event: 'warning', text: `${error.message}: asking for addresses on every interface` });
    const { code, doing, problem, remedy } = error;
    const cause = await bringUp({ ...config, interfaces: [], routes: [], rules: [] }).catch(
      (second: unknown) => asDabeiError(second, doing).cause,
    );
    throw new DabeiError(code, { doing, problem, ...(remedy === undefined ? {} : { remedy }), cause });
  }
}

async function bringUpConfigured(
  doors: Doors,
  config: NetworkConfig,
  options: NetworkOptions,
): Promise<NetworkResult> {
  const links = () => readLinks(doors);
  const warnings: string[] = [];
  const warn = (texts: readonly string[]) => {
    for (const text of texts) {
      if (warnings.includes(text)) continue;
      doors.log({ event: 'warning', text });
      warnings.push(text);
    }
  };
  const answer = async (via: NetworkResult['via'], unreachable: readonly string[] = []) => ({
    addresses: addressesByLink(await readAddresses(doors)),
    via,
    unreachable: [...unreachable],
    warnings,
  });

  await bringUpLoopback(doors);
  await watchNameServers(doors, config);
  const plan = await applyPlan(doors, config, links, warn);
  await writeNameServers(doors, plan.resolvConf, 'first');

  const ask = async (asked: Asked) =>
    warn(
      await askForAddresses(doors, asked, {
        hostName: options.hostName,
        fixedMtu: plan.fixedMtu,
        clientIds: plan.clientIds,
        leases: plan.leases,
        advertisements: plan.advertisements,
      }),
    );
  let asked: (links: readonly Link[]) => Asked = now => planNetwork(config, now);
  await ask(asked(await links()));

  const isDynamic = plan.dhcp.length + plan.acceptRa.length > 0;
  const gateways = [...plan.gateways.map(({ address }) => address), ...plan.missingGateways];
  if (plan.gateways.length > 0 || (gateways.length > 0 && !isDynamic)) {
    const answered = await waitForGateways(doors, plan.gateways, limits.gateway);
    const mute = plan.gateways.filter(gateway => !answered.includes(gateway));
    warn(mute.map(({ address, link }) => `the gateway ${address} on ${link} does not answer`));
    if (answered.length > 0) {
      warn(await applyBatch(doors, demote(plan.routes, mute)));
      return answer('static');
    }
    warn([
      `no configured gateway answers within ${limits.gateway} s: asking for DHCP and router advertisements`,
    ]);
    warn(await applyBatch(doors, fallbackPlan(await links(), plan).batch));
    await writeNameServers(doors, plan.resolvConf, 'last');
    asked = now => fallbackPlan(now, plan);
  } else if (plan.static && !isDynamic) {
    return answer('static');
  }

  const learn = async () => {
    const via = await waitForAddress(doors, async () => {
      // Links that have gained a carrier since then take part, too.
      const wanted = asked(await links());
      await ask(wanted);
      return wanted;
    });
    if (via === null) return null;
    const learnt = await readGateways(doors);
    const answered = await waitForGateways(doors, learnt, limits.learntGateway, 1);
    if (answered.length === 0) warn(learnt.map(({ address }) => `the gateway ${address} does not answer`));
    const late = await waitForGateways(doors, plan.gateways, limits.lateGateway, 1);
    const isAsked = plan.isConfigured && (via === 'dhcp' ? plan.dhcp : plan.acceptRa).length > 0;
    return answer(via, isAsked || late.length > 0 ? [] : gateways);
  };
  const learnt = await learn();
  if (learnt !== null) return learnt;
  if (plan.static && plan.gateways.length === 0) return answer('static', gateways);
  // A switch port may take 30 s until it forwards (IEEE 802.1D, forward delay): the addresses are still set.
  const late = await waitForGateways(doors, plan.gateways, limits.lateGateway, 1);
  if (late.length > 0) {
    const mute = plan.gateways.filter(gateway => !late.includes(gateway));
    warn(await applyBatch(doors, demote(plan.routes, mute)));
    await writeNameServers(doors, plan.resolvConf, 'first');
    return answer('static');
  }
  const apart = tearApart(await links(), plan);
  if (apart.torn.length > 0) {
    warn([`no connectivity via ${apart.torn.join(' and ')}: trying each member separately`]);
    warn(await applyBatch(doors, apart.batch));
    asked = now => tearApart(now, plan);
    const learntApart = await learn();
    if (learntApart !== null) return learntApart;
  }
  const present = await links();
  await applyBatch(doors, fallbackPlan(present, { routes: [] }).batch);
  const everyLink = present.filter(link => link.master === undefined).map(link => link.name);
  await ask({ dhcp: everyLink, acceptRa: everyLink });
  throw unreachable(plan, present, await answer('none', gateways));
}

/** @param ask makes all suitable links request addresses, and returns these links */
async function waitForAddress(doors: Doors, ask: () => Promise<Asked>): Promise<'dhcp' | 'ra' | null> {
  const { clock } = doors;
  let since: number | null = null;
  const found = await clock.poll(
    async () => {
      const { dhcp } = await ask();
      const via = learntFrom(doors, await readAddresses(doors));
      if (via !== 'ra' || dhcp.length === 0) return via;
      since ??= clock.uptimeSeconds();
      return clock.uptimeSeconds() - since >= limits.leaseAfterRa ? via : null;
    },
    limits.address,
    0.5,
  );
  return found ?? (since === null ? null : 'ra');
}

function unreachable(plan: NetworkPlan, links: readonly Link[], result: NetworkResult): DabeiError {
  const dark = links.every(link => !link.carrier);
  const gateways = plan.gateways.map(({ address }) => address).join(', ');
  const offers = dark
    ? `no interface has a carrier (${links.map(link => link.name).join(', ')})`
    : `no DHCP server and no router offered an address within ${limits.address} s`;
  return new DabeiError('NETWORK_UNREACHABLE', {
    doing: 'bringing the network up',
    problem: gateways === '' ? offers : `no configured gateway answers (${gateways}), and ${offers}`,
    remedy: `check ${dark ? 'cable and switch port' : 'addresses, VLAN and switch port'}; DHCP keeps retrying`,
    cause: result,
  });
}

function addressesByLink(addresses: readonly Address[]): Record<string, string[]> {
  const byLink: Record<string, string[]> = {};
  for (const { link, address } of addresses) {
    if (!address.startsWith('fe80:')) (byLink[link] ??= []).push(address);
  }
  return byLink;
}
