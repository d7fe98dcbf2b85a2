import { z } from 'zod';

/**
 * The part of the output of `ip -json` and `ip -json -details` that dabei reads, on the old system and on this one: iproute2 5.0
 * to 6.15, kernels 4.19 to 6.12. Nearly every key is optional, because versions print different keys.
 */

const linkSchema = z.looseObject({
  ifindex: z.number().default(0),
  ifname: z.string(),
  flags: z.array(z.string()).default([]),
  mtu: z.number().default(1500),
  link_type: z.string().default(''),
  address: z.string().optional(),
  permaddr: z.string().optional(),
  master: z.string().optional(),
  /** The interface below a VLAN; null for tunnels without one. */
  link: z.string().nullish(),
  altnames: z.array(z.string()).default([]),
  linkinfo: z
    .looseObject({
      info_kind: z.string().optional(),
      info_data: z.looseObject({}).optional(),
      info_slave_kind: z.string().optional(),
      info_slave_data: z.looseObject({ perm_hwaddr: z.string().optional() }).optional(),
    })
    .optional(),
});

const addressSchema = z.looseObject({
  family: z.string().optional(),
  local: z.string().optional(),
  /** The peer's address, if the address has a peer. */
  address: z.string().optional(),
  prefixlen: z.number().default(0),
  scope: z.string().optional(),
  dynamic: z.boolean().optional(),
  mngtmpaddr: z.boolean().optional(),
  temporary: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  dadfailed: z.boolean().optional(),
  /** IPv6: duplicate address detection has not finished (RFC 4862, 5.4). */
  tentative: z.boolean().optional(),
  /** Since kernel 5.18: kernel_lo, kernel_ra, kernel_ll. */
  protocol: z.string().optional(),
  preferred_life_time: z.number().optional(),
});

const hop = {
  gateway: z.string().optional(),
  via: z.looseObject({ host: z.string().optional() }).optional(),
  dev: z.string().optional(),
  flags: z.array(z.string()).default([]),
  encap: z.unknown().optional(),
};

const routeSchema = z.looseObject({
  ...hop,
  type: z.string().default('unicast'),
  dst: z.string(),
  table: z.union([z.string(), z.number()]).default('main').transform(String),
  protocol: z.union([z.string(), z.number()]).default('boot').transform(String),
  scope: z
    .union([z.string(), z.number()])
    .optional()
    .transform(value => (value === undefined ? value : String(value))),
  metric: z.number().optional(),
  prefsrc: z.string().optional(),
  tos: z.unknown().optional(),
  expires: z.number().optional(),
  metrics: z.array(z.looseObject({ mtu: z.number().optional(), advmss: z.number().optional() })).default([]),
  nexthops: z.array(z.looseObject({ ...hop, weight: z.number().default(1) })).optional(),
});

const neighbourSchema = z.looseObject({
  lladdr: z.string().optional(),
  state: z.array(z.string()).default([]),
});

const ruleSchema = z.looseObject({
  priority: z.number().default(0),
  not: z.null().optional(),
  src: z.string().optional(),
  srclen: z.number().optional(),
  dst: z.string().optional(),
  dstlen: z.number().optional(),
  fwmark: z.string().optional(),
  fwmask: z.string().optional(),
  iif: z.string().optional(),
  oif: z.string().optional(),
  table: z
    .union([z.string(), z.number()])
    .optional()
    .transform(value => (value === undefined ? value : String(value))),
  action: z.string().optional(),
  suppress_prefixlen: z.number().optional(),
});

export type CapturedLink = z.output<typeof linkSchema>;
export type CapturedAddress = z.output<typeof addressSchema>;
export type CapturedRoute = z.output<typeof routeSchema>;
export type CapturedRule = z.output<typeof ruleSchema>;

/** Schemas of single elements, so that one malformed element does not invalidate the whole list. */
export const linkJson = linkSchema;
export const addressJson = linkSchema.extend({
  addr_info: z
    .array(z.unknown())
    .default([])
    .transform(all => all.flatMap(each => addressSchema.safeParse(each).data ?? [])),
});
export const routeJson = routeSchema;
export const ruleJson = ruleSchema;
export const neighbourJson = neighbourSchema;

/**
 * Reads one file. An empty file is an empty list.
 * @param element of the list
 * @returns the elements that match, and a description of what is wrong with the others
 */
export function readJson<T>(
  element: z.ZodType<T>,
  text: string | undefined,
): { items: T[]; problem: string | null } {
  if (text === undefined || text.trim() === '') return { items: [], problem: null };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { items: [], problem: 'is not valid JSON; dabei ignores it' };
  }
  if (!Array.isArray(parsed))
    return { items: [], problem: 'does not have the format of ip(8); dabei ignores it' };
  // iproute2 before 5.4 prints {} for each element that a filter excludes.
  const some = parsed.filter(each => !isEmptyObject(each));
  const results = some.map(each => element.safeParse(each));
  const items = results.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const strange = results.length - items.length;
  const problem =
    strange === 0 ? null : `has ${strange} of ${results.length} entries that do not have the format of ip(8)`;
  return { items, problem };
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
