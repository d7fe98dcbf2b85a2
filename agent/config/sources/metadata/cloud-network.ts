import type { InterfaceInput, NetworkInput } from '../../schema.ts';
import { at, listAt, textAt } from './answers.ts';
import { addressWithPrefix, cardOf, isAddress, networkOf, withAddresses, type Address, type DnsDraft, type Draft } from './network-parts.ts'; // prettier-ignore

/**
 * Networks in cloud-init's formats (cloud-init, "Networking config version 1" and "version 2", the latter a part of netplan's), which
 * NoCloud and Hetzner have. dabei reads cards, bonds, VLANs and bridges with addresses, routes and name servers. Pure.
 *
 * @param value the document, or its "network"
 * @returns undefined if there is none, or if it says what a machine does without one
 */
export function cloudNetwork(value: unknown, notes: string[]): NetworkInput | undefined {
  const network = at(value, 'network') ?? value;
  if (typeof network !== 'object' || network === null) return undefined;
  const version = at(network, 'version');
  if (at(network, 'config') === 'disabled') return undefined;
  // Hetzner's document has "config" and "version" in this order; cloud-init knows a list without a version, too.
  if (version === 1) return version1(listAt(network, 'config'), notes);
  if (version === 2) return version2(network, notes);
  if (Object.keys(network).length > 0) notes.push('the network is left out: its version is neither 1 nor 2');
  return undefined;
}

type Routes = NonNullable<InterfaceInput['routes']>;

function version1(parts: readonly unknown[], notes: string[]): NetworkInput | undefined {
  const macs = new Map(parts.map(part => [textAt(part, 'name'), textAt(part, 'mac_address')?.toLowerCase()]));
  const refer = (name: unknown) => macs.get(String(name)) ?? String(name);
  const dns = { servers: [] as unknown[], search: [] as unknown[] };
  const drafts: Draft[] = [];
  for (const part of parts) {
    const type = textAt(part, 'type');
    if (type === 'nameserver') addDns(dns, [at(part, 'address')].flat(), [at(part, 'search')].flat());
    if (type === 'route') notes.push('a route that belongs to no interface is left out');
    if (type === undefined || ['nameserver', 'route'].includes(type)) continue;
    const subnets = listAt(part, 'subnets');
    for (const subnet of subnets)
      addDns(dns, [at(subnet, 'dns_nameservers')].flat(), [at(subnet, 'dns_search')].flat());
    const types = subnets.map(subnet => textAt(subnet, 'type') ?? '');
    const isAuto6 = types.some(each => /^(dhcp6|ipv6_slaac|ipv6_dhcpv6-)/.test(each));
    const statics = subnets.filter(subnet => /^static6?$/.test(textAt(subnet, 'type') ?? ''));
    const addresses = statics.map(subnet => addressOf(at(subnet, 'address'), at(subnet, 'netmask'), at(subnet, 'gateway'))); // prettier-ignore
    const routes = subnets.flatMap(subnet => listAt(subnet, 'routes').flatMap(route => routeOf(route)));
    const rest = {
      ...(types.some(each => each === 'dhcp' || each === 'dhcp4') ? { dhcp: true } : {}),
      ...(isAuto6 ? { acceptRa: true } : {}),
      ...mtuOf(part),
    };
    drafts.push(draftOf(type, part, refer, addresses, routes, rest));
  }
  return meant(drafts, dns, notes);
}

function draftOf(
  type: string,
  part: unknown,
  refer: (name: unknown) => string,
  addresses: readonly Address[],
  routes: Routes,
  rest: Partial<InterfaceInput>,
): Draft {
  const name = textAt(part, 'name');
  const all = withRoutes(addresses, routes, rest);
  const macAddress = textAt(part, 'mac_address');
  const made = name === undefined ? null : { name, ...all, ...(macAddress === undefined ? {} : { macAddress }) };
  switch (type) {
    case 'physical':
      return cardOf({ mac: macAddress, name }, [], all);
    case 'bond': {
      const mode = at(part, 'params', 'bond-mode') ?? at(part, 'params', 'mode');
      return made && { ...made, bond: bondOf(listAt(part, 'bond_interfaces').map(refer), mode) };
    }
    case 'vlan':
      return made && { ...made, vlan: { link: refer(at(part, 'vlan_link')), id: Number(at(part, 'vlan_id')) } };
    case 'bridge':
      return made && { ...made, bridge: { members: listAt(part, 'bridge_interfaces').map(refer) } };
    default:
      return null;
  }
} // prettier-ignore

function version2(network: unknown, notes: string[]): NetworkInput | undefined {
  const entries = (kind: string) => {
    const parts = at(network, kind);
    return typeof parts === 'object' && parts !== null && !Array.isArray(parts) ? Object.entries(parts) : [];
  };
  const macs = new Map(
    entries('ethernets').map(([id, part]) => [id, textAt(part, 'match', 'macaddress')?.toLowerCase()]),
  );
  const refer = (id: unknown) => macs.get(String(id)) ?? String(id);
  const dns = { servers: [] as unknown[], search: [] as unknown[] };
  const drafts: Draft[] = [];
  for (const kind of ['ethernets', 'bonds', 'vlans', 'bridges'])
    for (const [id, part] of entries(kind)) {
      addDns(dns, listAt(part, 'nameservers', 'addresses'), listAt(part, 'nameservers', 'search'));
      const all = settings2(part);
      const members = listAt(part, 'interfaces').map(refer);
      drafts.push(
        kind === 'ethernets'
          ? cardOf({ mac: macs.get(id), name: textAt(part, 'match', 'name') ?? id }, [], all)
          : kind === 'bonds'
            ? { name: id, ...all, bond: bondOf(members, at(part, 'parameters', 'mode')) }
            : kind === 'vlans'
              ? { name: id, ...all, vlan: { link: refer(at(part, 'link')), id: Number(at(part, 'id')) } }
              : { name: id, ...all, bridge: { members } },
      );
    }
  return meant(drafts, dns, notes);
}

function settings2(part: unknown): Partial<InterfaceInput> {
  const addresses = listAt(part, 'addresses').map(address =>
    addressOf(typeof address === 'string' ? address : Object.keys(Object(address) as object)[0]),
  );
  const gateways = ['gateway4', 'gateway6'].map(key => ({ address: undefined, gateway: at(part, key) }));
  const routes = listAt(part, 'routes').flatMap(routeOf);
  const isAuto6 = at(part, 'dhcp6') === true || at(part, 'accept-ra') === true;
  return withRoutes([...addresses, ...gateways], routes, {
    ...(at(part, 'dhcp4') === true ? { dhcp: true } : {}),
    ...(isAuto6 ? { acceptRa: true } : {}),
    ...mtuOf(part),
  });
}

function addressOf(address: unknown, prefix?: unknown, gateway?: unknown): Address {
  return { address, prefix, gateway };
}

function withRoutes(
  addresses: readonly Address[],
  routes: Routes,
  rest: Partial<InterfaceInput>,
): Partial<InterfaceInput> {
  const parts = withAddresses(addresses);
  const all = [...(parts.routes ?? []), ...routes];
  return { ...parts, ...(all.length > 0 ? { routes: all } : {}), ...rest };
}

/** Version 1: destination or network, netmask, gateway. Version 2: to, via, on-link. */
function routeOf(route: unknown): Routes {
  const to = at(route, 'to') ?? at(route, 'destination') ?? at(route, 'network');
  const gateway = at(route, 'via') ?? at(route, 'gateway');
  const network = to === 'default' ? 'default' : addressWithPrefix(to, at(route, 'netmask') ?? at(route, 'prefix'));
  if (network === null || !isAddress(gateway)) return [];
  const metric = at(route, 'metric');
  return [
    {
      destination: /^(0\.0\.0\.0|::)\/0$/.test(network) ? 'default' : network,
      gateway,
      ...(typeof metric === 'number' ? { metric } : {}),
      ...(at(route, 'on-link') === true ? { onlink: true } : {}),
    },
  ];
} // prettier-ignore

/** The kernel's names of modes by number (bonding.rst, "mode"). */
const bondModes = ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb'] as const; // prettier-ignore

export function bondOf(members: string[], mode: unknown): NonNullable<InterfaceInput['bond']> {
  const name = /^[0-6]$/.test(String(mode)) ? bondModes[Number(mode)] : mode;
  const known = bondModes.find(each => each === name);
  return { members, mode: known ?? 'balance-rr' };
}

export function mtuOf(part: unknown): { mtu?: number } {
  const mtu = at(part, 'mtu');
  return typeof mtu === 'number' ? { mtu } : {};
}

function addDns(dns: { servers: unknown[]; search: unknown[] }, servers: unknown[], search: unknown[]): void {
  dns.servers.push(...servers);
  dns.search.push(...search);
}

/** Cards that only ask for a lease are what a machine has without a configuration. */
function meant(drafts: readonly Draft[], dns: DnsDraft, notes: string[]): NetworkInput | undefined {
  const isPlain = (draft: Draft) =>
    draft !== null && Object.keys(draft).every(key => ['mac', 'name', 'dhcp', 'acceptRa'].includes(key));
  return drafts.every(isPlain) ? undefined : networkOf(drafts, dns, notes);
}
