import { isIPv6 } from 'node:net';
import type { NextHopConfig, RouteInput, RuleConfig } from '../config/schema.ts';
import type { CapturedRoute, CapturedRule } from './ip-json.ts';
import { defined } from './links.ts';
import type { LeftOut } from './types.ts';

/** Converts the old system's routes and rules to configuration. */

type Family = 4 | 6;

/** What the conversion needs to know about interfaces, addresses and tables. */
export interface RouteContext {
  /** The name that the configuration uses for an interface; null if the configuration omits the interface. */
  nameOf: (dev: string) => string | null;
  /** The interface has IPv4 addresses, all of them leased. */
  leased: (dev: string) => boolean;
  /** Addresses that the configuration will give to some interface. */
  addresses: ReadonlySet<string>;
  tableOf: (name: string) => number;
}

export interface SortedRoutes {
  /** Keys: names of interfaces in the configuration. */
  routes: Map<string, RouteInput[]>;
  free: RouteInput[];
  warnings: string[];
  leftOut: LeftOut[];
}

const mainTable = 254;
const localTable = 255;

/** Names and numbers of /etc/iproute2/rt_protos. Routing daemons learn their routes again. */
const daemons = new Set([
  ...['gated', 'mrt', 'zebra', 'bird', 'dnrouted', 'xorp', 'ntk', 'keepalived', 'babel'],
  ...['openr', 'bgp', 'isis', 'ospf', 'rip', 'eigrp'],
]);

const keptTypes = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'];

/**
 * Converts routes, except those that the kernel, a router or a lease restores automatically.
 * @param routes of one family, in the kernel's order
 */
export function sortRoutes(
  routes: readonly CapturedRoute[],
  family: Family,
  context: RouteContext,
): SortedRoutes {
  const sorted: SortedRoutes = { routes: new Map(), free: [], warnings: [], leftOut: [] };
  const daemonRoutes = new Map<string, number>();
  for (const route of routes) {
    const table = context.tableOf(route.table);
    if (table === localTable || comesByItself(route, family, table, context)) continue;
    const destination = destinationOf(route.dst, family);
    const isDefault = destination === (family === 4 ? '0.0.0.0/0' : '::/0');
    const leaveOut = (why: string) => sorted.leftOut.push({ name: `route to ${route.dst}`, why });
    if (daemons.has(route.protocol) && !isDefault) {
      daemonRoutes.set(route.protocol, (daemonRoutes.get(route.protocol) ?? 0) + 1);
      continue;
    }
    if (!keptTypes.includes(route.type)) {
      leaveOut(`is of the type ${route.type}`);
      continue;
    }
    const hops = route.nexthops ?? (route.type === 'unicast' ? [{ ...route, weight: 1 }] : []);
    if (route.tos !== undefined || hops.some(({ encap }) => encap !== undefined)) {
      leaveOut(route.tos === undefined ? 'encapsulates' : 'depends on the type of service');
      continue;
    }
    const kept = hops.flatMap(hop => {
      const name = context.nameOf(hop.dev ?? '');
      return name === null ? [] : [{ ...hop, name }];
    });
    if (hops.length > 0 && kept.length === 0) {
      if (isDefault && table === mainTable) {
        sorted.warnings.push(`the default route via ${hops[0]?.dev ?? 'nothing'} is not restored`);
      }
      continue;
    }
    const common = {
      ...defined({
        metric: route.metric === (family === 6 ? 1024 : 0) ? undefined : route.metric,
        table: table === mainTable ? undefined : table,
        type: route.type === 'unicast' ? undefined : (route.type as RouteInput['type']),
        source: context.addresses.has(route.prefsrc ?? '') ? route.prefsrc : undefined,
        mtu: route.metrics[0]?.mtu,
        advmss: route.metrics[0]?.advmss,
      }),
    };
    const [only, ...more] = kept;
    if (only === undefined) {
      sorted.free.push({ destination, ...common });
    } else if (more.length === 0) {
      const gateway = only.gateway ?? only.via?.host;
      const usualScope = gateway === undefined ? 'link' : 'global';
      const scope = family === 4 && route.scope !== usualScope ? scopeOf(route.scope) : undefined;
      push(sorted.routes, only.name, {
        destination:
          isDefault && gateway !== undefined && isIPv6(gateway) === (family === 6) ? 'default' : destination,
        ...defined({ gateway, onlink: isOnlink(only, gateway), scope }),
        ...common,
      });
    } else {
      const nexthops = kept.map(({ name, weight, ...hop }): NextHopConfig =>
        defined({
          gateway: hop.gateway ?? hop.via?.host,
          interface: name,
          onlink: isOnlink(hop, hop.gateway ?? hop.via?.host),
          weight: weight === 1 ? undefined : weight,
        }),
      );
      sorted.free.push({ destination, ...common, nexthops });
    }
  }
  for (const [protocol, count] of daemonRoutes) {
    sorted.leftOut.push({ name: `${count} routes`, why: `belong to the routing daemon (${protocol})` });
  }
  return sorted;
}

/** Whether a lease, a router or the kernel restores a route. */
export function comesByItself(
  route: CapturedRoute,
  family: Family,
  table: number,
  { leased }: Pick<RouteContext, 'leased'>,
): boolean {
  const { protocol, type, dev = '' } = route;
  if (protocol === 'kernel' || protocol === 'redirect' || protocol === 'ra') return true;
  if (['broadcast', 'multicast', 'anycast'].includes(type)) return true;
  // A lease restores only routes of the main table; the old system itself added those in other tables.
  if (protocol === 'dhcp') return table === mainTable || family === 6;
  if (family === 6) return route.expires !== undefined;
  // ISC's dhclient does not mark its default route as coming from DHCP.
  return protocol === 'boot' && route.dst === 'default' && table === mainTable && leased(dev);
}

function isOnlink(hop: { flags: readonly string[] }, gateway: string | undefined): true | undefined {
  return gateway !== undefined && hop.flags.includes('onlink') ? true : undefined;
}

function scopeOf(scope: string | undefined): 'global' | 'link' | 'host' | undefined {
  return scope === 'global' || scope === 'link' || scope === 'host' ? scope : undefined;
}

function destinationOf(dst: string, family: Family): string {
  if (dst === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`;
}

/**
 * Converts policy rules, except the kernel's own three (ip-rule(8)). A rule for a table without routes has no effect.
 * @param tables numbers of the tables that will have a route of this family
 */
export function sortRules(
  rules: readonly CapturedRule[],
  family: Family,
  tables: ReadonlySet<number>,
  context: Pick<RouteContext, 'nameOf' | 'tableOf'>,
): { rules: RuleConfig[]; leftOut: LeftOut[] } {
  const kept: RuleConfig[] = [];
  const leftOut: LeftOut[] = [];
  for (const rule of rules) {
    if (isBuiltIn(rule)) continue;
    const why = reasonAgainst(rule, tables, context);
    if (why !== null) {
      leftOut.push({ name: `IPv${family} rule ${rule.priority}`, why });
      continue;
    }
    const from = selector(rule.src, rule.srclen, family);
    const to = selector(rule.dst, rule.dstlen, family);
    const name = (dev: string | undefined) => (dev === undefined ? undefined : (context.nameOf(dev) ?? dev));
    const mask = rule.fwmask === undefined ? undefined : Number(rule.fwmask);
    kept.push(
      defined({
        priority: rule.priority,
        family: from === undefined && to === undefined ? family : undefined,
        not: rule.not === null ? true : undefined,
        from,
        to,
        fwmark: rule.fwmark === undefined ? undefined : Number(rule.fwmark),
        fwmask: mask === 0xffffffff ? undefined : mask,
        iif: name(rule.iif),
        oif: name(rule.oif),
        table: rule.action === undefined ? context.tableOf(rule.table ?? 'main') : undefined,
        type: rule.action as RuleConfig['type'],
        suppressPrefixLength: rule.suppress_prefixlen,
      }),
    );
  }
  return { rules: kept, leftOut };
}

const understood = new Set([
  ...[
    'priority',
    'not',
    'src',
    'srclen',
    'dst',
    'dstlen',
    'fwmark',
    'fwmask',
    'iif',
    'oif',
    'table',
    'action',
  ],
  ...['suppress_prefixlen', 'protocol', 'iif_detached', 'oif_detached'],
]);

function isBuiltIn({ priority, table = '', src, ...rule }: CapturedRule): boolean {
  const isLast =
    priority === 32766 ? /^(main|254)$/.test(table) : priority === 32767 && /^(default|253)$/.test(table);
  const plain =
    src === 'all' && Object.entries(rule).every(([key, value]) => key === 'protocol' || value === undefined);
  return plain && (isLast || (priority === 0 && /^(local|255)$/.test(table)));
}

function reasonAgainst(
  rule: CapturedRule,
  tables: ReadonlySet<number>,
  { nameOf, tableOf }: Pick<RouteContext, 'nameOf' | 'tableOf'>,
): string | null {
  const strange = Object.keys(rule).filter(key => !understood.has(key));
  if (strange.length > 0) return `has ${strange.join(' and ')}, which is not restored`;
  if (rule.action !== undefined && !['blackhole', 'unreachable', 'prohibit'].includes(rule.action)) {
    return `has the action ${rule.action}, which is not restored`;
  }
  for (const dev of [rule.iif, rule.oif]) {
    if (dev !== undefined && dev !== 'lo' && nameOf(dev) === null) return `names ${dev}, which is left out`;
  }
  if (rule.action !== undefined) return null;
  const table = tableOf(rule.table ?? 'main');
  return tables.has(table) ? null : `uses table ${rule.table}, of which no route is restored`;
}

function selector(
  address: string | undefined,
  length: number | undefined,
  family: Family,
): string | undefined {
  if (address === undefined || address === 'all' || address === 'default') return undefined;
  if (address.includes('/')) return address;
  return `${address}/${length ?? (family === 4 ? 32 : 128)}`;
}

/**
 * Maps names of routing tables to numbers, by the old system's /etc/iproute2/rt_tables. A name that the file does not define gets
 * any free number, since rules and routes only have to agree.
 * @param rtTables contents of /etc/iproute2/rt_tables
 * @param used names and numbers of all tables in the capture
 */
export function tableNumbers(rtTables: string, used: readonly string[]): (name: string) => number {
  const numbers = new Map([
    ['default', 253],
    ['main', mainTable],
    ['local', localTable],
  ]);
  for (const line of rtTables.split('\n')) {
    const [, number, name] = /^\s*(\d+|0x[0-9a-f]+)\s+([^\s#]+)/i.exec(line) ?? [];
    if (number !== undefined && name !== undefined) numbers.set(name, Number(number));
  }
  const taken = new Set([...numbers.values(), ...used.map(Number)]);
  let free = 1000;
  for (const name of used) {
    if (numbers.has(name) || /^\d+$/.test(name)) continue;
    while (taken.has(free)) free += 1;
    taken.add(free);
    numbers.set(name, free);
  }
  return name => numbers.get(name) ?? Number(name);
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
