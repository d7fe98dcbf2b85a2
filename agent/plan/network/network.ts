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

/** The plan for the network, from the configuration and the present interfaces. Pure. */

export interface NetworkPlan {
  /** Arguments of modprobe(8), one list per module, for bonds, VLANs and bridges. */
  modules: (readonly string[])[];
  /** Lines for `ip -force -batch -` (ip(8)) that create missing bonds, VLANs and bridges. They must run before `batch`. */
  create: string[];
  /** Lines for `ip -force -batch -`: links up, then addresses, then routes. Repeating a line is harmless. */
  batch: string[];
  /** Lines for `ip -4|-6 -force -batch -`. A repeated line fails with "File exists". */
  rules: PlannedRules;
  /** Names of the links that are brought up. */
  links: string[];
  /** The routes of the batch, as data. */
  routes: PlannedRoute[];
  /** Names of links that request addresses by DHCPv4. */
  dhcp: string[];
  /** DHCP client identifiers of links that do not use their MAC address: "none" or hexadecimal digits. By name. */
  clientIds: Record<string, string>;
  /** Which parts of leases to use, and which address to request again, by name. dabei uses everything that is not excluded. */
  leases: Record<string, LeasePreferences>;
  /** Which parts of router advertisements to use, by name. */
  advertisements: Record<string, Preferences>;
  /** Names of links that accept router advertisements. */
  acceptRa: string[];
  /** Names of links that must ignore router advertisements; set this before the links are up. */
  refuseRa: string[];
  /** Names of links whose MTU the configuration sets: they ignore DHCP's. */
  fixedMtu: string[];
  /** Gateways of the configured default routes. If none answers, dabei applies `fallbackPlan`. */
  gateways: GatewayCheck[];
  /** Addresses of gateways whose interface this machine does not have. */
  missingGateways: string[];
  /** The configuration asks for what this plan does. Otherwise the installed system will do something else. */
  isConfigured: boolean;
  /** Contents of resolv.conf(5) from the configuration alone; empty if it has neither servers nor search domains. */
  resolvConf: string;
  warnings: string[];
  /** The configuration has an address. Link-local ones do not count if a link also uses DHCP or router advertisements. */
  static: boolean;
  /** Bonds and bridges, with the members and the addresses of each, for `tearApart`. */
  joined: { name: string; members: string[]; addresses: AddressConfig[] }[];
}

/**
 * Plans a configured network.
 *
 * It finds an interface by permanent MAC address, else by name; between two links with the same MAC address, only the name
 * decides. A gateway outside the networks of its link gets `onlink`.
 *
 * If the configuration requests no address on any present link, the plan brings every link up, and uses DHCP and router
 * advertisements on the links with carrier. The kernel knows the carrier only of links that are up: plan again after that.
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
    return {
      ...listenEverywhere(links),
      resolvConf,
      missingGateways: gatewaysOfMissing(config, matching),
      isConfigured: config.interfaces.length === 0,
      warnings: [...warnings, ...more],
    };
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
  // Gateways of default routes in other tables count only if the main table has no default route with a gateway.
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
    isConfigured: true,
    resolvConf,
    warnings,
    // A link-local address does not replace a lease: dabei still waits for the lease.
    static: addresses.some(address => !dynamic || !isLinkLocal(address)),
    joined: matches
      .filter(({ wanted }) => wanted.bond ?? wanted.bridge)
      .map(({ link, below }) => ({ name: link.name, members: below, addresses: addressesOf(link.name) })),
  };
}

function asks(wanted: InterfaceConfig): boolean {
  return wanted.addresses.length > 0 || wanted.dhcp !== false || wanted.acceptRa !== false;
}

/**
 * Brings every link up, and uses DHCP and router advertisements on the links with carrier, and on wireless cards: they have one as soon as
 * iwd has joined a network, which may be late.
 */
function listenEverywhere(links: readonly Link[]): NetworkPlan {
  const usable = links.filter(link => link.master === undefined);
  const listening = names(usable.filter(link => link.carrier || link.wireless === true));
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
    isConfigured: true,
    resolvConf: '',
    warnings: [],
    static: false,
    joined: [],
  };
}

/** The configured links and the links below them, each after the links below it. */
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
 * The plan if no configured gateway answers: every link up, DHCP and router advertisements on the links with carrier, which
 * include bonds, VLANs and bridges. Static addresses stay. The configured default routes stay, too, with a higher metric than all
 * dynamic ones: a switch port may forward nothing for 30 s after the link comes up (IEEE 802.1D, forward delay), so the gateway may
 * still answer later.
 */
export function fallbackPlan(
  links: readonly Link[],
  plan: Pick<NetworkPlan, 'routes'>,
): Pick<NetworkPlan, 'batch' | 'dhcp' | 'acceptRa'> {
  const { batch, dhcp, acceptRa } = listenEverywhere(links);
  return { batch: [...batch, ...demote(plan.routes, plan.routes.flatMap(gatewaysOf))], dhcp, acceptRa };
}

/**
 * The last resort: removes bonds and bridges, and requests addresses on every card. A bond may have chosen a card whose switch has
 * no uplink, which the bond cannot detect. Static addresses move to the first member with carrier, else to the first member. The
 * kernel removes VLANs on a bond together with the bond; VLANs on a card stay.
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

/** Contents of resolv.conf(5). glibc uses only the first three servers, and only the last "search" line. */
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
