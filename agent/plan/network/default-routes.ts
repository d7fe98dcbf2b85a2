import { BlockList, isIPv6 } from 'node:net';
import type { NetworkConfig, RouteConfig, RuleConfig } from '../../config/schema.ts';
import { hostOf } from '../../capture/addresses.ts';
import { isDefaultDestination } from './routes.ts';
import { ruleFamily, withPriorities } from './rules.ts';

/** The default routes of a configured network that packets of the machine would use. Pure. */

export interface DefaultRoute {
  family: 4 | 6;
  /** The interface's name or MAC address in the configuration, or "only"; for a route of no interface, that of its first next hop. */
  link: string | null;
  table: number;
  /** The route will come with a lease or a router advertisement. */
  isLearnt: boolean;
  metric: number;
}

type Entry = DefaultRoute & { type: NonNullable<RouteConfig['type']> };

const mainTable = 254;

/** The kernel's own rules (ip-rule(8)), except the one for table 255, which has no default route. */
const builtIn = [
  { priority: 32766, table: mainTable },
  { priority: 32767, table: 253 },
] as const;

/**
 * Evaluates the rules like the kernel (fib_rules_lookup, net/core/fib_rules.c) for packets that the machine sends without a mark:
 * once for each of its addresses, and once for packets whose source address is not chosen yet. The result omits routes in tables
 * that no rule selects, routes after a rule that discards packets, and routes of a table after one that is not unicast.
 */
export function defaultRoutes(network: NetworkConfig): DefaultRoute[] {
  const taken = new Set<Entry>();
  const entries = allDefaults(network);
  const rules = withPriorities(network.rules).toSorted((a, b) => a.priority - b.priority);
  for (const family of [4, 6] as const) {
    const own = network.interfaces
      .flatMap(({ addresses, dhcp }) => [
        ...addresses.map(hostOf),
        ...(typeof dhcp === 'object' && dhcp.address !== undefined ? [dhcp.address] : []),
      ])
      .filter(address => isIPv6(address) === (family === 6));
    const all = [...rules.filter(rule => ruleFamily(rule) === family), ...builtIn].toSorted(
      (a, b) => a.priority - b.priority,
    );
    for (const source of [null, ...own]) {
      for (const rule of all) {
        if (!matches(rule, source)) continue;
        if (rule.table === undefined) break;
        const found = entries
          .filter(entry => entry.family === family && entry.table === rule.table)
          .toSorted((a, b) => a.metric - b.metric);
        const nowhere = found.findIndex(({ type }) => type !== 'unicast');
        const ways = nowhere < 0 ? found : found.slice(0, nowhere);
        const isSuppressed = 'suppressPrefixLength' in rule && rule.suppressPrefixLength !== undefined;
        if (found.length === 0 || isSuppressed || found[0]?.type === 'throw') continue;
        ways.forEach(entry => taken.add(entry));
        break;
      }
    }
  }
  return [...taken].map(({ type: _, ...route }) => route);
}

function allDefaults({ interfaces, routes }: NetworkConfig): Entry[] {
  const given = (route: RouteConfig, link: string | null, fallback: 4 | 6): Entry[] => {
    if (!isDefaultDestination(route.destination)) return [];
    const family = familyOf(route, fallback);
    const { table = mainTable, type = 'unicast', metric = family === 6 ? 1024 : 0 } = route;
    return [{ family, link, table, type, metric, isLearnt: false }];
  };
  const learnt = (family: 4 | 6, link: string, from: InterfaceWish): Entry[] => {
    const { useGateway = true, useRoutes = true, metric = 1024 } = typeof from === 'object' ? from : {};
    if (from === false || !useGateway || !useRoutes) return [];
    return [{ family, link, table: mainTable, type: 'unicast', metric, isLearnt: true }];
  };
  return [
    ...interfaces.flatMap(({ name, mac, addresses, dhcp, acceptRa, routes: own }) => {
      const link = name ?? mac ?? 'only';
      const isV6 = addresses.length > 0 && addresses.every(address => isIPv6(hostOf(address)));
      return [
        ...own.flatMap(route => given(route, link, isV6 ? 6 : 4)),
        ...learnt(4, link, dhcp),
        ...learnt(6, link, acceptRa),
      ];
    }),
    ...routes.flatMap(route => given(route, route.nexthops?.[0]?.interface ?? null, 4)),
  ];
}

type InterfaceWish =
  | boolean
  | { useGateway?: boolean | undefined; useRoutes?: boolean | undefined; metric?: number | undefined };

function familyOf({ destination, gateway, nexthops }: RouteConfig, fallback: 4 | 6): 4 | 6 {
  if (destination !== 'default') return destination.includes(':') ? 6 : 4;
  const by = gateway ?? nexthops?.find(hop => hop.gateway !== undefined)?.gateway;
  return by === undefined ? fallback : isIPv6(by) ? 6 : 4;
}

/**
 * Whether a rule applies to packets without a mark to an arbitrary destination.
 * @param source the packet's source address; null if the kernel has not chosen it yet
 */
function matches(rule: Partial<RuleConfig>, source: string | null): boolean {
  const { from, to, fwmark = 0, iif, oif } = rule;
  const isFrom = from === undefined || covers(from, source);
  const isTo = to === undefined || to.endsWith('/0');
  const isIt = isFrom && isTo && fwmark === 0 && (iif === undefined || iif === 'lo') && oif === undefined;
  return isIt !== (rule.not === true);
}

function covers(network: string, address: string | null): boolean {
  const [host = '', prefix = ''] = network.split('/');
  if (prefix === '0') return true;
  if (address === null) return false;
  const type = isIPv6(host) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(host, Number(prefix), type);
  return list.check(address, type);
}
