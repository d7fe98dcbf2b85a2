import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { limits } from '../limits.ts';
import { line } from '../text.ts';
import { bondSchema, bridgeSchema, vlanSchema } from './links.ts';
import { freeRouteSchema, routeSchema, ruleSchema } from './routes.ts';
import { wifiSettings } from './wifi.ts';
import { address, addressWithPrefix, interfaceName, mac, mtu, unsigned32 } from './words.ts';

/**
 * The network: one model for the written configuration, for the capture of the old system, for `ip -batch` (plan/network/)
 * and for the units of the installed system (plan/host-flake/runtime-network.ts, nix/host-flake/network.nix).
 */

/** "mac" is the hardware address (RFC 2132, 9.14); "none" sends no identifier, as ISC's dhclient does. */
const clientId = line(limits.clientId)
  .regex(/^(mac|none|[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2})+)$/, 'is neither "mac" nor "none" nor hexadecimal')
  .transform(value =>
    value === 'mac' || value === 'none' ? value : value.toLowerCase().replaceAll(':', ''),
  );

/** What dabei uses from a lease or a router advertisement; by default everything. Names follow systemd.network(5). */
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
    // One of these three selects the interface.
    mac: mac
      .optional()
      .describe('permanent MAC address of the card; more reliable than its name, which may change'),
    name: interfaceName
      .optional()
      .describe('name of the card, or the name of the bond, VLAN or bridge to create'),
    /** The meaning of an `ip=` parameter without a device (nfsroot.rst). */
    only: z.literal(true).optional().describe('selects the single interface that has a carrier'),
    // One of these three creates a virtual interface.
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
  ...wifiSettings,
});

export type NetworkConfig = z.output<typeof networkSchema>;
/** The network as people write it. */
export type NetworkInput = z.input<typeof networkSchema>;
export type InterfaceConfig = z.output<typeof interfaceSchema>;
export type InterfaceInput = z.input<typeof interfaceSchema>;
export type AddressConfig = z.output<typeof addressSchema>;
export type DhcpInput = z.input<typeof dhcpSchema>;
export type AcceptRaInput = z.input<typeof acceptRaSchema>;
