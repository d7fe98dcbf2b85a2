import { isIPv4 } from 'node:net';
import type { CapturedFiles } from './types.ts';
import type { CapturedAddress, CapturedLink } from './ip-json.ts';

/**
 * busybox's udhcpc leaves no mark on what it sets; `run` writes down for which interfaces it is at work
 * (leases/udhcpc/IFNAME). Of several addresses of such an interface nobody knows which is the leased one.
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
 * How an interface named itself to its DHCP server: the same name brings the same address. Looked at is what
 * systemd-networkd keeps (leases/networkd/IFINDEX), NetworkManager, ISC's dhclient (dhclient.leases(5)), and dhcpcd's
 * DUID. Files of a client that is not in use any more may lie about, so dhclient's lease must be of an address that the
 * interface has.
 * @param addresses of the interface, without prefix length
 * @returns as network.interfaces[].dhcp.clientId; null where nothing is known
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
    // Its leases are binary; that there is one says that it was at work.
    (all.some(([name]) => name.endsWith(`dhcpcd/${link.ifname}.lease`))
      ? first((text, name) => fromDuid(text, name, link))
      : null);
  return found === null ? null : canonical(found, link);
}

/** The last lease for the interface counts; dhclient sends no identifier unless it is told to. */
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

/** "lease {…}", each from the beginning of a line; one that was cut off while it was written is none. */
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
 * By hand: these files have no sections, and each client writes assignments of its own, which `ini` would read as one key.
 * "CLIENTID=01…" of networkd, "dhcp_client_identifier = 01:…" of NetworkManager; the file is named after the interface.
 */
function fromAssignment(text: string, file: string, { ifname, ifindex }: CapturedLink): string | null {
  const mine =
    file.endsWith(`/networkd/${ifindex}`) || new RegExp(`[/-]${escape(ifname)}(\\.lease)?$`).test(file);
  if (!mine) return null;
  const assignment =
    /^(?:.*[ \t])?(?:CLIENTID|dhcp_client_identifier|client-id)[ \t]*[=:][ \t]*([0-9a-fA-F:]+)$/;
  for (const line of text.split('\n')) {
    // No identifier is longer (RFC 2132, 9.14), and keys with their like are short.
    const value = line.length > 2000 ? null : assignment.exec(line.trim());
    if (value?.[1] !== undefined) return value[1];
  }
  return null;
}

/** dhcpcd(8), --duid: RFC 4361, with the last four bytes of the hardware address as IAID. */
function fromDuid(text: string, file: string, { address = '' }: CapturedLink): string | null {
  if (!/(^|[^a-z])duid$/.test(file)) return null;
  const duid = text.trim();
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){3,}$/.test(duid)) return null;
  return `ff${address.split(':').slice(2).join('')}${duid}`;
}

function canonical(identifier: string, { address = '' }: CapturedLink): string | null {
  if (identifier === 'none') return identifier;
  // dhclient leaves out leading zeros.
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

/** Octal escapes of dhclient.leases(5). */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : code,
  );
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
