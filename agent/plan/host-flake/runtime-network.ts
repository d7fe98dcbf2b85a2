import { isIP } from 'node:net';
import { routeRows, type RouteAttributeName } from '../../config/schema/route-attributes.ts';
import type { AddressConfig, InterfaceConfig, NetworkConfig } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';
import { matchLinks, type Match, type Matching } from '../network/match-links.ts';
import { planNetwork } from '../network/network.ts';
import { isDefault, type PlannedRoute } from '../network/routes.ts';
import { ruleFamily, withPriorities } from '../network/rules.ts';
import type {
  RuntimeAddress,
  RuntimeInterface,
  RuntimeNetwork,
  RuntimeRoute,
  RuntimeRule,
} from './runtime-types.ts';
import { needsNetworkd } from './scripted-network.ts';

export function runtimeNetwork(config: NetworkConfig, links: readonly Link[]): RuntimeNetwork {
  const plan = planNetwork(config, links);
  const matching = matchLinks(config, links, []);
  const { matches } = matching;
  const dns = { servers: unique(config.dns.servers), search: unique(config.dns.search) };
  const asks = matches.some(
    ({ wanted }) => wanted.addresses.length > 0 || wanted.dhcp !== false || wanted.acceptRa !== false,
  );
  // Without interfaces, the host flake uses DHCP and router advertisements everywhere, like the plan.
  if (!asks) return { interfaces: [], dns, needsNetworkd: false };
  const finalName = nameChooser(matching, links);
  const called = namesInUse(config, plan.routes, matching);
  const used = plan.links.map(
    name => matches.find(({ link }) => link.name === name)?.link ?? links.find(link => link.name === name)!,
  );
  // networkd's units belong to interfaces. Rules, and routes of no interface, are in the unit of the first interface that can have
  // some; a route with several next hops is in the unit of its first one.
  const free = used.filter(
    link => !matches.some(({ below, wanted }) => !wanted.vlan && below.includes(link.name)),
  );
  const host = (free.find(({ name }) => name !== 'lo') ?? free[0])?.name;
  const interfaces = used.map((link): RuntimeInterface => {
    const own = matches.filter(match => match.link.name === link.name);
    const wanted = own.map(match => match.wanted);
    const over = matches.filter(({ below }) => below.includes(link.name));
    const bond = over.find(match => match.wanted.bond);
    const clientId = plan.clientIds[link.name];
    const routes = plan.routes.filter(
      route => (route.link ?? route.nexthops?.[0]?.link ?? host) === link.name,
    );
    return {
      kind: link.name === 'lo' ? 'loopback' : (link.kind ?? 'physical'),
      mac: link.kind === undefined && link.name !== 'lo' ? link.mac : null,
      name: finalName(link.name),
      keepName: called.has(link.name) && link.kind === undefined && link.name !== 'lo',
      driver: link.driver,
      macAddress: firstOf(wanted, each => each.macAddress) ?? inheritedMac(link.name, matches, links),
      mtu: firstOf(wanted, ({ mtu }) => mtu),
      bond: bond?.link.name ?? null,
      primary: bond?.primary === link.name,
      bridge: over.find(match => match.wanted.bridge)?.link.name ?? null,
      vlans: over.filter(match => match.wanted.vlan).map(match => match.link.name),
      options: optionsOf(own),
      addresses: uniqueAddresses(wanted.flatMap(({ addresses }) => addresses)),
      routes: routes.map(route => runtimeRoute(route, finalName)),
      rules: link.name === host ? runtimeRules(config, matching, finalName) : [],
      dhcp: plan.dhcp.includes(link.name),
      clientId: clientId === undefined ? 'mac' : fromClientId(clientId),
      acceptRa: plan.acceptRa.includes(link.name),
      lease: plan.dhcp.includes(link.name) ? without(plan.leases[link.name] ?? {}, 'address') : null,
      advertisements: plan.acceptRa.includes(link.name) ? (plan.advertisements[link.name] ?? {}) : null,
      requiredForOnline: firstOf(wanted, each => each.requiredForOnline),
      dns: firstOf(wanted, each => each.dns),
    };
  });
  return { interfaces, dns, needsNetworkd: needsNetworkd(interfaces) };
}

/**
 * The MAC address that the kernel would assign: to a bond, the address of its first member (bond_enslave,
 * drivers/net/bonding/bond_main.c); to a bridge, the lowest address of its ports (br_stp_recalculate_bridge_id,
 * net/bridge/br_stp_if.c). networkd would derive an address from the machine id (systemd.netdev(5)), which is different at every start
 * of stage 1.
 */
function inheritedMac(name: string, matches: readonly Match[], links: readonly Link[]): string | null {
  const own = matches.filter(({ link }) => link.name === name);
  const made = own.find(({ wanted }) => wanted.bond ?? wanted.bridge);
  if (made === undefined) return null;
  const macs = made.below.flatMap(lower => macOf(lower, matches, links) ?? []);
  return (made.wanted.bond ? macs[0] : macs.toSorted()[0]) ?? null;
}

function macOf(name: string, matches: readonly Match[], links: readonly Link[]): string | null {
  const own = matches.filter(({ link }) => link.name === name);
  const given = firstOf(
    own.map(({ wanted }) => wanted),
    ({ macAddress }) => macAddress,
  );
  const vlan = own.find(({ wanted }) => wanted.vlan);
  return (
    given ??
    inheritedMac(name, matches, links) ??
    (vlan?.below[0] === undefined ? null : macOf(vlan.below[0], matches, links)) ??
    links.find(link => link.name === name)?.mac ??
    null
  );
}

function firstOf<T>(
  wanted: readonly InterfaceConfig[],
  pick: (each: InterfaceConfig) => T | undefined,
): T | null {
  return wanted.map(pick).find(value => value !== undefined) ?? null;
}

function optionsOf(matches: readonly Match[]): RuntimeInterface['options'] {
  for (const { wanted } of matches) {
    if (wanted.vlan) return without(wanted.vlan, 'link');
    if (wanted.bond) return without(without(wanted.bond, 'members'), 'primary');
    if (wanted.bridge) return without(wanted.bridge, 'members');
  }
  return null;
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}

/**
 * Chooses names for the installed system: the configured name of a card, or udev's predictable name for a card that is called "eth0"
 * or similar. udev cannot assign such names safely, because the kernel assigns them at the same time (systemd.link(5)). If another
 * link has the chosen name, a link keeps its present name.
 */
function nameChooser({ matches }: Matching, links: readonly Link[]): (name: string) => string {
  const chosen = new Map(
    links.flatMap(({ name, kind, altNames = [] }) => {
      if (kind !== undefined) return [];
      const configured = matches.find(({ link, wanted }) => link.name === name && wanted.name !== undefined);
      const predictable = altNames
        .filter(alt => /^en[osp]/.test(alt))
        .sort((a, b) => (a.slice(0, 3) < b.slice(0, 3) ? -1 : 1));
      const wish = configured?.wanted.name ?? (/^eth\d+$/.test(name) ? predictable[0] : undefined);
      return wish === undefined ? [] : [[name, wish]];
    }),
  );
  const taken = (name: string, own: string) =>
    links.some(link => link.name !== own && (chosen.get(link.name) ?? link.name) === name);
  return name => {
    const wish = chosen.get(name);
    return wish === undefined || taken(wish, name) ? name : wish;
  };
}

/** Links whose names appear in rules or next hops; networkd matches all other links by MAC address. */
function namesInUse(
  config: NetworkConfig,
  routes: readonly PlannedRoute[],
  { nameOf }: Matching,
): Set<string> {
  const inRules = config.rules
    .flatMap(({ iif, oif }) => [iif, oif])
    .map(name => (name ? nameOf(name) : null));
  const inRoutes = routes.flatMap(({ nexthops }) => (nexthops ?? []).map(({ link }) => link));
  return new Set([...inRules, ...inRoutes].filter(name => name !== null));
}

function runtimeRoute(route: PlannedRoute, finalName: (name: string) => string): RuntimeRoute {
  const attributes = routeRows.map(([name]) => [name, route[name] ?? null]);
  return {
    destination: isDefault(route) ? (route.family === 6 ? '::/0' : '0.0.0.0/0') : route.destination,
    gateway: route.gateway ?? null,
    onlink: route.onlink,
    type: route.type ?? null,
    ...(Object.fromEntries(attributes) as Pick<RuntimeRoute, RouteAttributeName>),
    // networkd does not support next hops without a gateway.
    nexthops: (route.nexthops ?? []).flatMap(({ gateway, link, weight }) =>
      gateway === undefined
        ? []
        : [`${gateway}@${finalName(link)}${weight === undefined ? '' : ` ${weight}`}`],
    ),
  };
}

function runtimeRules(
  config: NetworkConfig,
  { nameOf }: Matching,
  finalName: (name: string) => string,
): RuntimeRule[] {
  const device = (name: string | undefined) => {
    const here = name === undefined ? null : nameOf(name);
    return here === null ? null : finalName(here);
  };
  return withPriorities(config.rules)
    .filter(({ iif, oif }) => [iif, oif].every(name => name === undefined || nameOf(name) !== null))
    .map(rule => ({
      family: ruleFamily(rule) === 6 ? 'ipv6' : 'ipv4',
      priority: rule.priority,
      not: rule.not === true,
      from: rule.from ?? null,
      to: rule.to ?? null,
      fwmark:
        rule.fwmark === undefined
          ? null
          : `${rule.fwmark}${rule.fwmask === undefined ? '' : `/${rule.fwmask}`}`,
      iif: device(rule.iif),
      oif: device(rule.oif),
      table: rule.table ?? null,
      type: rule.type ?? null,
      suppressPrefixLength: rule.suppressPrefixLength ?? null,
    }));
}

/** networkd can send only two client identifiers: that of RFC 4361 (type 255, IAID, DUID), and the MAC address. */
function fromClientId(clientId: string): RuntimeInterface['clientId'] {
  const [, iaid, type, rest] = /^ff([0-9a-f]{8})([0-9a-f]{4})((?:[0-9a-f]{2})+)$/.exec(clientId) ?? [];
  if (iaid === undefined || type === undefined || rest === undefined) return 'mac';
  const duid = rest.match(/../g)!.join(':');
  return { iaid: parseInt(iaid, 16), duidType: parseInt(type, 16), duid };
}

function uniqueAddresses(addresses: readonly AddressConfig[]): RuntimeAddress[] {
  const texts = addresses.map(address => {
    if (typeof address === 'string') return JSON.stringify({ address, peer: null });
    const length = address.peer.split('/')[1] ?? (isIP(address.address) === 6 ? '128' : '32');
    return JSON.stringify({ address: `${address.address}/${length}`, peer: address.peer });
  });
  return unique(texts).map(text => JSON.parse(text) as RuntimeAddress);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
