import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { limits } from '../limits.ts';
import { routeAttributes, table } from './route-attributes.ts';
import { address, addressWithPrefix, interfaceName, schemasOf, unsigned32 } from './words.ts';

/** Routes and policy routing rules. */

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
    type: z.enum(routeTypes).optional().describe('all but "unicast" discard packets (ip-route(8))'),
    ...schemasOf(routeAttributes),
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

/** A route that does not belong to a single interface. */
export const freeRouteSchema = routeSchema.refine(
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

export type RouteConfig = z.output<typeof routeSchema>;
export type RouteInput = z.input<typeof routeSchema>;
export type NextHopConfig = z.output<typeof nextHopSchema>;
export type RuleConfig = z.output<typeof ruleSchema>;
