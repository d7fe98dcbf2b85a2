import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { limits } from './limits.ts';
import { line } from './text.ts';

/**
 * The network: one model for what people write, for what is captured from the system that was left, for `ip -batch`
 * (plan/network.ts) and for the networkd units of the installed system (plan/runtime-info.ts).
 */

/** Without a zone ("%eth0"), which names a link of another machine. */
const address = line(limits.word).refine(isAddress, 'is no IPv4 or IPv6 address');

function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

/** "192.0.2.7/24" or "2001:db8::7/64": the field's usual spelling, as in `ip address add`. */
const addressWithPrefix = line(limits.word).refine(
  isAddressWithPrefix,
  'is no address with a prefix length, such as 192.0.2.7/24',
);

function isAddressWithPrefix(value: string): boolean {
  const [host = '', prefix = '', ...rest] = value.split('/');
  if (rest.length > 0 || !isAddress(host) || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (isIPv4(host) ? 32 : 128);
}

const mac = line(limits.word)
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 'is no MAC address, such as 52:54:00:12:34:56')
  .transform(value => value.toLowerCase());

/**
 * Linux: IFNAMSIZ is 16 with the NUL; no slash, no white space, no colon (net/core/dev.c, dev_valid_name). The kernel would
 * take more characters, but a quote ends `ip -batch` and what comes after it, "#" is a comment there (iproute2, lib/utils.c,
 * makeargs), and "*" and "%" mean something to networkd.
 */
const interfaceName = line(limits.word).regex(
  /^(?!\.{1,2}$)[\w.@+-]{1,15}$/,
  'is no interface name: 1 to 15 letters, digits, dots, dashes, "_", "@" or "+"',
);

const unsigned32 = z.number().int().min(0).max(4294967295);
const milliseconds = z.number().int().min(0).max(2147483647);
/** ip-route(8): numbers only, since names are those of /etc/iproute2/rt_tables of one machine. */
const table = z.number().int().min(1).max(4294967295).describe('number of a routing table; 254 is main');
const mtu = z.number().int().min(68).max(65535);

export const routeTypes = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'] as const;

export const nextHopSchema = z
  .strictObject({
    gateway: address.optional(),
    interface: interfaceName.optional().describe('without it, the interface to which the route belongs'),
    onlink: z.boolean().optional(),
    weight: z.number().int().min(1).max(256).optional(),
  })
  .refine(
    value => value.gateway !== undefined || value.interface !== undefined,
    'needs a gateway or an interface',
  );

export const routeSchema = z
  .strictObject({
    destination: z
      .union([z.literal('default'), addressWithPrefix])
      .describe('"default", or a network with prefix length'),
    gateway: address.optional().describe('an IPv4 network may have an IPv6 gateway (RFC 8950)'),
    onlink: z
      .boolean()
      .optional()
      .describe(
        'the gateway is reached directly, although no address of ours is in its network (ip-route(8))',
      ),
    metric: unsigned32.optional(),
    table: table.optional(),
    type: z.enum(routeTypes).optional().describe('of a route that leads nowhere'),
    source: address.optional().describe('address that packets are sent from ("src" of ip-route(8))'),
    scope: z.enum(['global', 'link', 'host']).optional().describe('without it, as ip-route(8) chooses'),
    mtu: mtu.optional(),
    advmss: z.number().int().min(1).max(65535).optional().describe('TCP segment size that is advertised'),
    nexthops: z
      .array(nextHopSchema)
      .min(2)
      .max(limits.nexthops)
      .optional()
      .describe('several ways at once (multipath)'),
  })
  .refine(
    value => value.gateway === undefined || value.nexthops === undefined,
    'has a gateway beside "nexthops"',
  )
  .refine(
    value =>
      (value.type ?? 'unicast') === 'unicast' ||
      (value.gateway === undefined && value.nexthops === undefined),
    'leads nowhere, and yet has a gateway',
  );

/** A route that belongs to no interface alone. */
const freeRouteSchema = routeSchema.refine(
  value =>
    (value.type ?? 'unicast') !== 'unicast' ||
    value.nexthops?.every(hop => hop.interface !== undefined) === true,
  'belongs to an interface: put it there, or give an interface for each of "nexthops"',
);

/** ip-rule(8) */
export const ruleSchema = z
  .strictObject({
    priority: unsigned32.optional(),
    family: z
      .union([z.literal(4), z.literal(6)])
      .optional()
      .describe('needed where no address tells it'),
    not: z.boolean().optional().describe('the rule is for packets that do not match'),
    from: addressWithPrefix.optional(),
    to: addressWithPrefix.optional(),
    fwmark: unsigned32.optional(),
    fwmask: unsigned32.optional(),
    iif: interfaceName.optional(),
    oif: interfaceName.optional(),
    table: table.optional(),
    type: z.enum(['blackhole', 'unreachable', 'prohibit']).optional(),
    suppressPrefixLength: z.number().int().min(0).max(128).optional(),
  })
  .refine(
    value => (value.table === undefined) !== (value.type === undefined),
    'needs a table, or else a type',
  )
  .refine(
    value => value.family !== undefined || value.from !== undefined || value.to !== undefined,
    'needs a family, 4 or 6, since it names no address',
  )
  .refine(
    ({ family, from, to }) =>
      new Set(
        [family, ...[from, to].map(network => network && (isIPv6(network.split('/')[0]!) ? 6 : 4))].filter(
          Boolean,
        ),
      ).size <= 1,
    'mixes IPv4 and IPv6',
  );

export const bondModes = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
] as const;

const members = z
  .array(z.union([interfaceName, mac]))
  .max(limits.members)
  .describe('interfaces by their name in this list, by the name they have here, or by MAC address');

/** Linux: Documentation/networking/bonding.rst; units are milliseconds. */
export const bondSchema = z.strictObject({
  members: members.min(1),
  mode: z.enum(bondModes),
  miimon: milliseconds.optional(),
  updelay: milliseconds.optional(),
  downdelay: milliseconds.optional(),
  arpInterval: milliseconds.optional(),
  arpIpTargets: z.array(address).max(limits.arpIpTargets).optional(),
  primary: interfaceName.optional(),
  primaryReselect: z.enum(['always', 'better', 'failure']).optional(),
  failOverMac: z.enum(['none', 'active', 'follow']).optional(),
  lacpRate: z.enum(['slow', 'fast']).optional(),
  adSelect: z.enum(['stable', 'bandwidth', 'count']).optional(),
  xmitHashPolicy: z
    .enum(['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'])
    .optional(),
  minLinks: z.number().int().min(0).max(255).optional(),
});

export const vlanSchema = z.strictObject({
  link: z.union([interfaceName, mac]).describe('interface that carries it'),
  id: z.number().int().min(0).max(4094),
  protocol: z.enum(['802.1Q', '802.1ad']).default('802.1Q'),
});

export const bridgeSchema = z.strictObject({
  members,
  stp: z.boolean().default(false),
  forwardDelay: z.number().int().min(0).max(30).optional().describe('seconds'),
  priority: z.number().int().min(0).max(65535).optional(),
  vlanFiltering: z.boolean().optional(),
});

/** "mac" is the hardware address (RFC 2132, 9.14); "none" sends no identifier, as ISC's dhclient does. */
const clientId = line(limits.clientId)
  .regex(/^(mac|none|[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2})+)$/, 'is neither "mac" nor "none" nor hexadecimal')
  .transform(value =>
    value === 'mac' || value === 'none' ? value : value.toLowerCase().replaceAll(':', ''),
  );

/** What is taken of a lease or of a router advertisement; without a word, all of it. Names are networkd's (systemd.network(5)). */
const uses = {
  metric: unsigned32
    .optional()
    .describe('of the routes that are learnt: of two default routes the one with the lower metric wins'),
  useGateway: z.boolean().optional().describe('false: no default route is taken'),
  useRoutes: z.boolean().optional().describe('false: no routes are taken, and no default route'),
  useDns: z.boolean().optional().describe('false: no name servers and search domains are taken'),
  useMtu: z.boolean().optional().describe('false: the MTU is not taken'),
};

const dhcpSchema = z.strictObject({
  clientId: clientId.default('mac'),
  address: line(limits.word)
    .refine(isIPv4, 'is no IPv4 address')
    .optional()
    .describe('is asked for again, as a wish (RFC 2132, 9.1)'),
  ...uses,
  useHostName: z.boolean().optional().describe('false: the installed system takes no host name'),
});

const acceptRaSchema = z.strictObject(uses);

const addressSchema = z.union([
  addressWithPrefix,
  z
    .strictObject({ address, peer: addressWithPrefix })
    .describe('point to point: "peer" is what is at the other end'),
]);

const dnsSchema = z.strictObject({
  servers: z.array(address).max(limits.nameServers).default([]),
  search: z.array(line(limits.property).min(1)).max(limits.searchDomains).default([]),
});

export const interfaceSchema = z
  .strictObject({
    // One of these three says which interface is meant.
    mac: mac.optional().describe('permanent MAC address; better than the name, which may change'),
    name: interfaceName.optional(),
    /** What an `ip=` parameter without a device means (nfsroot.rst). */
    only: z.literal(true).optional().describe('the only interface with carrier'),
    // One of these three makes an interface that is no hardware.
    bond: bondSchema.optional(),
    vlan: vlanSchema.optional(),
    bridge: bridgeSchema.optional(),
    macAddress: mac.optional().describe('MAC address to set, where it shall not be the permanent one'),
    mtu: mtu.optional(),
    addresses: z
      .array(addressSchema)
      .max(limits.addresses)
      .default([])
      .describe('such as 192.0.2.7/24 or 2001:db8::7/64'),
    routes: z.array(routeSchema).max(limits.routes).default([]),
    dhcp: z.union([z.boolean(), dhcpSchema]).default(false).describe('DHCPv4'),
    acceptRa: z.union([z.boolean(), acceptRaSchema]).default(false).describe('IPv6 router advertisements'),
    requiredForOnline: z
      .boolean()
      .optional()
      .describe('false: the installed system is "online" without this interface'),
    dns: dnsSchema.optional(),
  })
  .refine(
    value => value.only === true || value.mac !== undefined || value.name !== undefined,
    'needs a mac, a name, or "only": true',
  )
  .refine(
    value => value.only !== true || (value.mac === undefined && value.name === undefined),
    'has "only": true beside a mac or a name',
  )
  .refine(value => kindsOf(value).length <= 1, 'is more than one of bond, vlan and bridge')
  .refine(
    value => kindsOf(value).length === 0 || (value.name !== undefined && value.mac === undefined),
    'is no hardware, so it has a name and no mac; "macAddress" sets its address',
  );

function kindsOf(value: { bond?: unknown; vlan?: unknown; bridge?: unknown }): unknown[] {
  return [value.bond, value.vlan, value.bridge].filter(kind => kind !== undefined);
}

export const networkSchema = z.strictObject({
  interfaces: z.array(interfaceSchema).max(limits.interfaces).default([]),
  routes: z
    .array(freeRouteSchema)
    .max(limits.routes)
    .default([])
    .describe('those that belong to no interface: several ways at once, or leading nowhere'),
  rules: z.array(ruleSchema).max(limits.rules).default([]).describe('policy routing (ip-rule(8))'),
  dns: dnsSchema.default({ servers: [], search: [] }),
  allowUnreachableGateways: z
    .boolean()
    .default(false)
    .describe('install also when no configured gateway answers, for a machine that will be moved'),
});

export type NetworkConfig = z.output<typeof networkSchema>;
/** The same as people write it. */
export type NetworkInput = z.input<typeof networkSchema>;
export type InterfaceConfig = z.output<typeof interfaceSchema>;
export type InterfaceInput = z.input<typeof interfaceSchema>;
export type AddressConfig = z.output<typeof addressSchema>;
export type RouteConfig = z.output<typeof routeSchema>;
export type RouteInput = z.input<typeof routeSchema>;
export type NextHopConfig = z.output<typeof nextHopSchema>;
export type RuleConfig = z.output<typeof ruleSchema>;
export type BondConfig = z.output<typeof bondSchema>;
export type VlanConfig = z.output<typeof vlanSchema>;
export type BridgeConfig = z.output<typeof bridgeSchema>;
export type DhcpConfig = InterfaceConfig['dhcp'];
export type DhcpInput = z.input<typeof dhcpSchema>;
export type AcceptRaInput = z.input<typeof acceptRaSchema>;
