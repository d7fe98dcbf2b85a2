import type { InterfaceInput, NetworkInput } from '../config/schema.ts';
import { addressJson, linkJson, readJson, routeJson, ruleJson } from './ip-json.ts';
import type { CapturedRoute } from './ip-json.ts';
import { hostOf, isIPv4Text, learntRoutes, sortAddresses, type SortedAddresses } from './addresses.ts';
import { dnsOf } from './dns.ts';
import { clientIdOf, leasedByUdhcpc } from './leases.ts';
import { bondOf, bridgeOf, defined, knownLinks, mtuOf, vlanOf, type KnownLink } from './links.ts';
import {
  advertisementPreferencesOf,
  defaultsOf,
  leasePreferencesOf,
  requiredForOnline,
} from './preferences.ts';
import {
  comesByItself,
  sortRoutes,
  sortRules,
  tableNumbers,
  type RouteContext,
  type SortedRoutes,
} from './routes.ts';
import { shown } from './shown.ts';
import type { CapturedFiles, LeftOut } from './types.ts';
import { onlyValid } from './valid.ts';

/**
 * Converts what `run` captured on the old system to a network configuration that restores the same addresses. Pure.
 *
 * The result contains what was configured. The kernel, routers and DHCP servers provide the rest again, so it becomes a request
 * to them. The result lists by name everything that dabei cannot rebuild.
 */

export interface CapturedNetwork {
  network: NetworkInput;
  warnings: string[];
  leftOut: LeftOut[];
}

/** Characters. */
const longestNote = 400;

/**
 * @param files output of `ip -json -details link`, `… address`, `… -4|-6 route show table all` and `ip -json -4|-6 rule`; any may
 *   be missing
 */
export function networkFromCapture(files: CapturedFiles): CapturedNetwork {
  const warnings: string[] = [];
  const read = <T>(schema: Parameters<typeof readJson<T>>[0], name: string) => {
    const { items, problem } = readJson(schema, files[name]);
    if (problem !== null) warnings.push(`${name} of the old system ${problem}`);
    return items;
  };
  const addresses = read(addressJson, 'addr.json');
  const captured = read(linkJson, 'link.json');
  const links = captured.length > 0 ? captured : addresses;
  const routes4 = read(routeJson, 'route-4.json');
  const routes6 = read(routeJson, 'route-6.json');
  const rules4 = read(ruleJson, 'rule-4.json');
  const rules6 = read(ruleJson, 'rule-6.json');

  const has = (name: string) => files[name] !== undefined;
  const byName = new Map(
    addresses.map(({ ifname, addr_info: all }) => [
      ifname,
      leasedByUdhcpc(ifname, all, has)
        ? all.map(each => (each.family === 'inet' ? { ...each, dynamic: true } : each))
        : all,
    ]),
  );
  const { known, leftOut } = knownLinks(links, name => byName.get(name) ?? []);
  const permanent = permanentMacs(files['permaddr'] ?? '', known);
  const learnt = learntRoutes(routes4, routes6);
  const sorted = [...known.values()].map(link => sortAddresses(link, known, learnt));
  const wanted = neededLinks(known, sorted, [...routes4, ...routes6]);
  for (const { kind, link } of known.values()) {
    if (!wanted.has(link.ifname) && kind !== 'loopback' && link.flags.includes('UP')) {
      leftOut.push({ name: link.ifname, why: 'has no address that is configured' });
    }
  }
  const tableOf = tableNumbers(
    files['rt_tables'] ?? '',
    [...routes4, ...routes6, ...rules4, ...rules6].flatMap(({ table }) =>
      table === undefined ? [] : [table],
    ),
  );
  const fullyLeased = new Set(
    sorted.filter(each => each.leased && !each.addresses.some(isIPv4Text)).map(({ name }) => name),
  );
  const context: RouteContext = {
    nameOf: dev => (wanted.has(dev) ? dev : null),
    leased: dev => fullyLeased.has(dev),
    addresses: new Set(sorted.flatMap(each => each.addresses.map(hostOf))),
    tableOf,
  };
  const routes: Record<4 | 6, SortedRoutes> = {
    4: sortRoutes(routes4, 4, context),
    6: sortRoutes(routes6, 6, context),
  };
  const rules = ([4, 6] as const).map(family => {
    const { routes: byLink, free } = routes[family];
    const tables = [...byLink.values(), free].flat().map(({ table }) => table ?? 254);
    return sortRules(family === 4 ? rules4 : rules6, family, new Set([...tables, 253, 254]), context);
  });

  const isKept = (name: string) => wanted.has(name);
  const defaults4 = defaultsOf(routes4, route => comesByItself(route, 4, 254, context), isKept);
  const defaults6 = defaultsOf(routes6, ({ protocol }) => protocol === 'ra', isKept);
  const sortedByName = new Map(sorted.map(each => [each.name, each]));
  const sameMac = new Map<string, number>();
  for (const [name, mac] of permanent) if (wanted.has(name)) sameMac.set(mac, (sameMac.get(mac) ?? 0) + 1);
  const interfaces = [...known.values()].flatMap((link): InterfaceInput[] => {
    const name = link.link.ifname;
    const own = sortedByName.get(name)!;
    if (!wanted.has(name)) return [];
    if ((sameMac.get(permanent.get(name) ?? '') ?? 0) > 1) {
      warnings.push(
        `${name} has the same MAC address as another interface: dabei distinguishes them by name`,
      );
    }
    if (link.kind === 'physical' && !permanent.has(name)) {
      warnings.push(`${name} has no permanent MAC address: dabei recognises it by name`);
    }
    const clientId = own.leased
      ? clientIdOf(
          files,
          link.link,
          link.addresses.map(({ local = '' }) => local),
        )
      : null;
    return [
      defined({
        name,
        mac: permanent.get(name),
        ...structureOf(link),
        macAddress: addressToSet(link, permanent.get(name), known),
        mtu: link.kind === 'loopback' ? undefined : mtuOf(link, known.get(link.link.master ?? '')?.kind),
        addresses: own.addresses.length > 0 ? own.addresses : undefined,
        routes: nonEmpty([4, 6].flatMap(family => routes[family as 4 | 6].routes.get(name) ?? [])),
        dhcp: own.leased
          ? orTrue({
              ...(clientId !== null && clientId !== 'mac' && { clientId }),
              ...leasePreferencesOf(files, name, link.link.ifindex, defaults4, own.lease),
            })
          : undefined,
        acceptRa: own.advertised
          ? orTrue(advertisementPreferencesOf(files, name, link.link.ifindex, defaults6))
          : undefined,
        requiredForOnline: requiredForOnline(files, link.link.ifindex),
      }),
    ];
  });
  for (const { link } of known.values()) {
    if (wanted.has(link.ifname) && filtersVlans(link.linkinfo?.info_data)) {
      warnings.push(`${link.ifname} filters VLANs: it is restored without the VLANs of its ports`);
    }
  }
  const dns = dnsOf(files);
  const all = [...sorted, ...Object.values(routes), ...rules, dns];
  const network = defined({
    interfaces,
    routes: nonEmpty([...routes[4].free, ...routes[6].free]),
    rules: nonEmpty(rules.flatMap(each => each.rules)),
    dns: { servers: dns.servers, search: dns.search },
  });
  const valid = onlyValid(network);
  return {
    network: valid.network,
    warnings: [
      ...warnings,
      ...all.flatMap(each => ('warnings' in each ? each.warnings : [])),
      ...valid.notes,
    ].map(text => shown(text, longestNote)),
    leftOut: [...leftOut, ...all.flatMap(each => ('leftOut' in each ? each.leftOut : []))].map(
      ({ name, why }) => ({ name: shown(name, longestNote), why: shown(why, longestNote) }),
    ),
  };
}

/**
 * Permanent MAC addresses by interface, from lines "eth0 52:54:00:12:34:56" of `permaddr`, or else what `ip` prints for a bond's
 * members (`perm_hwaddr`), `permaddr` of `ip`, or the current address.
 */
function permanentMacs(text: string, known: ReadonlyMap<string, KnownLink>): Map<string, string> {
  const valid = (mac: string | undefined) =>
    mac !== undefined &&
    /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) &&
    !/^(00:){5}00$|^(ff:){5}ff$/i.test(mac)
      ? mac.toLowerCase()
      : undefined;
  const told = new Map(text.split('\n').map(line => line.trim().split(/\s+/) as [string, string]));
  const macs = [...known].flatMap(([name, { kind, link }]): [string, string][] => {
    if (kind !== 'physical') return [];
    const inBond = link.linkinfo?.info_slave_kind === 'bond';
    const mac =
      valid(link.linkinfo?.info_slave_data?.perm_hwaddr) ??
      valid(told.get(name)) ??
      valid(link.permaddr) ??
      // A member's current address is the bond's.
      (inBond ? undefined : valid(link.address));
    return mac === undefined ? [] : [[name, mac]];
  });
  return new Map(macs);
}

/** Interfaces that need configuration, and all interfaces below them. */
function neededLinks(
  known: ReadonlyMap<string, KnownLink>,
  sorted: readonly SortedAddresses[],
  routes: readonly CapturedRoute[],
): Set<string> {
  const needed = new Set<string>();
  const add = (name: string) => {
    if (needed.has(name)) return;
    needed.add(name);
    known.get(name)?.below.forEach(add);
  };
  for (const { name, addresses, leased, advertised } of sorted) {
    if (addresses.length > 0 || leased || advertised) add(name);
  }
  // Routes may use an interface without addresses, if the machine's addresses are on the loopback interface.
  for (const { protocol, type, dev, nexthops } of routes) {
    if (protocol === 'kernel' || type !== 'unicast') continue;
    for (const name of [dev, ...(nexthops ?? []).map(hop => hop.dev)]) {
      if (name !== undefined && known.get(name)?.kind !== 'loopback' && known.has(name)) add(name);
    }
  }
  return needed;
}

function structureOf(link: KnownLink): Pick<InterfaceInput, 'bond' | 'vlan' | 'bridge'> {
  const same = (name: string) => name;
  switch (link.kind) {
    case 'bond':
      return { bond: bondOf(link, same) };
    case 'vlan':
      return { vlan: vlanOf(link, same) };
    case 'bridge':
      return { bridge: bridgeOf(link, same) };
    default:
      return {};
  }
}

/** Bonds and bridges take the MAC address of the first member that joins, so the configuration always sets theirs. */
function addressToSet(
  { kind, link, below }: KnownLink,
  permanent: string | undefined,
  known: ReadonlyMap<string, KnownLink>,
): string | undefined {
  const address = link.address?.toLowerCase();
  switch (kind) {
    case 'bond':
    case 'bridge':
      return address;
    case 'vlan':
      return address === known.get(below[0] ?? '')?.link.address?.toLowerCase() ? undefined : address;
    case 'physical':
      return permanent === undefined || known.get(link.master ?? '')?.kind === 'bond' || address === permanent
        ? undefined
        : address;
    case 'loopback':
      return undefined;
  }
}

function filtersVlans(data: Readonly<Record<string, unknown>> | undefined): boolean {
  return data?.['vlan_filtering'] === 1;
}

/** `true` stands for empty preferences, as in a configuration written by hand. */
function orTrue<T extends object>(preferences: T): T | true {
  return Object.keys(preferences).length > 0 ? preferences : true;
}

function nonEmpty<T>(items: T[]): T[] | undefined {
  return items.length > 0 ? items : undefined;
}
