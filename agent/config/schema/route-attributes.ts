import { z } from 'zod';
import { address, mtu, unsigned32 } from './words.ts';

/**
 * The attributes of a route that nothing depends on, a row each: they pass from the configuration to ip(8) and into the
 * installed system as they are. A new one is a new row, and `nix/host-flake/network-options.nix` made anew (its test says
 * how); what decides where a route leads stands in routes.ts.
 */

interface RouteAttribute {
  schema: z.ZodType;
  /** Of ip-route(8). */
  ip: string;
  /** Of systemd.network(5), [Route]. */
  networkd: string;
  /** NixOS' option takes the number as text. */
  text?: true;
}

/** ip-route(8): numbers only, since names are those of /etc/iproute2/rt_tables of one machine. */
export const table = z
  .number()
  .int()
  .min(1)
  .max(4294967295)
  .describe('number of a routing table; 254 is main');

export const routeAttributes = {
  metric: {
    schema: unsigned32
      .optional()
      .describe('of several routes to the same network, the one with the lowest metric is used'),
    ip: 'metric',
    networkd: 'Metric',
  },
  table: { schema: table.optional(), ip: 'table', networkd: 'Table' },
  source: {
    schema: address.optional().describe('preferred source address ("src" of ip-route(8))'),
    ip: 'src',
    networkd: 'PreferredSource',
  },
  scope: {
    schema: z.enum(['global', 'link', 'host']).optional().describe('by default, as ip-route(8) chooses'),
    ip: 'scope',
    networkd: 'Scope',
  },
  mtu: { schema: mtu.optional(), ip: 'mtu', networkd: 'MTUBytes', text: true },
  advmss: {
    schema: z.number().int().min(1).max(65535).optional().describe('TCP maximum segment size to advertise'),
    ip: 'advmss',
    networkd: 'TCPAdvertisedMaximumSegmentSize',
    text: true,
  },
} as const satisfies Readonly<Record<string, RouteAttribute>>;

export type RouteAttributeName = keyof typeof routeAttributes;

/** What a route has of them. */
export type RouteAttributes = {
  -readonly [Name in RouteAttributeName]?: NonNullable<z.output<(typeof routeAttributes)[Name]['schema']>>;
};

/** The rows, each with its name in the configuration. */
export const routeRows = Object.entries(routeAttributes) as [RouteAttributeName, RouteAttribute][];
