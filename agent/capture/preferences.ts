import { parse } from 'ini';
import type { AcceptRaInput, DhcpInput } from '../config/schema.ts';
import type { CapturedRoute } from './ip-json.ts';
import { defined } from './links.ts';
import type { CapturedFiles } from './types.ts';

/**
 * Finds which parts of its lease and of router advertisements an interface of the old system used. The evidence: its routes,
 * which every client sets, the kernel's settings ("sysctl"), and the settings of systemd-networkd (systemd.network(5)) and
 * NetworkManager (nm-settings-keyfile(5)).
 */

export interface DefaultsOfLinks {
  /** Lowest metric of each interface's default routes from a lease or a router, in the main table. */
  learnt: ReadonlyMap<string, number>;
  /** Restored interfaces with a default route in the main table, from any origin. */
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

/** An interface without a default route, while another has one, must not get one: it would divert packets. */
function fromRoutes(name: string, { learnt, all }: DefaultsOfLinks): AcceptRaInput {
  const metric = learnt.get(name);
  if (metric !== undefined) return { metric };
  return all.size > 0 && !all.has(name) ? { useGateway: false } : {};
}

/** @param address the leased address */
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
    // The kernel's default is 1024 (net/ipv6/ndisc.c, IP6_RT_PRIO_USER).
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
 * The first section that exists. If a key is repeated, the last value wins, as in both formats for single values. Do not read
 * lists with it: `ini` would truncate them (see capture/dns.ts).
 */
function sectionOf(text: string | undefined, ...names: readonly string[]): Section {
  if (text === undefined) return {};
  const sections = parse(text) as Readonly<Record<string, unknown>>;
  const found = names.map(name => sections[name]).find(each => typeof each === 'object' && each !== null);
  return (found ?? {}) as Section;
}

/** systemd.syntax(7), booleans; RequiredForOnline= may have a state instead of "yes". */
function isNo(value: unknown): boolean {
  return value === false || /^(0|no|n|false|f|off)$/i.test(String(value));
}

function isYes(value: unknown): boolean {
  return value === true || /^(1|yes|true)$/i.test(String(value));
}
