import { z } from 'zod';

/**
 * What `ip -json -details` prints, as far as it is looked at: iproute2 5.0 to 6.15, kernels 4.19 to 6.12. Versions
 * differ in which keys they print, so nearly everything is optional.
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
  /** What a VLAN lies on; null for tunnels that lie on nothing. */
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
  /** The other end, where there is one. */
  address: z.string().optional(),
  prefixlen: z.number().default(0),
  scope: z.string().optional(),
  dynamic: z.boolean().optional(),
  mngtmpaddr: z.boolean().optional(),
  temporary: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  dadfailed: z.boolean().optional(),
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

export const linksJson = z.array(z.union([linkSchema, emptyObject()]));
export const addressesJson = z.array(
  z.union([linkSchema.extend({ addr_info: z.array(addressSchema).default([]) }), emptyObject()]),
);
export const routesJson = z.array(routeSchema);
export const rulesJson = z.array(ruleSchema);

/** iproute2 before 5.4 prints {} for what a filter leaves out. */
function emptyObject() {
  return z.strictObject({}).transform(() => null);
}

/** Reads one file; null, and why, where it is not what `ip` prints. An empty file is an empty list. */
export function readJson<T>(
  schema: z.ZodType<T[]>,
  text: string | undefined,
): { items: NonNullable<T>[]; problem: string | null } {
  if (text === undefined || text.trim() === '') return { items: [], problem: null };
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) return { items: [], problem: 'is not what ip prints' };
    return { items: parsed.data.filter(item => item !== null && item !== undefined), problem: null };
  } catch {
    return { items: [], problem: 'is no JSON' };
  }
}
