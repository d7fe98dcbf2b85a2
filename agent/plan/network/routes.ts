import { BlockList, isIPv6 } from 'node:net';
import { routeRows, type RouteAttributes } from '../../config/schema/route-attributes.ts';
import type { AddressConfig, RouteConfig } from '../../config/schema.ts';

/** Configured routes, in the form for `ip -batch`. Pure. */

export interface PlannedHop {
  gateway?: string;
  link: string;
  onlink: boolean;
  weight?: number;
}

export interface PlannedRoute extends RouteAttributes {
  /** "default", or a network with prefix length. */
  destination: string;
  family: 4 | 6;
  gateway?: string;
  /** Absent for routes of other types than unicast, and for routes with several next hops. */
  link?: string;
  onlink: boolean;
  type?: NonNullable<RouteConfig['type']>;
  nexthops?: PlannedHop[];
}

export interface GatewayCheck {
  address: string;
  link: string;
}

/** What `planRoutes` needs to know about the links. */
export interface RouteContext {
  /** Returns the name on this machine for a name of the configuration; null if no link matches. */
  nameOf: (name: string) => string | null;
  /** Returns the configured addresses of a link. */
  addressesOf: (link: string) => readonly AddressConfig[];
  warnings: string[];
}

/**
 * Plans the routes of one link, or the routes that belong to no link.
 * @param link the name of the link on this machine, null for none
 */
export function planRoutes(
  link: string | null,
  routes: readonly RouteConfig[],
  { nameOf, addressesOf, warnings }: RouteContext,
): PlannedRoute[] {
  const own = link === null ? [] : addressesOf(link);
  const direct = routes.filter(isDirect).map(route => route.destination);
  const onLinks = new Map<string, BlockList>();
  const isOnlink = (gateway: string, onlink: boolean | undefined, by: string) => {
    if (onlink === true) return true;
    const known = onLinks.get(by);
    const networks =
      known ?? onLinkNetworks([...addressesOf(by).map(networkOf), ...(by === link ? direct : [])]);
    if (known === undefined) onLinks.set(by, networks);
    return !networks.check(gateway, isIPv6(gateway) ? 'ipv6' : 'ipv4');
  };
  return routes.flatMap(({ destination, gateway, onlink, nexthops, type, ...route }): PlannedRoute[] => {
    const anyGateway = gateway ?? nexthops?.find(hop => hop.gateway !== undefined)?.gateway;
    const family =
      destination !== 'default'
        ? familyOf(destination)
        : anyGateway !== undefined
          ? familyOf(anyGateway)
          : // A default route without a gateway: IPv6 if the link has only IPv6 addresses.
            own.length > 0 && own.every(isIPv6Address)
            ? 6
            : 4;
    const where = `${link === null ? '' : `${link}: `}the ${family === 6 ? 'IPv6 ' : ''}route to ${destination}`;
    const wrong = [gateway, ...(nexthops ?? []).map(hop => hop.gateway)].find(
      each => family === 6 && each !== undefined && familyOf(each) === 4,
    );
    if (wrong !== undefined) {
      warnings.push(`${where} cannot use an IPv4 gateway via ${wrong}`);
      return [];
    }
    const leadsNowhere = type !== undefined && type !== 'unicast';
    const base = {
      destination: isDefaultDestination(destination) ? 'default' : destination,
      family,
      ...(leadsNowhere && { type }),
      ...defined(route),
    } as const;
    if (leadsNowhere) return [{ ...base, onlink: false }];
    if (nexthops === undefined) {
      // The schema refuses such routes: a unicast route of no link needs next hops.
      if (link === null) return [];
      return [
        {
          ...base,
          ...(gateway !== undefined && { gateway }),
          link,
          onlink: gateway !== undefined && isOnlink(gateway, onlink, link),
        },
      ];
    }
    const hops = nexthops.flatMap((hop): PlannedHop[] => {
      const by = hop.interface === undefined ? link : nameOf(hop.interface);
      if (by === null) {
        warnings.push(`${where}: next hop via ${hop.interface} dropped: no such interface`);
        return [];
      }
      return [
        {
          ...(hop.gateway !== undefined && { gateway: hop.gateway }),
          link: by,
          onlink: hop.gateway !== undefined && isOnlink(hop.gateway, hop.onlink, by),
          ...(hop.weight !== undefined && { weight: hop.weight }),
        },
      ];
    });
    const [only, ...more] = hops;
    if (only === undefined) return [];
    if (more.length > 0) return [{ ...base, onlink: false, nexthops: hops }];
    const { weight: _, ...single } = only;
    return [{ ...base, ...single }];
  });
}

function isDirect(route: RouteConfig): boolean {
  const { gateway, nexthops, type = 'unicast', destination } = route;
  return gateway === undefined && nexthops === undefined && type === 'unicast' && destination !== 'default';
}

/** The networks that are reachable directly. Link-local ones always are (RFC 4291, 2.5.6). */
function onLinkNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  list.addSubnet('fe80::', 10, 'ipv6');
  for (const network of networks) {
    const [host = '', prefix] = network.split('/');
    list.addSubnet(host, Number(prefix), isIPv6(host) ? 'ipv6' : 'ipv4');
  }
  return list;
}

/**
 * Sorts the routes of all links into an order that the kernel accepts: networks on the link, networks behind a gateway, default
 * routes. If two routes to the same destination have the same metric, the later one gets a higher metric, because
 * `ip route replace` would remove the earlier one.
 */
export function arrange(routes: readonly PlannedRoute[]): PlannedRoute[] {
  const rank = (route: PlannedRoute) =>
    route.gateway === undefined && route.nexthops === undefined ? 0 : isDefault(route) ? 2 : 1;
  const done: PlannedRoute[] = [];
  const rivalsOf = new Map<string, { same: Set<string>; metrics: Set<number> }>();
  for (const route of routes.toSorted((a, b) => rank(a) - rank(b))) {
    const key = `${route.family} ${route.destination} ${route.table ?? mainTable}`;
    const rivals = rivalsOf.get(key) ?? { same: new Set(), metrics: new Set() };
    rivalsOf.set(key, rivals);
    if (rivals.same.has(identity(route))) continue;
    let metric = effectiveMetric(route);
    while (rivals.metrics.has(metric)) metric += 1;
    rivals.metrics.add(metric);
    rivals.same.add(identity(route));
    done.push(metric === effectiveMetric(route) ? route : { ...route, metric });
  }
  return done;
}

const mainTable = 254;

/** Routes to one destination with equal identities are the same route to the kernel, whatever their other attributes. */
function identity({ link, gateway, metric, type, nexthops }: PlannedRoute): string {
  return JSON.stringify([link, gateway, metric, type, nexthops]);
}

/** Without a metric, the kernel uses 0 for IPv4 and 1024 for IPv6 (ip-route(8), metric). For IPv6, 0 means "no metric". */
function effectiveMetric({ metric, family }: PlannedRoute): number {
  return family === 6 ? metric || 1024 : (metric ?? 0);
}

/** The arguments of `ip route replace`. */
export function renderRoute(route: PlannedRoute): string {
  const { destination, family, type, gateway, link, nexthops } = route;
  // ip(8) reads "default" as IPv4, unless an argument is IPv6, such as "via inet6" of an IPv4 route (RFC 8950).
  const gateways = [gateway, ...(nexthops ?? []).map(hop => hop.gateway)];
  const inet6 = family === 4 && gateways.some(each => each !== undefined && isIPv6(each));
  const target =
    destination !== 'default' ? destination : inet6 ? '0.0.0.0/0' : family === 6 ? '::/0' : 'default';
  return [
    ...(type === undefined ? [] : [type]),
    target,
    ...via(gateway, family),
    ...(link === undefined ? [] : [`dev ${link}`]),
    ...(route.onlink ? ['onlink'] : []),
    ...routeRows.flatMap(([name, { ip }]) => (route[name] === undefined ? [] : [`${ip} ${route[name]}`])),
    ...(nexthops ?? []).flatMap(hop => [
      'nexthop',
      ...via(hop.gateway, family),
      `dev ${hop.link}`,
      ...(hop.weight === undefined ? [] : [`weight ${hop.weight}`]),
      ...(hop.onlink ? ['onlink'] : []),
    ]),
  ].join(' ');
}

function via(gateway: string | undefined, family: 4 | 6): string[] {
  if (gateway === undefined) return [];
  return family === 4 && isIPv6(gateway) ? ['via', 'inet6', gateway] : ['via', gateway];
}

/** Exceeds the metrics of DHCP (1024 and more, see /usr/lib/dabei/udhcpc) and of router advertisements (1024, the kernel's). */
const lastResort = 2 ** 20;

/** Lines for `ip -batch` that give default routes of the main table through dead gateways a higher metric than all others. */
export function demote(routes: readonly PlannedRoute[], dead: readonly GatewayCheck[]): string[] {
  const isDead = (gateway: GatewayCheck) =>
    dead.some(({ address, link }) => address === gateway.address && link === gateway.link);
  return routes
    .filter(route => {
      const gateways = gatewaysOf(route);
      return isMainDefault(route) && gateways.length > 0 && gateways.every(isDead);
    })
    .flatMap(route => [
      `route del ${renderRoute(route)}`,
      `route replace ${renderRoute({ ...route, metric: Math.min(effectiveMetric(route) + lastResort, 0xffffffff) })}`,
    ]);
}

/** The gateways of a route. */
export function gatewaysOf({ gateway, link, nexthops }: PlannedRoute): GatewayCheck[] {
  return [{ gateway, link }, ...(nexthops ?? [])].flatMap(hop =>
    hop.gateway === undefined || hop.link === undefined ? [] : [{ address: hop.gateway, link: hop.link }],
  );
}

/** Whether a configured route is a default route; the configuration may write the destination in three ways. */
export function isDefaultDestination(destination: string): boolean {
  return ['default', '0.0.0.0/0', '::/0'].includes(destination);
}

export function isDefault(route: PlannedRoute): boolean {
  return route.destination === 'default';
}

/** Whether it is a default route of the main table that forwards packets. */
export function isMainDefault(route: PlannedRoute): boolean {
  return isDefault(route) && (route.table ?? mainTable) === mainTable && route.type === undefined;
}

/** The network that an address makes reachable on its link: with a peer, the peer's network (ip-address(8)). */
function networkOf(address: AddressConfig): string {
  return typeof address === 'string' ? address : address.peer;
}

export function isIPv6Address(address: AddressConfig): boolean {
  return familyOf(networkOf(address)) === 6;
}

function familyOf(address: string): 4 | 6 {
  return isIPv6(address.split('/')[0]!) ? 6 : 4;
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never;
}
