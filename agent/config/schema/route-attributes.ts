import { z } from 'zod';
import { address, mtu, unsigned32 } from './words.ts';

/**
 * Attributes of a route on which no decision depends, one row each: dabei passes them unchanged to ip(8) and to the installed
 * system. To add one, add a row and regenerate `nix/host-flake/network-options.nix` (its test says how). Attributes that decide
 * where a route leads are in routes.ts.
 */

interface RouteAttribute {
  schema: z.ZodType;
  /** Name in ip-route(8). */
  ip: string;
  /** Name in systemd.network(5), [Route]. */
  networkd: string;
  /** NixOS' option expects the number as a string. */
  text?: true;
}

/** A table of ip-route(8), by number only: names depend on a machine's /etc/iproute2/rt_tables. */
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

/** The attributes that a route has. */
export type RouteAttributes = {
  -readonly [Name in RouteAttributeName]?: NonNullable<z.output<(typeof routeAttributes)[Name]['schema']>>;
};

/** The rows, each with its key in the configuration. */
export const routeRows = Object.entries(routeAttributes) as [RouteAttributeName, RouteAttribute][];
