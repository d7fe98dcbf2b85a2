import { isIPv6 } from 'node:net';
import type { AddressConfig } from '../../config/schema.ts';
import { isIPv6Address } from './routes.ts';

/** Configured addresses as lines for `ip -batch`. */

/** Keeps the order: the kernel sends packets from the first IPv4 address of a network; later ones are "secondary". */
export function renderAddresses(addresses: readonly AddressConfig[], link: string): string[] {
  return [...new Set(addresses.map(address => renderAddress(address, link)))];
}

function renderAddress(address: AddressConfig, link: string): string {
  const peer = typeof address !== 'string';
  const text = peer ? `${address.address} peer ${address.peer}` : address;
  // Without duplicate address detection (RFC 4862, 5.4) the address is usable at once. dabei could not resolve a conflict anyway.
  if (isIPv6Address(address)) return `address replace ${text} dev ${link} nodad`;
  const hasBroadcast = !peer && link !== 'lo' && Number(address.split('/')[1]) <= 30;
  return `address replace ${text}${hasBroadcast ? ' broadcast +' : ''} dev ${link}`;
}

export function isLinkLocal(address: AddressConfig): boolean {
  const host = typeof address === 'string' ? address.split('/')[0]! : address.address;
  return isIPv6(host) && /^fe[89ab]/i.test(host);
}
