import { networkInterfaces } from 'node:os';
import type { Doors } from '../doors.ts';

/** Addresses of this moment, read without starting a program. */

export type ReadInterfaces = typeof networkInterfaces;

/**
 * Network cards in the order of their names, each with its addresses that are valid beyond the link.
 * @param interfaces getifaddrs(3): those that are up
 */
export function presentAddresses(
  { files }: Doors,
  interfaces: ReadInterfaces = networkInterfaces,
): { name: string; addresses: string[] }[] {
  const up = interfaces();
  const cards = files.list('/sys/class/net').filter(name => files.exists(`/sys/class/net/${name}/device`));
  const made = Object.keys(up).filter(name => !cards.includes(name));
  return [...cards, ...made].flatMap(name => {
    const addresses = (up[name] ?? [])
      // IPv4 (RFC 3927) and IPv6 (RFC 4291, 2.5.6) of the link alone.
      .filter(({ address, internal }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address))
      .map(({ address }) => address);
    return addresses.length > 0 || cards.includes(name) ? [{ name, addresses }] : [];
  });
}
