import { isDeepStrictEqual } from 'node:util';
import type { InterfaceInput, NetworkInput } from '../../../agent/config/schema.ts';
import type { CapturedNetwork } from '../../../agent/capture/network.ts';
import type { NetworkWorld } from './world.ts';

/** What of a captured network is not as the world expects it, one line each. */
export function faults({ expect }: NetworkWorld, { network, warnings, leftOut }: CapturedNetwork): string[] {
  const same = (what: string, seen: unknown, wanted: unknown) =>
    isDeepStrictEqual(plain(seen), plain(wanted))
      ? []
      : [`${what} are ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`];
  const told = (what: string, seen: readonly string[], wanted: readonly RegExp[] = []) =>
    seen.length === wanted.length && wanted.every(pattern => seen.some(text => pattern.test(text)))
      ? []
      : [`${what}: ${JSON.stringify(seen)} instead of ${wanted.map(String).join(', ') || 'nothing'}`];
  const sorted = (interfaces: readonly InterfaceInput[] = []) =>
    interfaces.toSorted((a, b) => (a.name! < b.name! ? -1 : 1));
  return [
    ...same('interfaces', sorted(network.interfaces), sorted(expect.interfaces)),
    ...same('routes', network.routes ?? [], expect.routes ?? []),
    ...same('rules', network.rules ?? [], expect.rules ?? []),
    ...same('name servers', network.dns, expect.dns ?? { servers: [], search: [] }),
    ...told('warnings', warnings, expect.warnings),
    ...told(
      'left out',
      leftOut.map(({ name, why }) => `${name}: ${why}`),
      expect.leftOut,
    ),
  ];
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/**
 * A network as far as it must come back where no server and no router answers: without leases and advertisements, and
 * with cards by their MAC addresses, since they may have other names. Where an older system did not tell those, by
 * their names. Without the lease, a gateway in its network is reached as if it were on the link.
 */
export function comparable(network: NetworkInput, { without, expect }: NetworkWorld): unknown {
  const all = network.interfaces ?? [];
  const byName = without?.includes('permaddr') === true;
  const leases = expect.interfaces.some(({ dhcp }) => dhcp !== undefined);
  const nameOf = (name: string) => {
    if (byName) return name;
    const card = all.find(each => each.name === name);
    const twins = all.filter(each => each.mac !== undefined && each.mac === card?.mac);
    return card?.mac === undefined || twins.length > 1 ? name : card.mac;
  };
  const renamed = (text: string | undefined) => (text === undefined ? undefined : nameOf(text));
  const interfaces = all.map(({ dhcp: _, acceptRa: _ra, mac, ...each }) => ({
    ...each,
    mac: byName ? undefined : mac,
    routes: each.routes?.map(route => (leases ? { ...route, onlink: undefined } : route)),
    name: nameOf(each.name!),
    bond: each.bond && {
      ...each.bond,
      members: each.bond.members.map(nameOf),
      primary: renamed(each.bond.primary),
    },
    bridge: each.bridge && { ...each.bridge, members: each.bridge.members.map(nameOf) },
    vlan: each.vlan && { ...each.vlan, link: nameOf(each.vlan.link) },
  }));
  // Without its lease an interface may have nothing left.
  const needed = (name: string): boolean => {
    const own = interfaces.find(each => each.name === name)!;
    const over = interfaces.filter(({ bond, bridge, vlan }) =>
      [...(bond?.members ?? []), ...(bridge?.members ?? []), vlan?.link].includes(name),
    );
    const inRoutes = (network.routes ?? []).some(({ nexthops }) =>
      nexthops?.some(hop => renamed(hop.interface) === name),
    );
    return (
      (own.addresses ?? []).length + (own.routes ?? []).length > 0 ||
      inRoutes ||
      over.some(each => needed(each.name))
    );
  };
  return plain({
    interfaces: interfaces.filter(({ name }) => needed(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    routes: network.routes?.map(route => ({
      ...route,
      nexthops: route.nexthops?.map(hop => ({ ...hop, interface: renamed(hop.interface) })),
    })),
    rules: network.rules?.map(rule => ({ ...rule, iif: renamed(rule.iif), oif: renamed(rule.oif) })),
  });
}
