import { parse } from 'ini';
import type { AcceptRaInput, DhcpInput } from '../config/schema.ts';
import type { CapturedRoute } from './ip-json.ts';
import { defined } from './links.ts';
import type { CapturedFiles } from './types.ts';

/**
 * What an interface of the old system took of its lease and of router advertisements: by its routes, which every client
 * leaves, by the kernel's settings ("sysctl"), and by those of systemd-networkd (systemd.network(5)) and NetworkManager
 * (NetworkManager's nm-settings-keyfile(5)).
 */

export interface DefaultsOfLinks {
  /** Lowest metric of the default routes in the main table that lease or router brought, by interface. */
  learnt: ReadonlyMap<string, number>;
  /** Interfaces that are kept and have a default route in the main table, whoever made it. */
  all: ReadonlySet<string>;
}

/**
 * @param isLearnt whether a route came with a lease or a router advertisement
 * @param isKept whether an interface is restored
 */
export function defaultsOf(
  routes: readonly CapturedRoute[],
  isLearnt: (route: CapturedRoute) => boolean,
  isKept: (name: string) => boolean,
): DefaultsOfLinks {
  const learnt = new Map<string, number>();
  const all = new Set<string>();
  for (const route of routes) {
    const { dst, table, type, dev, metric = 0, nexthops = [] } = route;
    if (dst !== 'default' || !/^(main|254)$/.test(table) || type !== 'unicast') continue;
    for (const name of [dev, ...nexthops.map(hop => hop.dev)]) {
      if (name === undefined || !isKept(name)) continue;
      all.add(name);
      if (isLearnt(route)) learnt.set(name, Math.min(metric, learnt.get(name) ?? Infinity));
    }
  }
  return { learnt, all };
}

/** Without a default route while another interface has one: its own would take packets from that. */
function fromRoutes(name: string, { learnt, all }: DefaultsOfLinks): AcceptRaInput {
  const metric = learnt.get(name);
  if (metric !== undefined) return { metric };
  return all.size > 0 && !all.has(name) ? { useGateway: false } : {};
}

/** @param address that was leased */
export function leasePreferencesOf(
  files: CapturedFiles,
  name: string,
  index: number,
  defaults: DefaultsOfLinks,
  address: string | undefined,
): Omit<DhcpInput, 'clientId'> {
  const networkd = sectionOf(files[`networkd/${index}`], 'DHCPv4', 'DHCP');
  const nm = sectionOf(files[`nm/${index}`], 'ipv4');
  return defined({
    address,
    ...fromRoutes(name, defaults),
    ...inWords(networkd, nm, 'UseRoutes'),
    useHostName: isNo(networkd['UseHostname']) ? false : undefined,
  });
}

export function advertisementPreferencesOf(
  files: CapturedFiles,
  name: string,
  index: number,
  defaults: DefaultsOfLinks,
): AcceptRaInput {
  const kernel = (setting: string) =>
    (files['sysctl'] ?? '').includes(`${name} accept_ra `) &&
    !(files['sysctl'] ?? '').split('\n').includes(`${name} accept_ra 0`) &&
    (files['sysctl'] ?? '').split('\n').includes(`${name} ${setting} 0`);
  const networkd = sectionOf(files[`networkd/${index}`], 'IPv6AcceptRA');
  const nm = sectionOf(files[`nm/${index}`], 'ipv6');
  const { metric, ...routes } = fromRoutes(name, defaults);
  return defined({
    // The kernel's own (net/ipv6/ndisc.c, IP6_RT_PRIO_USER).
    metric: metric === 1024 || metric === 0 ? undefined : metric,
    ...routes,
    ...(kernel('accept_ra_defrtr') && { useGateway: false }),
    ...(kernel('accept_ra_mtu') && { useMtu: false }),
    ...inWords(networkd, nm, 'UseRoutePrefix'),
  });
}

export function requiredForOnline(files: CapturedFiles, index: number): false | undefined {
  return isNo(sectionOf(files[`networkd/${index}`], 'Link')['RequiredForOnline']) ? false : undefined;
}

type Section = Readonly<Record<string, unknown>>;

function inWords(networkd: Section, nm: Section, useRoutes: string): AcceptRaInput {
  return defined({
    useGateway: isNo(networkd['UseGateway']) || isYes(nm['never-default']) ? false : undefined,
    useRoutes: isNo(networkd[useRoutes]) || isYes(nm['ignore-auto-routes']) ? false : undefined,
    useDns: isNo(networkd['UseDNS']) || isYes(nm['ignore-auto-dns']) ? false : undefined,
    useMtu: isNo(networkd['UseMTU']) ? false : undefined,
  });
}

/**
 * The first of the sections that is there; of several settings the last counts, as in both formats for single values. Lists,
 * which `ini` would cut, are not asked for here (capture/dns.ts).
 */
function sectionOf(text: string | undefined, ...names: readonly string[]): Section {
  if (text === undefined) return {};
  const sections = parse(text) as Readonly<Record<string, unknown>>;
  const found = names.map(name => sections[name]).find(each => typeof each === 'object' && each !== null);
  return (found ?? {}) as Section;
}

/** systemd.syntax(7), booleans; RequiredForOnline= may have a state in place of "yes". */
function isNo(value: unknown): boolean {
  return value === false || /^(0|no|n|false|f|off)$/i.test(String(value));
}

function isYes(value: unknown): boolean {
  return value === true || /^(1|yes|true)$/i.test(String(value));
}
