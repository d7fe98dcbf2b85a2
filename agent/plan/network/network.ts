import type { AddressConfig, InterfaceConfig, NetworkConfig } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';
import { isLinkLocal, renderAddresses } from './addresses.ts';
import { bringUpLines, creationLines, modulesFor } from './links-batch.ts';
import { matchLinks, type Match, type Matching } from './match-links.ts';
import {
  advertisementPreferences,
  leasePreferences,
  type LeasePreferences,
  type Preferences,
} from './preferences.ts';
import {
  arrange,
  demote,
  gatewaysOf,
  isDefault,
  isIPv6Address,
  isMainDefault,
  planRoutes,
  renderRoute,
  type GatewayCheck,
  type PlannedRoute,
} from './routes.ts';
import { planRules, type PlannedRules } from './rules.ts';
import { gatewaysOfMissing } from './unreachable-gateways.ts';

/** What will be done to the network: pure, from the configuration and the interfaces that are there. */

export interface NetworkPlan {
  /** Arguments of modprobe(8), one list a module: for links that are made. */
  modules: (readonly string[])[];
  /** Lines for `ip -force -batch -` (ip(8)) that make the bonds, VLANs and bridges that are not there; before `batch`. */
  create: string[];
  /** Lines for `ip -force -batch -`: links up, then addresses, then routes. Each may be repeated harmlessly. */
  batch: string[];
  /** Lines for `ip -4|-6 -force -batch -`; when repeated, each says "File exists". */
  rules: PlannedRules;
  /** Names of the links that are brought up. */
  links: string[];
  /** The routes of the batch, as data. */
  routes: PlannedRoute[];
  /** Names of links on which DHCPv4 is asked for. */
  dhcp: string[];
  /** How links name themselves to DHCP servers, where not by their MAC address: "none" or hexadecimal digits. */
  clientIds: Record<string, string>;
  /** What links take of leases, and which address they ask for again. By name; all that is not said is taken. */
  leases: Record<string, LeasePreferences>;
  /** The same of router advertisements. */
  advertisements: Record<string, Preferences>;
  /** Names of links that configure themselves by router advertisements. */
  acceptRa: string[];
  /** Names of links that must not; to be set before they are up. */
  refuseRa: string[];
  /** Names of links whose MTU is given, so that DHCP's does not matter. */
  fixedMtu: string[];
  /** Gateways of the configured default routes. One of them must answer, else `fallbackPlan` is done. */
  gateways: GatewayCheck[];
  /** Addresses of those whose interface is not here. */
  missingGateways: string[];
  /** Contents for /etc/resolv.conf from the configuration alone (resolv.conf(5)); empty when it names no server. */
  resolvConf: string;
  warnings: string[];
  /** At least one address is given by the configuration. */
  static: boolean;
  /** Bonds and bridges, with the members and the addresses of each: what `tearApart` needs. */
  joined: { name: string; members: string[]; addresses: AddressConfig[] }[];
}

/**
 * Plans a configured network.
 *
 * An interface is found by permanent MAC, else by name; two links of the same MAC are not guessed between. A gateway
 * that no address of its link covers gets `onlink`.
 *
 * With nothing configured, or nothing that exists here, every link is brought up, with DHCP and router advertisements
 * on those with carrier. Carrier is known only for links that are up: plan again after that.
 */
export function planNetwork(config: NetworkConfig, links: readonly Link[]): NetworkPlan {
  const warnings: string[] = [];
  const matching = matchLinks(config, links, warnings);
  const { matches } = matching;
  const dns = [config.dns, ...matches.map(({ wanted }) => wanted.dns)];
  const resolvConf = renderResolvConf({
    servers: dns.flatMap(each => each?.servers ?? []),
    search: dns.flatMap(each => each?.search ?? []),
  });
  if (!matches.some(({ wanted }) => asks(wanted))) {
    const more =
      config.interfaces.length > 0
        ? ['the configuration gives no address to any present interface: asking for DHCP on all']
        : [];
    return { ...listenEverywhere(links), resolvConf, warnings: [...warnings, ...more] };
  }
  const used = usedLinks(matches, links);
  const of = (name: string) => matches.filter(({ link }) => link.name === name).map(({ wanted }) => wanted);
  const addressesOf = (name: string) => of(name).flatMap(wanted => wanted.addresses);
  const withWish = (wish: (wanted: InterfaceConfig) => boolean) =>
    names(used.filter(({ name }) => of(name).some(wish)));
  const acceptRa = withWish(wanted => wanted.acceptRa !== false);
  const dhcp = withWish(wanted => wanted.dhcp !== false);
  for (const { name } of used) {
    const mtu = of(name).find(wanted => wanted.mtu !== undefined)?.mtu;
    if (mtu !== undefined && mtu < 1280 && addressesOf(name).some(isIPv6Address)) {
      warnings.push(`${name}: an MTU of ${mtu} disables IPv6, which needs 1280 (RFC 8200, 5)`);
    }
  }
  const routes = plannedRoutes(config, matching, used, addressesOf, warnings);
  const rules = planRules(config.rules, matching.nameOf, warnings);
  const addresses = used.flatMap(({ name }) => addressesOf(name));
  const dynamic = dhcp.length > 0 || acceptRa.length > 0;
  if (addresses.length > 0 && !routes.some(isDefault) && !dynamic) warnings.push('there is no default route');
  if (resolvConf === '' && !dynamic) warnings.push('no DNS server is given: names cannot be resolved');
  // Other tables have default routes of their own; what they lead to counts only where nothing else is to be asked.
  const mainDefaults = routes.filter(isMainDefault).flatMap(gatewaysOf);
  return {
    modules: modulesFor(matches),
    create: creationLines(matches),
    batch: [
      ...bringUpLines(
        used.map(link => ({ link, matches: matches.filter(match => match.link.name === link.name) })),
        links,
      ),
      ...used.flatMap(({ name }) => renderAddresses(addressesOf(name), name)),
      ...routes.map(route => `route replace ${renderRoute(route)}`),
    ],
    rules,
    links: names(used),
    routes,
    dhcp,
    clientIds: clientIds(matches),
    leases: leasePreferences(matches, links),
    advertisements: advertisementPreferences(matches),
    acceptRa,
    refuseRa: names(used).filter(name => !acceptRa.includes(name)),
    fixedMtu: withWish(wanted => wanted.mtu !== undefined),
    gateways: unique(mainDefaults.length > 0 ? mainDefaults : routes.filter(isDefault).flatMap(gatewaysOf)),
    missingGateways: gatewaysOfMissing(config, matching),
    resolvConf,
    warnings,
    // A link-local address says nothing of whether a lease is to be waited for.
    static: addresses.some(address => !dynamic || !isLinkLocal(address)),
    joined: matches
      .filter(({ wanted }) => wanted.bond ?? wanted.bridge)
      .map(({ link, below }) => ({ name: link.name, members: below, addresses: addressesOf(link.name) })),
  };
}

function asks(wanted: InterfaceConfig): boolean {
  return wanted.addresses.length > 0 || wanted.dhcp !== false || wanted.acceptRa !== false;
}

/** Every link up, and DHCP and router advertisements on those with carrier. */
function listenEverywhere(links: readonly Link[]): NetworkPlan {
  const usable = links.filter(link => link.master === undefined);
  const listening = names(usable.filter(link => link.carrier));
  return {
    modules: [],
    create: [],
    batch: usable.map(link => `link set dev ${link.name} up`),
    rules: { 4: [], 6: [] },
    links: names(usable),
    routes: [],
    dhcp: listening,
    clientIds: {},
    leases: {},
    advertisements: {},
    acceptRa: listening,
    refuseRa: [],
    fixedMtu: [],
    gateways: [],
    missingGateways: [],
    resolvConf: '',
    warnings: [],
    static: false,
    joined: [],
  };
}

/** The links that the configuration is about, and those that they lie on, each after what it lies on. */
function usedLinks(matches: readonly Match[], links: readonly Link[]): Link[] {
  const hardware = matches.filter(({ link }) => link.kind === undefined).map(({ link }) => link);
  const made = matches.filter(({ link }) => link.kind !== undefined).map(({ link }) => link);
  const below = matches.flatMap(match => match.below);
  const unnamed = links.filter(
    link => below.includes(link.name) && link.kind === undefined && !names(hardware).includes(link.name),
  );
  const all = [...hardware, ...unnamed, ...made];
  return all.filter((link, index) => all.findIndex(other => other.name === link.name) === index);
}

function plannedRoutes(
  config: NetworkConfig,
  { matches, nameOf }: Matching,
  used: readonly Link[],
  addressesOf: (link: string) => readonly AddressConfig[],
  warnings: string[],
): PlannedRoute[] {
  const context = { nameOf, addressesOf, warnings };
  return arrange([
    ...used.flatMap(({ name }) =>
      planRoutes(
        name,
        matches.filter(({ link }) => link.name === name).flatMap(({ wanted }) => wanted.routes),
        context,
      ),
    ),
    ...planRoutes(null, config.routes, context),
  ]);
}

function clientIds(matches: readonly Match[]): Record<string, string> {
  return Object.fromEntries(
    matches.flatMap(({ wanted: { dhcp }, link }) =>
      typeof dhcp === 'object' && dhcp.clientId !== 'mac' ? [[link.name, dhcp.clientId]] : [],
    ),
  );
}

/**
 * What is done when no configured gateway answers: every link up, DHCP and router advertisements on those with carrier.
 * Bonds, VLANs and bridges stay and are asked on, too. Static addresses stay. The configured default routes stay too,
 * behind everything that is learnt: a switch port may forward nothing for 30 s after the link comes up (IEEE 802.1D,
 * forward delay), and the gateway may yet answer.
 */
export function fallbackPlan(
  links: readonly Link[],
  plan: Pick<NetworkPlan, 'routes'>,
): Pick<NetworkPlan, 'batch' | 'dhcp' | 'acceptRa'> {
  const { batch, dhcp, acceptRa } = listenEverywhere(links);
  return { batch: [...batch, ...demote(plan.routes, plan.routes.flatMap(gatewaysOf))], dhcp, acceptRa };
}

/**
 * The last resort: bonds and bridges are taken apart, and every card is asked on by itself. A bond may have chosen the
 * one card whose switch leads nowhere, which it cannot see. Static addresses go to the first member with carrier.
 * VLANs on a bond are gone with it; those on a card stay.
 */
export function tearApart(
  links: readonly Link[],
  plan: Pick<NetworkPlan, 'joined'>,
): Pick<NetworkPlan, 'batch' | 'dhcp' | 'acceptRa'> & { torn: string[] } {
  const torn = plan.joined.filter(({ name }) =>
    links.some(link => link.name === name && link.kind !== undefined),
  );
  const cards = links.filter(link => link.kind === undefined);
  const free = cards.filter(({ master }) => master === undefined || torn.some(({ name }) => name === master));
  const firstOf = (members: readonly string[]) => {
    const own = cards.filter(({ name }) => members.includes(name));
    return (own.find(({ carrier }) => carrier) ?? own[0])?.name;
  };
  return {
    torn: torn.map(({ name }) => name),
    batch: [
      ...torn.map(({ name }) => `link del dev ${name}`).reverse(),
      ...free.map(({ name }) => `link set dev ${name} up`),
      ...torn.flatMap(({ members, addresses }) => {
        const first = firstOf(members);
        return first === undefined ? [] : renderAddresses(addresses, first);
      }),
    ],
    dhcp: names(free),
    acceptRa: names(free),
  };
}

/** Contents of resolv.conf(5). glibc asks the first three servers, and takes the last "search" line only. */
export function renderResolvConf(dns: NetworkConfig['dns']): string {
  const search = dns.search.flatMap(domains => domains.split(/\s+/)).filter(Boolean);
  return [
    ...(search.length > 0 ? [`search ${[...new Set(search)].join(' ')}\n`] : []),
    ...[...new Set(dns.servers)].map(server => `nameserver ${server}\n`),
  ].join('');
}

function unique(gateways: readonly GatewayCheck[]): GatewayCheck[] {
  return gateways.filter(
    ({ address, link }, index) =>
      gateways.findIndex(other => other.address === address && other.link === link) === index,
  );
}

function names(links: readonly Link[]): string[] {
  return links.map(link => link.name);
}
