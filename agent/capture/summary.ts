import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { leasedByUdhcpc } from './leases.ts';
import { tableNumbers } from './routes.ts';
import type { NetworkConfig } from '../config/schema.ts';
import { defaultRoutes } from '../plan/network/default-routes.ts';

/**
 * What of the old system's network is kept, for the person who is about to leave it: of what was captured that alone
 * which the new system will have, too. Pure.
 */

export interface KeptNetwork {
  links: readonly { name: string; mac: string | null; addresses: readonly string[] }[];
  /** Default routes that packets take, as ip(8) writes them: "default via 192.0.2.1 dev eth0 onlink". */
  routes: readonly string[];
  dns: readonly string[];
  /** Interfaces that a default route leaves by. */
  defaultLinks: readonly string[];
}

const addressesJson = z.array(
  z.looseObject({
    ifname: z.string().optional(),
    address: z.string().optional(),
    link_type: z.string().default(''),
    addr_info: z
      .array(
        z.looseObject({
          local: z.string().optional(),
          prefixlen: z.number().optional(),
          scope: z.string().optional(),
          dynamic: z.boolean().optional(),
        }),
      )
      .default([]),
  }),
);

const hop = z.looseObject({
  gateway: z.string().optional(),
  via: z.looseObject({ host: z.string().optional() }).optional(),
  dev: z.string().optional(),
  flags: z.array(z.string()).default([]),
});

const routesJson = z.array(
  hop.extend({
    dst: z.string().optional(),
    type: z.string().optional(),
    table: z.union([z.string(), z.number()]).optional(),
    metric: z.number().optional(),
    nexthops: z.array(hop).default([]),
  }),
);

/**
 * @param read a file of the capture by its name; null where there is none
 * @param network of the new system
 */
export function keptNetwork(read: (name: string) => string | null, network: NetworkConfig): KeptNetwork {
  const taken = defaultRoutes(network);
  const macs = new Map(network.interfaces.map(({ name, mac }) => [mac, name]));
  const configured = new Set(network.interfaces.flatMap(({ name }) => name ?? []));
  const isHere = (name: string | undefined, mac: string | undefined) =>
    (name !== undefined && configured.has(name)) || (mac !== undefined && macs.has(mac));
  const links = parse(addressesJson, read('addr.json')).flatMap(link => {
    const all = link.addr_info;
    const byUdhcpc = leasedByUdhcpc(link.ifname ?? '', all, name => read(name) !== null);
    const leased = (each: (typeof all)[number]) => each.dynamic || (byUdhcpc && isIPv4(each.local ?? ''));
    const addresses = all.flatMap(each =>
      each.local === undefined || each.scope !== 'global'
        ? []
        : [`${each.local}/${each.prefixlen}${leased(each) ? ' (leased)' : ''}`],
    );
    if (link.ifname === undefined || link.link_type === 'loopback' || addresses.length === 0) return [];
    if (!isHere(link.ifname, link.address)) return [];
    return [{ name: link.ifname, mac: link.address ?? null, addresses }];
  });
  const captured = ([4, 6] as const).flatMap(family =>
    parse(routesJson, read(`route-${family}.json`)).map(route => ({ ...route, family })),
  );
  const defaults = captured.filter(({ type, dst }) => dst === 'default' && (type ?? 'unicast') === 'unicast');
  const tableOf = tableNumbers(
    read('rt_tables') ?? '',
    captured.map(({ table = 'main' }) => String(table)),
  );
  const routes = defaults.filter(({ family, dev, nexthops, table = 'main' }) =>
    taken.some(
      route =>
        route.family === family &&
        route.table === tableOf(String(table)) &&
        [dev, ...nexthops.map(next => next.dev)].some(name => name !== undefined && name === route.link),
    ),
  );
  return {
    links,
    routes: routes.map(route =>
      [
        'default',
        ...(route.nexthops.length > 0 ? route.nexthops : [route]).flatMap(hopWords),
        ...(route.metric === undefined ? [] : [`metric ${route.metric}`]),
        ...(route.table === undefined || route.table === 'main' ? [] : [`table ${route.table}`]),
      ].join(' '),
    ),
    dns: network.dns.servers,
    defaultLinks: [
      ...new Set(
        routes
          .flatMap(({ dev, nexthops }) => [dev, ...nexthops.map(next => next.dev)])
          .filter(name => name !== undefined),
      ),
    ],
  };
}

function hopWords({ gateway, via, dev, flags }: z.output<typeof hop>): string[] {
  const host = gateway ?? via?.host;
  return [
    ...(host === undefined ? [] : [`via ${host}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(flags.includes('onlink') ? ['onlink'] : []),
  ];
}

/** What is not as expected is shown as nothing: the capture itself is judged where it is restored. */
function parse<T>(schema: z.ZodType<T[]>, text: string | null): T[] {
  try {
    return schema.parse(JSON.parse(text ?? '[]'));
  } catch {
    return [];
  }
}
