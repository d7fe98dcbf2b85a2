import { isIPv6 } from 'node:net';
import type { AddressConfig } from '../config/schema.ts';
import type { CapturedAddress, CapturedRoute } from './ip-json.ts';
import type { KnownLink } from './links.ts';
import type { LeftOut } from './types.ts';

export interface SortedAddresses {
  name: string;
  /** Addresses that the configuration sets, in the order in which to add them. */
  addresses: AddressConfig[];
  leased: boolean;
  /** The first leased address, without prefix length. */
  lease?: string;
  advertised: boolean;
  warnings: string[];
  leftOut: LeftOut[];
}

/** Routes from leases, and interfaces with routes from router advertisements. */
export interface LearntRoutes {
  leases: ReadonlyMap<string, readonly CapturedRoute[]>;
  advertised: ReadonlySet<string>;
}

export function learntRoutes(
  routes4: readonly CapturedRoute[],
  routes6: readonly CapturedRoute[],
): LearntRoutes {
  const leases = new Map<string, CapturedRoute[]>();
  for (const route of routes4) {
    if (route.protocol !== 'dhcp' || route.dev === undefined) continue;
    const own = leases.get(route.dev);
    if (own === undefined) leases.set(route.dev, [route]);
    else own.push(route);
  }
  const ways = routes6
    .filter(({ protocol }) => protocol === 'ra')
    .flatMap(route => [route.dev, ...(route.nexthops ?? []).map(({ dev }) => dev)]);
  return { leases, advertised: new Set(ways.filter(name => name !== undefined)) };
}

/** Separates an interface's configured addresses from those that a DHCP server or a router assigned. */
export function sortAddresses(
  { kind, link, addresses }: KnownLink,
  known: ReadonlyMap<string, KnownLink>,
  { leases, advertised }: LearntRoutes,
): SortedAddresses {
  const name = link.ifname;
  const result: SortedAddresses = {
    name,
    addresses: [],
    leased: false,
    advertised: false,
    warnings: [],
    leftOut: [],
  };
  const enslaved = known.has(link.master ?? '');
  const v4 = addresses.filter(({ family }) => family === 'inet');
  const own = leases.get(name) ?? [];
  // An address with an infinite lease has no lifetime; only the routes of the lease identify it.
  const leasedFor = (address: CapturedAddress) =>
    address.dynamic === true ||
    (own.length > 0 &&
      (own.some(({ prefsrc }) => prefsrc === address.local) ||
        (v4.length === 1 && own.every(({ prefsrc }) => prefsrc === undefined))));
  result.advertised = advertised.has(name);
  for (const address of addresses) {
    const { local = '', prefixlen, family } = address;
    const text = `${local}/${prefixlen}`;
    const leaveOut = (why: string) => result.leftOut.push({ name: `${text} on ${name}`, why });
    if (kind === 'loopback' && (local.startsWith('127.') || local === '::1')) continue;
    if (family === 'inet' && leasedFor(address)) {
      result.leased = true;
      if (local !== '') result.lease ??= local;
      continue;
    }
    if (family === 'inet6' && address.scope === 'link') {
      // The kernel derives one from the MAC address again; NetworkManager and networkd may have added another.
      if (enslaved || isFromMac(local, link.address) || address.dadfailed) continue;
    } else if (enslaved) {
      leaveOut(`${name} belongs to ${link.master}, which has the addresses`);
      continue;
    }
    if (family === 'inet6' && address.dynamic) result.advertised = true;
    if (address.temporary) continue;
    if (address.deprecated || address.preferred_life_time === 0) {
      leaveOut('is deprecated');
      continue;
    }
    if (address.dadfailed) {
      leaveOut('is in use by another machine');
      continue;
    }
    if (family === 'inet6' && address.dynamic) {
      if (isFromMac(local, link.address) && prefixlen !== 128) continue;
      // DHCPv6 assigned it, or the old system derived it from a secret: router advertisements do not restore it.
      if (prefixlen === 128) {
        result.warnings.push(
          `${name}: ${local} was leased by DHCPv6; it is kept, and its lease is not renewed`,
        );
      }
    }
    const peer = address.address;
    result.addresses.push(
      peer === undefined || peer === local ? text : { address: local, peer: `${peer}/${prefixlen}` },
    );
  }
  // The kernel lists the IPv6 address that was added last first (net/ipv6/addrconf.c, ipv6_link_dev_addr).
  const isV4 = (address: AddressConfig) => isIPv4Text(address);
  result.addresses = [
    ...result.addresses.filter(isV4),
    ...result.addresses.filter(address => !isV4(address)).reverse(),
  ];
  return result;
}

/** Whether the interface identifier is the modified EUI-64 of the MAC address (RFC 4291, appendix A). */
function isFromMac(address: string, mac: string | undefined): boolean {
  const bytes = (mac ?? '').split(':').map(byte => parseInt(byte, 16));
  if (bytes.length !== 6 || bytes.some(Number.isNaN)) return false;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const made = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  // The interface identifier is never in dotted form; "::" abbreviates the missing groups of zeros.
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map(group => parseInt(group, 16)));
  const rest = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - rest.length;
  const all = [...groups(head), ...Array<number>(Math.max(0, zeros)).fill(0), ...rest];
  return all.slice(-4).every((group, index) => group === made[index]);
}

export function hostOf(address: AddressConfig): string {
  return typeof address === 'string' ? address.split('/')[0]! : address.address;
}

export function isIPv4Text(address: AddressConfig): boolean {
  return !isIPv6(hostOf(address));
}
