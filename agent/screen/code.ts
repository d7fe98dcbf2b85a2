import { isIPv6 } from 'node:net';
import { encode } from 'uqr';
import type { ScreenState } from './state.ts';

/** The QR code, as half blocks: a character cell is about twice as high as wide, so it shows two modules, one above the other. */

/** ISO/IEC 18004:2015, 9.1: four modules of light around the code; readers were seen to take two. */
const quiet = { wanted: 4, least: 2 } as const;

export interface Code {
  /** Rows of half blocks: the glyph is light, what is behind it dark. */
  rows: string[];
  columns: number;
}

/**
 * @param text what a phone reads
 * @param mostRows of the screen
 * @returns null if the code with its quiet zone needs more rows, or more columns
 */
export function drawCode(text: string, mostRows: number, mostColumns: number): Code | null {
  // The highest error correction that needs no larger code.
  const { data, size } = encode(text, { ecc: 'L', boostEcc: true, border: 0 });
  const room = Math.min(2 * mostRows - size, mostColumns - size);
  const zone = Math.min(quiet.wanted, Math.floor(room / 2));
  if (zone < quiet.least) return null;
  const columns = size + 2 * zone;
  const isLight = (x: number, y: number) => data[y - zone]?.[x - zone] !== true;
  const rows = Array.from({ length: Math.ceil(columns / 2) }, (_, row) =>
    Array.from({ length: columns }, (_, x) => halfBlock(isLight(x, 2 * row), isLight(x, 2 * row + 1))).join(
      '',
    ),
  );
  return { rows, columns };
}

/** The kernel's own fonts have all three (lib/fonts/font_8x16.c, drivers/tty/vt/cp437.uni). */
function halfBlock(upper: boolean, lower: boolean): string {
  return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
}

/** "ssh://root@192.0.2.7" (draft-ietf-secsh-scp-sftp-ssh-uri), for the address that most phones reach; null without an address. */
export function sshUrl({ links, sshPort, onion }: ScreenState): string | null {
  const addresses = links.flatMap(link => link.addresses);
  const address = addresses.find(each => !isIPv6(each)) ?? addresses[0];
  if (address === undefined) return onion === null ? null : onionUrl(onion.address);
  const host = isIPv6(address) ? `[${address}]` : address;
  return `ssh://root@${host}${sshPort === 22 ? '' : `:${sshPort}`}`;
}

/** The service answers at port 22 (agent/plan/tor/tor.ts). */
const onionUrl = (address: string): string => `ssh://root@${address}`;

/** Everything that somebody needs to log in, a line each, with the URL first. */
export function everything(state: ScreenState): string | null {
  const url = sshUrl(state);
  if (url === null) return null;
  const { login, hostKeys, product, hostName, onion } = state;
  const byTor = onion === null ? [] : [onionUrl(onion.address)];
  const password = login.by === 'password' ? [`password ${login.password}`] : [];
  return [...new Set([url, ...byTor]), ...password, ...hostKeys.slice(0, 1), `${hostName}, ${product}`].join(
    '\n',
  );
}
