import { routeRows } from '../../config/schema/route-attributes.ts';
import type { InterfaceInput, NetworkInput } from '../../config/schema.ts';
import type {
  RuntimeInterface,
  RuntimeNetwork,
  RuntimeRoute,
  RuntimeRule,
} from '../host-flake/runtime-types.ts';

/**
 * The network of runtime-info.json as configuration: the rescue system of an installed machine has the machine's own addresses. It is
 * the opposite of runtime-network.ts; a test compares what is planned from both.
 */
export function machineNetwork({ interfaces, dns }: RuntimeNetwork): NetworkInput {
  return {
    interfaces: interfaces.map(each => interfaceOf(each, interfaces)),
    rules: interfaces.flatMap(({ rules }) => rules.map(ruleOf)),
    dns: { servers: [...dns.servers], search: [...dns.search] },
  };
}

type RouteInput = NonNullable<InterfaceInput['routes']>[number];
type RuleInput = NonNullable<NetworkInput['rules']>[number];

function interfaceOf(own: RuntimeInterface, all: readonly RuntimeInterface[]): InterfaceInput {
  const { mac, name, mtu, macAddress, requiredForOnline, dns } = own;
  return {
    // Both: rules and routes call a card by the name that it has in the installed system.
    ...(mac === null ? {} : { mac }),
    name,
    ...virtual(own, all),
    ...(macAddress === null ? {} : { macAddress }),
    ...(mtu === null ? {} : { mtu }),
    addresses: own.addresses.map(({ address, peer }) =>
      peer === null ? address : { address: address.split('/')[0]!, peer },
    ),
    routes: own.routes.map(routeOf),
    dhcp: own.dhcp && { clientId: clientIdOf(own), ...own.lease },
    acceptRa: own.acceptRa && { ...own.advertisements },
    ...(requiredForOnline === null ? {} : { requiredForOnline }),
    ...(dns === null ? {} : { dns: { servers: [...dns.servers], search: [...dns.search] } }),
  };
}

function virtual(own: RuntimeInterface, all: readonly RuntimeInterface[]): Partial<InterfaceInput> {
  const { kind, name, options } = own;
  const namesOf = (some: readonly RuntimeInterface[]) => some.map(each => each.name);
  switch (kind) {
    case 'bond': {
      const members = all.filter(({ bond }) => bond === name);
      const [primary] = namesOf(members.filter(each => each.primary));
      const bond = { ...options, members: namesOf(members), ...(primary === undefined ? {} : { primary }) };
      return { bond: bond as InterfaceInput['bond'] };
    }
    case 'vlan': {
      const [link] = namesOf(all.filter(({ vlans }) => vlans.includes(name)));
      return { vlan: { ...options, link } as InterfaceInput['vlan'] };
    }
    case 'bridge': {
      const members = namesOf(all.filter(({ bridge }) => bridge === name));
      return { bridge: { ...options, members } };
    }
    default:
      return {};
  }
}

/** RFC 4361: type 255, IAID, DUID. */
function clientIdOf({ clientId }: RuntimeInterface): string {
  if (clientId === 'mac') return clientId;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return `ff${hex(clientId.iaid, 8)}${hex(clientId.duidType, 4)}${clientId.duid.replaceAll(':', '')}`;
}

function routeOf(route: RuntimeRoute): RouteInput {
  const { destination, gateway, onlink, type, nexthops } = route;
  const attributes = routeRows.flatMap(([name]) => (route[name] === null ? [] : [[name, route[name]]]));
  return {
    destination: destination === '0.0.0.0/0' || destination === '::/0' ? familyDefault(route) : destination,
    ...(gateway === null ? {} : { gateway }),
    ...(onlink ? { onlink } : {}),
    ...(type === null ? {} : { type }),
    ...Object.fromEntries(attributes),
    ...(nexthops.length === 0 ? {} : { nexthops: nexthops.map(nextHopOf) }),
  } as RouteInput;
}

/** "default" has the family of its gateway; without a gateway, the network itself says it. */
function familyDefault({ destination, gateway, nexthops }: RuntimeRoute): string {
  const hop = gateway ?? nexthops[0]?.split('@')[0];
  return hop !== undefined && hop.includes(':') === destination.includes(':') ? 'default' : destination;
}

/** systemd.network(5), MultiPathRoute=: "ADDRESS@NAME WEIGHT". */
function nextHopOf(text: string): object {
  const [hop = '', weight] = text.split(' ');
  const [gateway, name] = hop.split('@');
  return { gateway, interface: name, ...(weight === undefined ? {} : { weight: Number(weight) }) };
}

function ruleOf(rule: RuntimeRule): RuleInput {
  const { family, not, fwmark, ...rest } = rule;
  const [mark, mask] = (fwmark ?? '').split('/');
  const given = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    family: family === 'ipv6' ? 6 : 4,
    ...(not ? { not } : {}),
    ...(mark ? { fwmark: Number(mark) } : {}),
    ...(mask === undefined ? {} : { fwmask: Number(mask) }),
    ...Object.fromEntries(given),
  };
}
