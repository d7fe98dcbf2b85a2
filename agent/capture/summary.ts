import { isIPv4 } from 'node:net';
import type { z } from 'zod';
import { addressJson, readJson, routeJson, type CapturedRoute } from './ip-json.ts';
import { leasedByUdhcpc } from './leases.ts';
import { tableNumbers } from './routes.ts';
import type { NetworkConfig } from '../config/schema.ts';

/**
 * Summarizes for the user of `run` which parts of the old system's network the new system keeps: everything captured that the
 * new system will also have. Pure.
 */

export interface KeptNetwork {
  links: readonly { name: string; mac: string | null; addresses: readonly string[] }[];
  /** Default routes in use, in the format of ip(8): "default via 192.0.2.1 dev eth0 onlink". */
  routes: readonly string[];
  dns: readonly string[];
  /** Interfaces of the default routes. */
  defaultLinks: readonly string[];
}

/** A default route that the new system uses (defaultRoutes of agent/plan/network/default-routes.ts). */
export interface TakenRoute {
  family: 4 | 6;
  link: string | null;
  table: number;
}

/**
 * @param read returns a file of the capture by its name; null if the capture does not have it
 * @param network the new system's network
 * @param taken the new system's default routes
 */
export function keptNetwork(
  read: (name: string) => string | null,
  network: NetworkConfig,
  taken: readonly TakenRoute[],
): KeptNetwork {
  const macs = new Map(network.interfaces.map(({ name, mac }) => [mac, name]));
  const configured = new Set(network.interfaces.flatMap(({ name }) => name ?? []));
  const isHere = (name: string | undefined, mac: string | undefined) =>
    (name !== undefined && configured.has(name)) || (mac !== undefined && macs.has(mac));
  const links = items(addressJson, read('addr.json')).flatMap(link => {
    const all = link.addr_info;
    const byUdhcpc = leasedByUdhcpc(link.ifname, all, name => read(name) !== null);
    const leased = (each: (typeof all)[number]) => each.dynamic || (byUdhcpc && isIPv4(each.local ?? ''));
    const addresses = all.flatMap(each =>
      each.local === undefined || each.scope !== 'global'
        ? []
        : [`${each.local}/${each.prefixlen}${leased(each) ? ' (leased)' : ''}`],
    );
    if (link.link_type === 'loopback' || addresses.length === 0) return [];
    if (!isHere(link.ifname, link.address)) return [];
    return [{ name: link.ifname, mac: link.address ?? null, addresses }];
  });
  const captured = ([4, 6] as const).flatMap(family =>
    items(routeJson, read(`route-${family}.json`)).map(route => ({ ...route, family })),
  );
  const defaults = captured.filter(({ type, dst }) => dst === 'default' && type === 'unicast');
  const tableOf = tableNumbers(
    read('rt_tables') ?? '',
    captured.map(({ table }) => table),
  );
  const routes = defaults.filter(({ family, dev, nexthops = [], table }) =>
    taken.some(
      route =>
        route.family === family &&
        route.table === tableOf(table) &&
        [dev, ...nexthops.map(next => next.dev)].some(name => name !== undefined && name === route.link),
    ),
  );
  return {
    links,
    routes: routes.map(route =>
      [
        'default',
        ...(route.nexthops ?? [route]).flatMap(hopWords),
        ...(route.metric === undefined ? [] : [`metric ${route.metric}`]),
        ...(route.table === 'main' ? [] : [`table ${route.table}`]),
      ].join(' '),
    ),
    dns: network.dns.servers,
    defaultLinks: [
      ...new Set(
        routes
          .flatMap(({ dev, nexthops = [] }) => [dev, ...nexthops.map(next => next.dev)])
          .filter(name => name !== undefined),
      ),
    ],
  };
}

function hopWords({
  gateway,
  via,
  dev,
  flags,
}: Pick<CapturedRoute, 'gateway' | 'via' | 'dev' | 'flags'>): string[] {
  const host = gateway ?? via?.host;
  return [
    ...(host === undefined ? [] : [`via ${host}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(flags.includes('onlink') ? ['onlink'] : []),
  ];
}

/** Omits malformed elements; the code that restores the capture reports them. */
function items<T>(element: z.ZodType<T>, text: string | null): T[] {
  return readJson(element, text ?? undefined).items;
}
