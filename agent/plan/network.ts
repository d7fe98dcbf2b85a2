import type { InterfaceConfig, NetworkConfig } from '../config/schema.ts';
import type { Link } from '../facts.ts';
import {
  arrange,
  demote,
  isDefault,
  isIPv6Network,
  planRoutes,
  renderRoute,
  type GatewayCheck,
  type PlannedRoute,
} from './routes.ts';

/** What will be done to the network: pure, from the configuration and the interfaces that are there. */

export interface NetworkPlan {
  /** Lines for `ip -force -batch -` (ip(8)): links up, then addresses, then routes. Each may be repeated harmlessly. */
  batch: string[];
  /** Names of the links that are brought up. */
  links: string[];
  /** The routes of the batch, as data. */
  routes: PlannedRoute[];
  /** Names of links on which DHCPv4 is asked for. */
  dhcp: string[];
  /** Names of links that configure themselves by router advertisements. */
  acceptRa: string[];
  /** Names of links that must not; to be set before they are up. */
  refuseRa: string[];
  /** Names of links whose MTU is given, so that DHCP's does not matter. */
  fixedMtu: string[];
  /** Gateways of the configured default routes. One of them must answer, else `fallbackPlan` is done. */
  gateways: GatewayCheck[];
  /** Contents for /etc/resolv.conf from the configuration alone (resolv.conf(5)); empty when it names no server. */
  resolvConf: string;
  warnings: string[];
  /** At least one address is given by the configuration. */
  static: boolean;
}

/**
 * Plans a configured network.
 *
 * An interface is found by permanent MAC, else by name; two links of the same MAC are not guessed between. A gateway
 * that no address of its link covers gets `onlink`.
 *
 * With nothing configured, or nothing that exists here, every link is brought up, with DHCP and router advertisements
 * on those with carrier. Carrier is known only for links that are up: plan again after that.
 */
export function planNetwork(config: NetworkConfig, links: readonly Link[]): NetworkPlan {
  const warnings: string[] = [];
  const usable = links.filter(link => link.master === undefined);
  const matched = config.interfaces.flatMap(wanted => {
    const link = findLink(wanted, links, warnings);
    return link === null ? [] : [{ wanted, link }];
  });
  const resolvConf = renderResolvConf(config.dns);
  const asks = matched.some(({ wanted }) => wanted.addresses.length > 0 || wanted.dhcp || wanted.acceptRa);
  if (!asks) {
    if (config.interfaces.length > 0) {
      warnings.push(
        'the configuration gives no address to any interface that is here: asking for DHCP on all',
      );
    }
    const listening = names(usable.filter(link => link.carrier));
    return {
      batch: usable.map(link => `link set dev ${link.name} up`),
      links: names(usable),
      routes: [],
      dhcp: listening,
      acceptRa: listening,
      refuseRa: [],
      fixedMtu: [],
      gateways: [],
      resolvConf,
      warnings,
      static: false,
    };
  }
  const used = [...new Set(matched.map(({ link }) => link))];
  const of = (link: Link) => matched.filter(entry => entry.link === link).map(entry => entry.wanted);
  const acceptRa = names(used.filter(link => of(link).some(wanted => wanted.acceptRa)));
  const dhcp = names(used.filter(link => of(link).some(wanted => wanted.dhcp)));
  const mtuOf = (link: Link) => of(link).find(wanted => wanted.mtu !== undefined)?.mtu;
  const addressesOf = (link: Link) => of(link).flatMap(wanted => wanted.addresses);
  for (const link of used) {
    const mtu = mtuOf(link);
    if (mtu !== undefined && mtu < 1280 && addressesOf(link).some(isIPv6Network)) {
      warnings.push(`${link.name}: an MTU of ${mtu} turns IPv6 off, which needs 1280 (RFC 8200, 5)`);
    }
  }
  const routes = arrange(
    used.flatMap(link =>
      planRoutes(
        link,
        of(link).flatMap(wanted => wanted.routes),
        addressesOf(link),
        warnings,
      ),
    ),
  );
  const hasAddress = used.some(link => addressesOf(link).length > 0);
  const hasDefault = routes.some(isDefault);
  const dynamic = dhcp.length > 0 || acceptRa.length > 0;
  if (hasAddress && !hasDefault && !dynamic) warnings.push('there is no default route');
  if (config.dns.servers.length === 0 && !dynamic) {
    warnings.push('no DNS server is given: names cannot be resolved');
  }
  return {
    batch: [
      ...used.map(link => {
        const mtu = mtuOf(link);
        return `link set dev ${link.name} up${mtu === undefined ? '' : ` mtu ${mtu}`}`;
      }),
      ...used.flatMap(link =>
        [...new Set(addressesOf(link))].map(address => renderAddress(address, link.name)),
      ),
      ...routes.map(route => `route replace ${renderRoute(route)}`),
    ],
    links: names(used),
    routes,
    dhcp,
    acceptRa,
    refuseRa: names(used).filter(name => !acceptRa.includes(name)),
    fixedMtu: names(used.filter(link => mtuOf(link) !== undefined)),
    gateways: routes
      .filter(isDefault)
      .flatMap(({ gateway, link }) => (gateway === undefined ? [] : [{ address: gateway, link }])),
    resolvConf,
    warnings,
    static: hasAddress,
  };
}

/**
 * What is done when no configured gateway answers: every link up, DHCP and router advertisements on those with carrier.
 * Static addresses stay. The configured default routes stay too, behind everything that is learnt: a switch port may
 * forward nothing for 30 s after the link comes up (IEEE 802.1D, forward delay), and the gateway may yet answer.
 */
export function fallbackPlan(
  links: readonly Link[],
  plan: Pick<NetworkPlan, 'routes'>,
): Pick<NetworkPlan, 'batch' | 'dhcp' | 'acceptRa'> {
  const usable = links.filter(link => link.master === undefined);
  const listening = names(usable.filter(link => link.carrier));
  return {
    batch: [
      ...usable.map(link => `link set dev ${link.name} up`),
      ...demote(
        plan.routes,
        plan.routes.flatMap(({ gateway, link }) =>
          gateway === undefined ? [] : [{ address: gateway, link }],
        ),
      ),
    ],
    dhcp: listening,
    acceptRa: listening,
  };
}

/** Contents of resolv.conf(5). glibc asks the first three servers, and takes the last "search" line only. */
export function renderResolvConf(dns: NetworkConfig['dns']): string {
  const search = dns.search.flatMap(domains => domains.split(/\s+/)).filter(Boolean);
  return [
    ...(search.length > 0 ? [`search ${[...new Set(search)].join(' ')}\n`] : []),
    ...[...new Set(dns.servers)].map(server => `nameserver ${server}\n`),
  ].join('');
}

/** The link that an entry of the configuration means; null, with a warning, where there is none or more than one. */
export function findLink(wanted: InterfaceConfig, links: readonly Link[], warnings: string[]): Link | null {
  const { mac, name } = wanted;
  const usable = links.filter(link => link.master === undefined);
  if (wanted.only === true) {
    const candidates = usable.length === 1 ? usable : usable.filter(link => link.carrier);
    if (candidates.length === 1) return candidates[0]!;
    warnings.push(
      `the only interface with carrier is meant, but ${candidates.length} have it; ${present(links)}`,
    );
    return null;
  }
  const named = links.find(link => link.name === name || link.altNames?.includes(name ?? ''));
  if (mac !== undefined) {
    const same = usable.filter(link => link.mac === mac);
    if (same.length === 1) return same[0]!;
    if (same.length > 1) {
      if (named !== undefined && same.includes(named)) return named;
      warnings.push(
        `${names(same).join(' and ')} have the same MAC address ${mac}: neither is configured; give a name as well`,
      );
      return null;
    }
    if (named === undefined || named.master !== undefined) {
      warnings.push(`no interface has the MAC address ${mac}; ${present(links)}`);
      return null;
    }
    warnings.push(`no interface has the MAC address ${mac}: taking ${named.name} by its name`);
    return named;
  }
  if (named === undefined) {
    warnings.push(`no interface has the name ${name}; ${present(links)}`);
    return null;
  }
  if (named.master === undefined) return named;
  warnings.push(`${named.name} belongs to ${named.master} and is not configured`);
  return null;
}

function present(links: readonly Link[]): string {
  if (links.length === 0) return 'there is none';
  return `there is ${links.map(link => `${link.name} (${link.mac})`).join(', ')}`;
}

function renderAddress(address: string, link: string): string {
  // Without duplicate address detection (RFC 4862, 5.4) the address can be used at once; a configured address that
  // somebody else has too could not be helped here.
  if (isIPv6Network(address)) return `address replace ${address} dev ${link} nodad`;
  const hasBroadcast = Number(address.split('/')[1]) <= 30;
  return `address replace ${address}${hasBroadcast ? ' broadcast +' : ''} dev ${link}`;
}

function names(links: readonly Link[]): string[] {
  return links.map(link => link.name);
}
