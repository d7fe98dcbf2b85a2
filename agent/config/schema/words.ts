import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { limits } from '../limits.ts';
import { line } from '../text.ts';

/** Schemas that several parts of the network's configuration share. */

/** An address without a zone ("%eth0"), because a zone is valid on one machine only. */
export const address = line(limits.word).refine(isAddress, 'is not a valid IPv4 or IPv6 address');

function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

/** "192.0.2.7/24" or "2001:db8::7/64": the field's usual spelling, as in `ip address add`. */
export const addressWithPrefix = line(limits.word).refine(
  isAddressWithPrefix,
  'is not a valid address with a prefix length, such as 192.0.2.7/24',
);

function isAddressWithPrefix(value: string): boolean {
  const [host = '', prefix = '', ...rest] = value.split('/');
  if (rest.length > 0 || !isAddress(host) || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (isIPv4(host) ? 32 : 128);
}

export const mac = line(limits.word)
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 'is not a valid MAC address, such as 52:54:00:12:34:56')
  .transform(value => value.toLowerCase());

/**
 * An interface name. Linux: IFNAMSIZ is 16 with the NUL; no slash, no white space, no colon (net/core/dev.c, dev_valid_name).
 * The kernel accepts more characters, but `ip -batch` fails at a quote, "#" starts a comment there (iproute2, lib/utils.c,
 * makeargs), and "*" and "%" are special to networkd.
 */
export const interfaceName = line(limits.word).regex(
  /^(?!\.{1,2}$)[\w.@+-]{1,15}$/,
  'is not a valid interface name: 1 to 15 letters, digits, dots, dashes, "_", "@" or "+"',
);

export const unsigned32 = z.number().int().min(0).max(4294967295);
export const milliseconds = z.number().int().min(0).max(2147483647);
export const mtu = z.number().int().min(68).max(65535).describe('in bytes');

/** The schemas of a table's rows, as the argument of `z.strictObject`. */
export function schemasOf<Rows extends Readonly<Record<string, { schema: z.ZodType }>>>(rows: Rows) {
  const schemas = Object.entries(rows).map(([name, { schema }]) => [name, schema]);
  return Object.fromEntries(schemas) as { -readonly [Name in keyof Rows]: Rows[Name]['schema'] };
}
