import { nearest } from '../nearest.ts';

/** The address of a configuration: its placeholders, and what this machine fills them with. Pure. */

/** What a machine says of itself. Only dabei's administrator trusts it: whoever forges packets can say the same. */
export interface Identity {
  /** MAC addresses by which the server may know the machine, in the order in which dabei asks for them. */
  macs: readonly string[];
  /** MAC addresses of all its cards. */
  allMacs: readonly string[];
  /** System serial number and UUID of SMBIOS type 1 (DSP0134, 7.2); null where the firmware has only a placeholder. */
  serial: string | null;
  uuid: string | null;
  /** null if nobody has given one yet. */
  hostName: string | null;
  /** As `uname -m` prints it. */
  arch: string;
}

const placeholders = ['mac', 'serial', 'uuid', 'hostname', 'arch'] as const;
type Placeholder = (typeof placeholders)[number];

const isPlaceholder = (name: string): name is Placeholder =>
  (placeholders as readonly string[]).includes(name);
const pattern = /\{([^{}]*)\}/g;

/** @returns what is wrong with an address, as the end of a sentence; null if nothing is */
export function urlTemplateProblem(template: string): string | null {
  for (const [, name = ''] of template.matchAll(pattern)) {
    if (isPlaceholder(name)) continue;
    const near = nearest(name, placeholders);
    const known = placeholders.map(each => `{${each}}`).join(' ');
    return `has an unknown placeholder; ${near === null ? `known: ${known}` : `did you mean {${near}}?`}`;
  }
  const filled = template.replaceAll(pattern, 'x');
  if (/[{}]/.test(filled)) return 'has a brace that belongs to no placeholder';
  const url = URL.canParse(filled) ? new URL(filled) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'is not a valid address, such as "https://config.example.org/{mac}.json"';
  if (url.hash !== '') return 'has a fragment ("#…"), which no server receives';
  return null;
}

/**
 * The text of a placeholder for one MAC address: lower case, percent-encoded (RFC 3986, 2.1), MAC addresses with hyphens. "." and ".." are
 * none, since they would lead to another directory (RFC 3986, 5.2.4).
 */
function valueOf(name: Placeholder, identity: Identity, mac: string | undefined): string | null {
  const values: Record<Placeholder, string | null> = {
    mac: mac?.replaceAll(':', '-') ?? null,
    serial: identity.serial,
    uuid: identity.uuid,
    hostname: identity.hostName,
    arch: identity.arch,
  };
  const value = values[name]?.trim().toLowerCase() ?? '';
  return /^\.{0,2}$/.test(value) ? null : percentEncoded(value);
}

/** Text as a part of an address (RFC 3986, 2.1); half of a pair of UTF-16 becomes U+FFFD, as in UTF-8. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString('utf8'));
}

/** Whether a value may stand where the template has its placeholder: in the name of a host, less is allowed than in a path. */
function fits(template: string, name: Placeholder, value: string): boolean {
  return URL.canParse(template.replaceAll(pattern, (_, each: string) => (each === name ? value : 'x')));
}

export interface Expansion {
  /** Addresses to ask, in order; several only if the address contains {mac} and several links may have booted. */
  urls: string[];
  /** Placeholders for which this machine has no value that fits; `urls` is then empty. */
  missing: Placeholder[];
}

/** @param template without a problem (`urlTemplateProblem`) */
export function expandUrl(template: string, identity: Identity): Expansion {
  const named = [...new Set([...template.matchAll(pattern)].map(([, name = '']) => name))].filter(
    isPlaceholder,
  );
  const macs = named.includes('mac') ? [...new Set(identity.macs)] : [undefined];
  const missing = named.filter(name => {
    const value = valueOf(name, identity, macs[0]);
    return value === null || !fits(template, name, value);
  });
  if (missing.length > 0) return { urls: [], missing };
  const fill = (mac: string | undefined) =>
    template.replaceAll(pattern, (_, name: Placeholder) => valueOf(name, identity, mac)!);
  return { urls: macs.map(mac => new URL(fill(mac)).href), missing };
}

/** The address of the signature: ".sig" after the path, before a query. */
export function signatureUrl(url: string): string {
  const signature = new URL(url);
  signature.pathname += '.sig';
  return signature.href;
}

/**
 * The MAC address in BOOTIF, which pxelinux and many iPXE scripts put on the kernel command line: "01-52-54-00-12-34-56", with the
 * hardware type of RFC 1700 first (https://wiki.syslinux.org/wiki/index.php?title=SYSLINUX, IPAPPEND).
 * @returns lower case, with colons; null if it is not one
 */
export function bootMac(bootif: string): string | null {
  const bytes = bootif.toLowerCase().split(/[-:]/);
  const mac = bytes.length === 7 ? bytes.slice(1) : bytes;
  return mac.length === 6 && mac.every(byte => /^[0-9a-f]{2}$/.test(byte)) ? mac.join(':') : null;
}

/** Basic authentication (RFC 7617) for an address with a user name, and the address without it. */
export function splitCredentials(url: string): { url: string; authorization: string | null } {
  const bare = new URL(url);
  const { username, password } = bare;
  if (username === '' && password === '') return { url: bare.href, authorization: null };
  bare.username = '';
  bare.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: bare.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
