import { isIPv4, isIPv6 } from 'node:net';
import { interfaceSchema, type InterfaceInput, type NetworkInput } from '../../schema.ts';

/** Parts of a network, from values of any type; what is not valid is left out with a note. Pure. */

export interface Address {
  /** With or without a prefix length. */
  address: unknown;
  /** Bits, or an IPv4 netmask; without it, that of `address`, else a whole address. */
  prefix?: unknown;
  gateway?: unknown;
}

/** An interface before it was checked; null if nothing selects it. */
export type Draft = InterfaceInput | null;

export interface DnsDraft {
  servers?: readonly unknown[];
  search?: readonly unknown[];
}

/** @param who the card's MAC address or, without one, its name */
export function cardOf(
  { mac, name }: { mac?: unknown; name?: unknown },
  addresses: readonly Address[],
  rest: Partial<InterfaceInput> = {},
): Draft {
  const selector =
    typeof mac === 'string' && mac !== ''
      ? { mac: mac.toLowerCase().replaceAll('-', ':') }
      : typeof name === 'string' && name !== ''
        ? { name }
        : null;
  return selector === null ? null : { ...selector, ...withAddresses(addresses), ...rest };
}

/** Addresses with prefix lengths, and a default route for each gateway, of which only one for each family counts. */
export function withAddresses(given: readonly Address[]): Pick<InterfaceInput, 'addresses' | 'routes'> {
  const addresses = given.flatMap(({ address, prefix }) => addressWithPrefix(address, prefix) ?? []);
  const gateways = given.flatMap(({ gateway }) => (isAddress(gateway) ? [gateway] : []));
  const routes = [gateways.find(isIPv4), gateways.find(gateway => isIPv6(gateway))].flatMap(gateway =>
    gateway === undefined ? [] : [{ destination: 'default', gateway }],
  );
  return {
    ...(addresses.length > 0 ? { addresses: [...new Set(addresses)] } : {}),
    ...(routes.length > 0 ? { routes } : {}),
  };
}

export function isAddress(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('%') && (isIPv4(value) || isIPv6(value));
}

/** "192.0.2.7/24"; null if it is not an address. */
export function addressWithPrefix(address: unknown, prefix?: unknown): string | null {
  if (typeof address !== 'string') return null;
  const [host = '', own] = address.trim().split('/');
  if (!isAddress(host)) return null;
  const bits = prefixBits(prefix ?? own, host);
  return bits === null ? null : `${host}/${bits}`;
}

function prefixBits(prefix: unknown, host: string): number | null {
  const longest = isIPv4(host) ? 32 : 128;
  if (prefix === undefined || prefix === null || prefix === '') return longest;
  if (typeof prefix === 'string' && isIPv4(prefix)) return longest === 32 ? maskBits(prefix) : null;
  // "ffff:ffff:ffff:ffff::": OpenStack's netmask of IPv6.
  if (typeof prefix === 'string' && isIPv6(prefix)) return longest === 128 ? maskBits6(prefix) : null;
  const bits = typeof prefix === 'string' && /^\d{1,3}$/.test(prefix) ? Number(prefix) : prefix;
  return typeof bits === 'number' && Number.isInteger(bits) && bits >= 0 && bits <= longest ? bits : null;
}

function maskBits(mask: string): number | null {
  return leadingOnes(mask.split('.').map(byte => Number(byte).toString(2).padStart(8, '0')).join('')); // prettier-ignore
}

function maskBits6(mask: string): number | null {
  const [head = '', tail] = mask.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  const bits = [...first, ...(tail === undefined ? [] : zeros), ...last];
  return leadingOnes(bits.map(group => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join(''));
}

function leadingOnes(bits: string): number | null {
  const ones = /^1*/.exec(bits)![0].length;
  return bits.includes('1', ones) ? null : ones;
}

/** Keeps the valid interfaces; undefined if none is left. */
export function networkOf(
  drafts: readonly Draft[],
  { servers = [], search = [] }: DnsDraft,
  notes: string[],
): NetworkInput | undefined {
  const valid = drafts.filter(
    (draft): draft is InterfaceInput => draft !== null && interfaceSchema.safeParse(draft).success,
  );
  const lost = drafts.length - valid.length;
  if (lost > 0) notes.push(`${lost} of ${drafts.length} network interfaces are left out: they are not valid`);
  if (valid.length === 0) return undefined;
  const addresses = [...new Set(servers.filter(isAddress))].slice(0, 8);
  const domains = search.filter(
    (name): name is string => typeof name === 'string' && /^[\w.-]{1,253}$/.test(name),
  );
  return {
    interfaces: valid,
    ...(addresses.length + domains.length > 0
      ? { dns: { ...(addresses.length > 0 ? { servers: addresses } : {}), ...(domains.length > 0 ? { search: domains.slice(0, 8) } : {}) } }
      : {}),
  };
} // prettier-ignore
