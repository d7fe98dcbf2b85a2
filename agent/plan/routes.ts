import { BlockList, isIPv6 } from 'node:net';
import type { RouteConfig } from '../config/schema.ts';
import type { Link } from '../facts.ts';

/** Configured routes, as the kernel and `ip -batch` want them. Pure. */

export interface PlannedRoute {
  /** "default" or a network with prefix length. */
  destination: string;
  family: 4 | 6;
  gateway?: string;
  link: string;
  onlink: boolean;
  metric?: number;
}

export interface GatewayCheck {
  address: string;
  link: string;
}

/**
 * The routes of one link, whatever others have.
 * @param addresses the link's own, with prefix length
 */
export function planRoutes(
  link: Link,
  routes: readonly RouteConfig[],
  addresses: readonly string[],
  warnings: string[],
): PlannedRoute[] {
  const onLink = [
    ...addresses,
    ...routes.filter(route => route.gateway === undefined).map(route => route.destination),
  ];
  return routes.flatMap(({ destination, gateway, ...route }) => {
    const family =
      destination !== 'default'
        ? familyOf(destination)
        : gateway !== undefined
          ? familyOf(gateway)
          : // A default route without a gateway: the family that the link has addresses of.
            addresses.length > 0 && addresses.every(isIPv6Network)
            ? 6
            : 4;
    if (family === 6 && gateway !== undefined && familyOf(gateway) === 4) {
      warnings.push(`${link.name}: the IPv6 route to ${destination} cannot go by IPv4 through ${gateway}`);
      return [];
    }
    return [
      {
        destination: destination === '0.0.0.0/0' || destination === '::/0' ? 'default' : destination,
        family,
        ...(gateway !== undefined && { gateway }),
        link: link.name,
        onlink: gateway !== undefined && (route.onlink === true || !isCovered(gateway, onLink)),
        ...(route.metric !== undefined && { metric: route.metric }),
      },
    ];
  });
}

/** Link-local gateways are always on the link (RFC 4291, 2.5.6). */
function isCovered(gateway: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  list.addSubnet('fe80::', 10, 'ipv6');
  for (const network of networks) {
    const [host = '', prefix] = network.split('/');
    if (network !== 'default') list.addSubnet(host, Number(prefix), isIPv6(host) ? 'ipv6' : 'ipv4');
  }
  return list.check(gateway, isIPv6(gateway) ? 'ipv6' : 'ipv4');
}

/**
 * All links' routes in the order in which the kernel takes them: networks on the link, networks behind a gateway,
 * default routes. Where two to the same destination would have the same metric, the later one's is raised, since
 * `ip route replace` would drop the earlier one.
 */
export function arrange(routes: readonly PlannedRoute[]): PlannedRoute[] {
  const rank = (route: PlannedRoute) => (route.gateway === undefined ? 0 : isDefault(route) ? 2 : 1);
  const done: PlannedRoute[] = [];
  for (const route of routes.toSorted((a, b) => rank(a) - rank(b))) {
    const rivals = done.filter(
      other => other.family === route.family && other.destination === route.destination,
    );
    const again = rivals.some(
      other => other.link === route.link && other.gateway === route.gateway && other.metric === route.metric,
    );
    if (again) continue;
    const taken = rivals.map(effectiveMetric);
    let metric = effectiveMetric(route);
    while (taken.includes(metric)) metric += 1;
    done.push(metric === effectiveMetric(route) ? route : { ...route, metric });
  }
  return done;
}

/** Without a metric IPv4 takes 0 and IPv6 takes 1024 (ip-route(8), metric); IPv6 takes 0 as "none given". */
function effectiveMetric({ metric, family }: PlannedRoute): number {
  return family === 6 ? metric || 1024 : (metric ?? 0);
}

/** As `ip route replace` takes it. */
export function renderRoute({ destination, family, gateway, link, onlink, metric }: PlannedRoute): string {
  // "default" means IPv4 to ip where nothing else says so; an IPv4 route through an IPv6 gateway (RFC 8950) says inet6.
  const inet6 = gateway !== undefined && family === 4 && isIPv6(gateway);
  const target =
    destination !== 'default' ? destination : inet6 ? '0.0.0.0/0' : family === 6 ? '::/0' : 'default';
  return [
    target,
    ...(gateway === undefined ? [] : ['via', ...(inet6 ? ['inet6'] : []), gateway]),
    `dev ${link}`,
    ...(onlink ? ['onlink'] : []),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
  ].join(' ');
}

/** Behind DHCP's (1024 and more, see /usr/lib/dabei/udhcpc) and the kernel's routes by RA (1024). */
const lastResort = 2 ** 20;

/** Lines for `ip -batch` that put default routes through these gateways behind all others. */
export function demote(routes: readonly PlannedRoute[], dead: readonly GatewayCheck[]): string[] {
  return routes
    .filter(
      route =>
        isDefault(route) &&
        dead.some(({ address, link }) => address === route.gateway && link === route.link),
    )
    .flatMap(route => [
      `route del ${renderRoute(route)}`,
      `route replace ${renderRoute({ ...route, metric: Math.min(effectiveMetric(route) + lastResort, 0xffffffff) })}`,
    ]);
}

export function isDefault(route: PlannedRoute): boolean {
  return route.destination === 'default';
}

export function isIPv6Network(network: string): boolean {
  return familyOf(network) === 6;
}

function familyOf(address: string): 4 | 6 {
  return isIPv6(address.split('/')[0]!) ? 6 : 4;
}
