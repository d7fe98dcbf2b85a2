import { isIP, isIPv6 } from 'node:net';

/**
 * The pattern list of from="…" (sshd(8)), for an sshd that does not resolve names (UseDNS no): addr_match_list,
 * addr_pton_cidr and match_pattern of OpenSSH. A list with one entry that sshd cannot parse admits nobody.
 */

/** @returns why the list admits nobody, as the end of a sentence about the line; null if it can match a client */
export function fromProblem(list: string): string | null {
  let hope = false;
  for (const entry of list.split(',')) {
    const isNegated = entry.startsWith('!');
    const pattern = isNegated ? entry.slice(1) : entry;
    if (pattern === '') return 'has an empty entry in from="…": sshd permits no login with it';
    const network = readNetwork(pattern);
    if (network === 'bad')
      return `has ${JSON.stringify(printable(pattern))} in from="…", whose mask does not fit its address: sshd permits no login with it`;
    if (!isNegated && (network === 'good' || couldBeAddress(pattern))) hope = true;
  }
  return hope ? null : 'permits no login: from="…" has no address, and sshd does not look up names here';
}

/** "none" if sshd matches the entry as text. */
function readNetwork(pattern: string): 'good' | 'bad' | 'none' {
  const [address = '', ...rest] = pattern.split('/');
  const family = isIP(address);
  if (family === 0) return 'none';
  if (rest.length === 0) return 'good';
  const mask = rest.join('/');
  if (!/^\d{1,9}$/.test(mask)) return 'none';
  const bits = Number(mask);
  if (bits > (family === 4 ? 32 : 128)) return 'bad';
  return isNetworkAddress(address, bits) ? 'good' : 'bad';
}

/** Whether all host bits are zero. */
function isNetworkAddress(address: string, bits: number): boolean {
  const plain = address.split('%')[0]!;
  const isV6 = isIPv6(plain);
  const size = isV6 ? 128 : 32;
  if (bits === size) return true;
  const value = numberOf(plain, isV6);
  return (value & ((1n << BigInt(size - bits)) - 1n)) === 0n;
}

function numberOf(address: string, isV6: boolean): bigint {
  if (!isV6) return address.split('.').reduce((all, part) => (all << 8n) | BigInt(part), 0n);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (a: string, b: string) => ((Number(a) << 8) | Number(b)).toString(16);
  const text = dotted ? `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}` : address;
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => part.split(':').filter(group => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill('0'), ...after].reduce(
    (all, group) => (all << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

/** Patterns that an address can match as text: digits and dots, or hexadecimal digits and colons, and wildcards. */
function couldBeAddress(pattern: string): boolean {
  return /^[0-9.*?]+$/.test(pattern) || /^[0-9a-f:*?]+$/i.test(pattern) || /^[0-9a-f:*?]*%/i.test(pattern);
}

function printable(text: string): string {
  return text.slice(0, 60);
}
