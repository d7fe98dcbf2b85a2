import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { limits } from './limits.ts';
import { line } from './text.ts';

/**
 * The network: one model for what people write, for what is captured from the system that was left, for `ip -batch`
 * (plan/network/) and for the units of the installed system (plan/host-flake/runtime-network.ts, nix/host-flake/network.nix).
 */

/** Without a zone ("%eth0"), which names a link of another machine. */
const address = line(limits.word).refine(isAddress, 'is not a valid IPv4 or IPv6 address');

function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

/** "192.0.2.7/24" or "2001:db8::7/64": the field's usual spelling, as in `ip address add`. */
const addressWithPrefix = line(limits.word).refine(
  isAddressWithPrefix,
  'is not a valid address with a prefix length, such as 192.0.2.7/24',
);

function isAddressWithPrefix(value: string): boolean {
  const [host = '', prefix = '', ...rest] = value.split('/');
  if (rest.length > 0 || !isAddress(host) || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (isIPv4(host) ? 32 : 128);
}

const mac = line(limits.word)
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 'is not a valid MAC address, such as 52:54:00:12:34:56')
  .transform(value => value.toLowerCase());

/**
 * Linux: IFNAMSIZ is 16 with the NUL; no slash, no white space, no colon (net/core/dev.c, dev_valid_name). The kernel would
 * take more characters, but a quote ends `ip -batch` and what comes after it, "#" is a comment there (iproute2, lib/utils.c,
 * makeargs), and "*" and "%" mean something to networkd.
 */
const interfaceName = line(limits.word).regex(
  /^(?!\.{1,2}$)[\w.@+-]{1,15}$/,
  'is not a valid interface name: 1 to 15 letters, digits, dots, dashes, "_", "@" or "+"',
);

const unsigned32 = z.number().int().min(0).max(4294967295);
const milliseconds = z.number().int().min(0).max(2147483647);
/** ip-route(8): numbers only, since names are those of /etc/iproute2/rt_tables of one machine. */
const table = z.number().int().min(1).max(4294967295).describe('number of a routing table; 254 is main');
const mtu = z.number().int().min(68).max(65535).describe('in bytes');

const routeTypes = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'] as const;

export const nextHopSchema = z
  .strictObject({
    gateway: address.optional().describe('next hop'),
    interface: interfaceName
      .optional()
      .describe('outgoing interface; by default, the one to which the route belongs'),
    onlink: z.boolean().optional().describe('as in a route'),
    weight: z
      .number()
      .int()
      .min(1)
      .max(256)
      .optional()
      .describe('share of the traffic, relative to the other hops'),
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
    gateway: address
      .optional()
      .describe('next hop; a route to an IPv4 network may have an IPv6 gateway (RFC 8950)'),
    onlink: z
      .boolean()
      .optional()
      .describe(
        'the gateway is reached directly, although no address of the interface covers it (ip-route(8))',
      ),
    metric: unsigned32
      .optional()
      .describe('of several routes to the same network, the one with the lowest metric is used'),
    table: table.optional(),
    type: z.enum(routeTypes).optional().describe('all but "unicast" discard packets (ip-route(8))'),
    source: address.optional().describe('preferred source address ("src" of ip-route(8))'),
    scope: z.enum(['global', 'link', 'host']).optional().describe('by default, as ip-route(8) chooses'),
    mtu: mtu.optional(),
    advmss: z.number().int().min(1).max(65535).optional().describe('TCP maximum segment size to advertise'),
    nexthops: z
      .array(nextHopSchema)
      .min(2)
      .max(limits.nexthops)
      .optional()
      .describe('several next hops at once (multipath), in place of gateway'),
  })
  .refine(
    value => value.gateway === undefined || value.nexthops === undefined,
    'has both a gateway and "nexthops"',
  )
  .refine(
    value =>
      (value.type ?? 'unicast') === 'unicast' ||
      (value.gateway === undefined && value.nexthops === undefined),
    'discards packets, but has a gateway',
  );

/** A route that belongs to no interface alone. */
const freeRouteSchema = routeSchema.refine(
  value =>
    (value.type ?? 'unicast') !== 'unicast' ||
    value.nexthops?.every(hop => hop.interface !== undefined) === true,
  'needs an interface: move the route to one, or give an interface for each of "nexthops"',
);

/** ip-rule(8) */
export const ruleSchema = z
  .strictObject({
    priority: unsigned32.optional().describe('rules are tried in ascending order'),
    family: z
      .union([z.literal(4), z.literal(6)])
      .optional()
      .describe('IPv4 or IPv6; required if the rule contains no address'),
    not: z.boolean().optional().describe('the rule applies to packets that do not match'),
    from: addressWithPrefix.optional().describe('network of the source address'),
    to: addressWithPrefix.optional().describe('network of the destination address'),
    fwmark: unsigned32.optional().describe('firewall mark to match'),
    fwmask: unsigned32.optional().describe('bits of the firewall mark that are compared'),
    iif: interfaceName.optional().describe('incoming interface'),
    oif: interfaceName.optional().describe('outgoing interface'),
    table: table.optional(),
    type: z
      .enum(['blackhole', 'unreachable', 'prohibit'])
      .optional()
      .describe('discards matching packets, in place of table'),
    suppressPrefixLength: z
      .number()
      .int()
      .min(0)
      .max(128)
      .optional()
      .describe('ignores routes of the table whose prefix is this long or shorter'),
  })
  .refine(value => (value.table === undefined) !== (value.type === undefined), 'needs a table or a type')
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

const bondModes = [
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
  .describe('member interfaces: by name in this configuration, by present name, or by permanent MAC address');

/** Linux: Documentation/networking/bonding.rst; units are milliseconds. */
export const bondSchema = z.strictObject({
  members: members.min(1),
  mode: z.enum(bondModes).describe('how traffic is distributed'),
  miimon: milliseconds.optional().describe('interval of link checks, in milliseconds'),
  updelay: milliseconds.optional().describe('milliseconds before a link that came up is used'),
  downdelay: milliseconds.optional().describe('milliseconds before a link that went down is disabled'),
  arpInterval: milliseconds.optional().describe('interval of ARP checks, in milliseconds'),
  arpIpTargets: z
    .array(address)
    .max(limits.arpIpTargets)
    .optional()
    .describe('addresses that ARP checks ask for'),
  primary: interfaceName.optional().describe('preferred member'),
  primaryReselect: z
    .enum(['always', 'better', 'failure'])
    .optional()
    .describe('when the bond returns to the primary'),
  failOverMac: z
    .enum(['none', 'active', 'follow'])
    .optional()
    .describe('which MAC address the bond has after failover'),
  lacpRate: z
    .enum(['slow', 'fast'])
    .optional()
    .describe('how often the partner sends LACP packets (802.3ad)'),
  adSelect: z
    .enum(['stable', 'bandwidth', 'count'])
    .optional()
    .describe('how the active aggregator is selected (802.3ad)'),
  xmitHashPolicy: z
    .enum(['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'])
    .optional()
    .describe('which headers select the member for a packet'),
  minLinks: z
    .number()
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('links that must be up before the bond is (802.3ad)'),
});

export const vlanSchema = z.strictObject({
  link: z
    .union([interfaceName, mac])
    .describe('lower device: the interface that carries the VLAN, by name or permanent MAC address'),
  id: z.number().int().min(0).max(4094).describe('VLAN number'),
  protocol: z.enum(['802.1Q', '802.1ad']).default('802.1Q').describe('type of the tag'),
});

export const bridgeSchema = z.strictObject({
  members,
  stp: z.boolean().default(false).describe('spanning tree protocol'),
  forwardDelay: z.number().int().min(0).max(30).optional().describe('seconds before a port forwards'),
  priority: z.number().int().min(0).max(65535).optional().describe('of this bridge in the spanning tree'),
  vlanFiltering: z.boolean().optional().describe('ports forward only packets of their VLANs'),
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
    .describe('of the learnt routes; of two default routes, the one with the lower metric is used'),
  useGateway: z.boolean().optional().describe('false: ignore the default route'),
  useRoutes: z.boolean().optional().describe('false: ignore all routes, the default route included'),
  useDns: z.boolean().optional().describe('false: ignore name servers and search domains'),
  useMtu: z.boolean().optional().describe('false: ignore the MTU'),
};

const dhcpSchema = z.strictObject({
  clientId: clientId
    .default('mac')
    .describe(
      'DHCP client identifier: "mac", "none" to send none, or hexadecimal bytes such as 01:52:54:00:12:34:56',
    ),
  address: line(limits.word)
    .refine(isIPv4, 'is not a valid IPv4 address')
    .optional()
    .describe('address to request; the server may offer another (RFC 2132, 9.1)'),
  ...uses,
  useHostName: z.boolean().optional().describe('false: the installed system ignores the host name'),
});

const acceptRaSchema = z.strictObject(uses);

const addressSchema = z.union([
  addressWithPrefix,
  z
    .strictObject({
      address: address.describe('local address'),
      peer: addressWithPrefix.describe('address of the other end'),
    })
    .describe('a point-to-point address'),
]);

const dnsSchema = z.strictObject({
  servers: z.array(address).max(limits.nameServers).default([]).describe('addresses of name servers'),
  search: z
    .array(line(limits.property).min(1))
    .max(limits.searchDomains)
    .default([])
    .describe('search domains'),
});

export const interfaceSchema = z
  .strictObject({
    // One of these three says which interface is meant.
    mac: mac
      .optional()
      .describe('permanent MAC address of the card; more reliable than its name, which may change'),
    name: interfaceName
      .optional()
      .describe('name of the card, or the name of the bond, VLAN or bridge to create'),
    /** What an `ip=` parameter without a device means (nfsroot.rst). */
    only: z.literal(true).optional().describe('selects the single interface that has a carrier'),
    // One of these three makes an interface that is no hardware.
    bond: bondSchema.optional().describe('creates a bond (bonding.rst)'),
    vlan: vlanSchema.optional().describe('creates a VLAN'),
    bridge: bridgeSchema.optional().describe('creates a bridge'),
    macAddress: mac.optional().describe('MAC address to set, if it should differ from the permanent one'),
    mtu: mtu.optional(),
    addresses: z
      .array(addressSchema)
      .max(limits.addresses)
      .default([])
      .describe('addresses with prefix length, such as 192.0.2.7/24 or 2001:db8::7/64'),
    routes: z.array(routeSchema).max(limits.routes).default([]).describe('routes through this interface'),
    dhcp: z
      .union([z.boolean(), dhcpSchema])
      .default(false)
      .describe('DHCPv4; an object changes what is used of a lease'),
    acceptRa: z
      .union([z.boolean(), acceptRaSchema])
      .default(false)
      .describe('IPv6 router advertisements; an object changes what is used of them'),
    requiredForOnline: z
      .boolean()
      .optional()
      .describe('false: the installed system counts as online without this interface'),
    dns: dnsSchema.optional().describe('name servers that belong to this interface'),
  })
  .refine(
    value => value.only === true || value.mac !== undefined || value.name !== undefined,
    'needs a mac, a name, or "only": true',
  )
  .refine(
    value => value.only !== true || (value.mac === undefined && value.name === undefined),
    'has "only": true together with a mac or a name',
  )
  .refine(value => kindsOf(value).length <= 1, 'sets more than one of bond, vlan and bridge')
  .refine(
    value => kindsOf(value).length === 0 || (value.name !== undefined && value.mac === undefined),
    'is virtual, so it needs a name and no mac; "macAddress" sets its address',
  );

function kindsOf(value: { bond?: unknown; vlan?: unknown; bridge?: unknown }): unknown[] {
  return [value.bond, value.vlan, value.bridge].filter(kind => kind !== undefined);
}

export const networkSchema = z.strictObject({
  interfaces: z
    .array(interfaceSchema)
    .max(limits.interfaces)
    .default([])
    .describe(
      'cards to configure, and bonds, VLANs and bridges to create; without any, all cards use DHCP and router advertisements',
    ),
  routes: z
    .array(freeRouteSchema)
    .max(limits.routes)
    .default([])
    .describe('routes that belong to no single interface: several next hops, or routes that discard packets'),
  rules: z.array(ruleSchema).max(limits.rules).default([]).describe('policy routing rules (ip-rule(8))'),
  dns: dnsSchema.default({ servers: [], search: [] }).describe('name servers of the whole machine'),
  allowUnreachableGateways: z
    .boolean()
    .default(false)
    .describe('install even if no configured gateway answers, for a machine that will be moved'),
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
export type DhcpInput = z.input<typeof dhcpSchema>;
export type AcceptRaInput = z.input<typeof acceptRaSchema>;
