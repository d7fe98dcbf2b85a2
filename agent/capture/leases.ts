import { isIPv4 } from 'node:net';
import type { CapturedFiles } from './types.ts';
import type { CapturedAddress, CapturedLink } from './ip-json.ts';

/**
 * Whether busybox's udhcpc leased the interface's only IPv4 address. udhcpc does not mark the addresses that it sets; `run`
 * records the interfaces on which it runs (leases/udhcpc/IFNAME). With several addresses, the leased one is unknown.
 * @param has whether the capture has a file
 */
export function leasedByUdhcpc(
  ifname: string,
  addresses: readonly Pick<CapturedAddress, 'local'>[],
  has: (name: string) => boolean,
): boolean {
  return (
    addresses.filter(({ local }) => local && isIPv4(local)).length === 1 && has(`leases/udhcpc/${ifname}`)
  );
}

/**
 * The client identifier that an interface sent to its DHCP server: the same identifier gets the same address. The sources are
 * the files of systemd-networkd (leases/networkd/IFINDEX), NetworkManager and ISC's dhclient (dhclient.leases(5)), and dhcpcd's
 * DUID. A client that is no longer in use may have left files behind, so dhclient's lease counts only if the interface has its
 * address.
 * @param addresses the interface's addresses, without prefix length
 * @returns a value for network.interfaces[].dhcp.clientId; null if no file has an identifier
 */
export function clientIdOf(
  files: CapturedFiles,
  link: CapturedLink,
  addresses: readonly string[],
): string | null {
  const all = Object.entries(files).filter(([name]) => name.startsWith('leases/'));
  const first = (read: (text: string, name: string) => string | null) =>
    all.map(([name, text]) => read(text, name)).find(found => found !== null) ?? null;
  const found =
    first((text, name) => fromAssignment(text, name, link)) ??
    first(text => fromDhclient(text, link, addresses)) ??
    // dhcpcd's leases are binary; the existence of one shows that dhcpcd configured the interface.
    (all.some(([name]) => name.endsWith(`dhcpcd/${link.ifname}.lease`))
      ? first((text, name) => fromDuid(text, name, link))
      : null);
  return found === null ? null : canonical(found, link);
}

/** Reads the interface's last lease. dhclient sends an identifier only if it is configured to. */
function fromDhclient(text: string, { ifname }: CapturedLink, addresses: readonly string[]): string | null {
  const own = new RegExp(`interface\\s+"${escape(ifname)}"\\s*;`);
  const lease = leaseBlocks(text)
    .filter(each => addresses.includes(/fixed-address\s+([\d.]+)\s*;/.exec(each)?.[1] ?? ''))
    .findLast(each => own.test(each));
  if (lease === undefined) return null;
  const identifier = /dhcp-client-identifier\s+("(?:[^"\\]|\\.)*"|[0-9a-fA-F:]+)\s*;/.exec(lease)?.[1];
  if (identifier === undefined) return 'none';
  if (identifier.startsWith('"'))
    return Buffer.from(unescape(identifier.slice(1, -1)), 'latin1').toString('hex');
  return identifier;
}

/** Blocks "lease {…}" that begin a line; a truncated block at the end does not count. */
function leaseBlocks(text: string): string[] {
  const blocks: string[] = [];
  const begin = /^lease[ \t]*\{/gm;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const end = text.indexOf('}', begin.lastIndex);
    if (end < 0) break;
    blocks.push(text.slice(match.index, end + 1));
    begin.lastIndex = end + 1;
  }
  return blocks;
}

/**
 * Reads "CLIENTID=01…" (networkd) and "dhcp_client_identifier = 01:…" (NetworkManager); the name of the file contains the
 * interface. `ini` does not fit: these files have no sections, and it would read some clients' assignments as one key.
 */
function fromAssignment(text: string, file: string, { ifname, ifindex }: CapturedLink): string | null {
  const mine =
    file.endsWith(`/networkd/${ifindex}`) || new RegExp(`[/-]${escape(ifname)}(\\.lease)?$`).test(file);
  if (!mine) return null;
  const assignment =
    /^(?:.*[ \t])?(?:CLIENTID|dhcp_client_identifier|client-id)[ \t]*[=:][ \t]*([0-9a-fA-F:]+)$/;
  for (const line of text.split('\n')) {
    // An option has at most 255 bytes (RFC 2132, 9.14), so a line with an identifier is shorter than this.
    const value = line.length > 2000 ? null : assignment.exec(line.trim());
    if (value?.[1] !== undefined) return value[1];
  }
  return null;
}

/** Builds dhcpcd's identifier (dhcpcd(8), --duid; RFC 4361): the last four bytes of the MAC address are the IAID. */
function fromDuid(text: string, file: string, { address = '' }: CapturedLink): string | null {
  if (!/(^|[^a-z])duid$/.test(file)) return null;
  const duid = text.trim();
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){3,}$/.test(duid)) return null;
  return `ff${address.split(':').slice(2).join('')}${duid}`;
}

function canonical(identifier: string, { address = '' }: CapturedLink): string | null {
  if (identifier === 'none') return identifier;
  // dhclient omits leading zeros.
  const hex = identifier.includes(':')
    ? identifier
        .split(':')
        .map(byte => byte.padStart(2, '0'))
        .join('')
    : identifier;
  if (!/^([0-9a-fA-F]{2}){2,}$/.test(hex)) return null;
  const lower = hex.toLowerCase();
  return lower === `01${address.replaceAll(':', '').toLowerCase()}` ? 'mac' : lower;
}

/** Decodes the octal escapes of dhclient.leases(5). */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : code,
  );
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
