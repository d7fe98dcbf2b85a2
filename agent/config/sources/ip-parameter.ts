import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { ConfigInput } from '../schema.ts';

/** The kernel's `ip=` (Documentation/admin-guide/nfs/nfsroot.rst), with dracut.cmdline(7)'s additions for IPv6. */

type NetworkInput = NonNullable<ConfigInput['network']>;
type InterfaceInput = NonNullable<NetworkInput['interfaces']>[number];
type RouteInput = NonNullable<InterfaceInput['routes']>[number];

export interface IpReading {
  /** Contains only what the parameters set; without interfaces, those of an earlier source remain. */
  network: NetworkInput;
  hostName: string | null;
  problems: { parameter: 'ip' | 'nameserver'; message: string; remedy?: string }[];
  notes: string[];
}

const dhcpWords = ['dhcp', 'on', 'any'];
const routerWords = ['auto6', 'either6'];
const offWords = ['off', 'none'];
/** Protocols of nfsroot and dracut that dabei does not support. */
const unsupportedWords = ['bootp', 'rarp', 'both', 'dhcp6', 'link6', 'ibft', 'link-local'];
const autoconfWords = [...dhcpWords, ...routerWords, ...offWords, ...unsupportedWords];

/** Reads all `ip=` and `nameserver=` parameters of a command line; keeps the valid ones next to the invalid ones. */
export function readIpParameters(ips: readonly string[], nameservers: readonly string[]): IpReading {
  const reading = new Reading();
  for (const value of ips) reading.ip(value);
  for (const value of nameservers) {
    const address = unbracket(value);
    if (family(address)) reading.servers.push(address);
    else reading.problem('nameserver', `"${value}" is not a valid IPv4 or IPv6 address`);
  }
  return reading.result();
}

class Reading {
  readonly servers: string[] = [];
  readonly #interfaces: InterfaceInput[] = [];
  readonly #problems: IpReading['problems'] = [];
  readonly #notes: string[] = [];
  readonly #withoutGateway: string[] = [];
  #hostName: string | null = null;
  #dhcpEverywhere = false;

  problem(parameter: 'ip' | 'nameserver', message: string, remedy?: string): void {
    this.#problems.push({ parameter, message, ...(remedy === undefined ? {} : { remedy }) });
  }

  result(): IpReading {
    // "ip=dhcp" with other parameters adds DHCP to their links; alone, it means DHCP on every link, like no ip= at all.
    if (this.#dhcpEverywhere) for (const each of this.#interfaces) each.dhcp = true;
    const hasDefault = this.#interfaces.some(
      ({ dhcp, routes = [] }) => dhcp || routes.some(({ gateway }) => isIPv4(gateway ?? '')),
    );
    if (!hasDefault && this.#withoutGateway.length > 0)
      this.#notes.push(
        `ip=: no gateway for ${this.#withoutGateway.join(', ')}, so there is no IPv4 default route; ` +
          'the gateway is the third field, after the server: ip=192.0.2.7::192.0.2.1:…',
      );
    const network: NetworkInput = {};
    if (this.#interfaces.length > 0 || this.#dhcpEverywhere) network.interfaces = this.#interfaces;
    if (this.servers.length > 0) network.dns = { servers: [...new Set(this.servers)] };
    return { network, hostName: this.#hostName, problems: this.#problems, notes: this.#notes };
  }

  ip(value: string): void {
    const fields = split(value);
    if (fields === null) return this.problem('ip', 'a closing bracket is missing');
    // A single word, or dracut's short form <device>:<word>.
    if (fields.length === 1 && this.#isWord(fields[0]!)) return this.#autoconf('', fields[0]!, []);
    if (fields[0] !== '' && !isAddressField(fields[0]!) && fields.length > 1 && this.#isWord(fields[1]!)) {
      return this.#autoconf(fields[0]!, fields[1]!, fields.slice(2));
    }
    const [client = '', , gateway = '', mask = '', host = '', device = '', word = '', ...rest] = fields;
    if (!isNone(client) && !isAddressField(client)) return this.#badClient(client);
    if (host !== '') this.#hostName = host;
    if (word !== '' && !this.#isWord(word)) return this.#unknownWord(word);
    if (isNone(client)) return this.#autoconf(device, word === '' ? 'any' : word, rest);
    this.#static(client, gateway, mask, device, rest);
  }

  #isWord(word: string): boolean {
    // "dhcp,<client-id-type>,<client-id>" (nfsroot.rst).
    return autoconfWords.includes(word.replace(/^dhcp,.*/, 'dhcp'));
  }

  #unknownWord(word: string): void {
    this.problem('ip', `"${word}" is not a valid autoconf value`, `use ${dhcpWords[0]}, off or none`);
  }

  #autoconf(device: string, word: string, rest: readonly string[]): void {
    if (unsupportedWords.includes(word)) {
      return this.problem('ip', `dabei does not support "${word}"`, 'use dhcp, auto6, or an address');
    }
    const options = this.#rest(rest);
    if (offWords.includes(word)) {
      this.#notes.push(
        `ip=${device === '' ? '' : `${device}:`}${word}: ignored, since a machine without network cannot be reached`,
      );
    } else if (device !== '' || Object.keys(options).length > 0) {
      this.#add(device, {
        ...(routerWords.includes(word) ? {} : { dhcp: true }),
        acceptRa: true,
        ...options,
      });
    } else {
      this.#dhcpEverywhere = true;
    }
    if (word.startsWith('dhcp,')) this.#notes.push('ip=dhcp: dabei does not send the client identifier');
  }

  #badClient(client: string): void {
    this.problem(
      'ip',
      `the client "${client}" is neither an address nor one of ${[...dhcpWords, ...offWords].join(', ')}`,
      'the order is client:server:gateway:netmask:hostname:device:autoconf, IPv6 in brackets',
    );
  }

  #static(client: string, gateway: string, mask: string, device: string, rest: readonly string[]): void {
    const [address = '', suffix = ''] = client.split('/');
    const version = family(address);
    const prefix = this.#prefix(address, isNone(mask) ? suffix : mask);
    if (prefix === null) return;
    const cidr = `${address}/${prefix}`;
    const routes: RouteInput[] = [];
    if (!isNone(gateway)) {
      if (family(gateway) === version) routes.push(defaultRoute(cidr, gateway));
      else this.problem('ip', `the gateway "${gateway}" is not a valid IPv${version} address`);
    }
    if (version === 4 && isNone(gateway)) this.#withoutGateway.push(cidr);
    const routers = version === 6 && routes.length === 0 ? { acceptRa: true } : {};
    this.#add(device, { addresses: [cidr], routes, ...routers, ...this.#rest(rest) });
  }

  #prefix(address: string, mask: string): number | null {
    const prefix = mask === '' && isIPv4(address) ? classful(address) : prefixLength(mask, isIPv4(address));
    if (prefix === null) {
      const example = isIPv4(address) ? '255.255.255.0 or 24' : '64';
      const what =
        mask === '' ? `${address} has no netmask` : `"${mask}" is not a valid netmask for ${address}`;
      this.problem('ip', what, `write it as ${example}, in the fourth field`);
    } else if (mask === '') {
      this.#notes.push(`ip=: no netmask for ${address}; by its class it is /${prefix} (nfsroot.rst)`);
    }
    return prefix;
  }

  /** What follows <autoconf>: name servers and a time server, or in dracut's form an MTU (and a MAC to set). */
  #rest([first = '', second = '', time = '']: readonly string[]): Pick<InterfaceInput, 'mtu'> {
    if (/^\d+$/.test(first)) return { mtu: Number(first) };
    for (const server of [first, second]) {
      if (isNone(server)) continue;
      if (family(server)) this.servers.push(server);
      else this.problem('ip', `the name server "${server}" is not a valid IPv4 or IPv6 address`);
    }
    if (!isNone(time)) this.#notes.push('ip=: dabei does not use the time server');
    return {};
  }

  #add(device: string, options: InterfaceInput): void {
    const which = device === '' ? { only: true as const } : { name: device };
    const same = this.#interfaces.find(each => each.name === which.name);
    if (!same) {
      this.#interfaces.push({ ...which, ...options });
      return;
    }
    const { addresses = [], routes = [] } = same;
    Object.assign(same, options, {
      addresses: [...addresses, ...(options.addresses ?? [])],
      routes: [...routes, ...(options.routes ?? [])],
    });
  }
}

/**
 * The default route through a gateway. It is onlink if none of the addresses covers the gateway, as at hosters with /32
 * addresses; an IPv6 link-local gateway is always on the link.
 */
export function defaultRoute(cidr: string, gateway: string): RouteInput {
  const [address = '', prefix = ''] = cidr.split('/');
  const kind = isIPv4(address) ? 'ipv4' : 'ipv6';
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), kind);
  if (kind === 'ipv6') network.addSubnet('fe80::', 10, kind);
  return { destination: 'default', gateway, ...(network.check(gateway, kind) ? {} : { onlink: true }) };
}

/** "255.255.255.0", "24" -> 24; null for anything else, and for masks that are not contiguous. */
export function prefixLength(mask: string, v4: boolean): number | null {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= (v4 ? 32 : 128) ? Number(mask) : null;
  if (!v4 || !isIPv4(mask)) return null;
  const bits = mask
    .split('.')
    .map(byte => Number(byte).toString(2).padStart(8, '0'))
    .join('');
  return /^1+0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null;
}

/** Without a netmask, the address class determines it, as before CIDR (nfsroot.rst; net/ipv4/ipconfig.c). */
function classful(address: string): number | null {
  const first = Number(address.split('.')[0]);
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : null;
}

/** Fields at colons, except within the brackets of an IPv6 address, which are removed; null if one stays open. */
function split(value: string): string[] | null {
  if (!/^([^[\]]|\[[^[\]]*\])*$/.test(value)) return null;
  return [...`${value}:`.matchAll(/((?:\[[^\]]*\]|[^:[])*):/g)].map(match => unbracket(match[1]!));
}

function unbracket(field: string): string {
  return field.replace(/^\[(.*)\]/, '$1');
}

/** The kernel treats 0.0.0.0 as an empty field. */
function isNone(field: string): boolean {
  return field === '' || field === '0.0.0.0';
}

function family(address: string): 4 | 6 | null {
  if (isIPv4(address)) return 4;
  return isIPv6(address) && !address.includes('%') ? 6 : null;
}

function isAddressField(field: string): boolean {
  return family(field.split('/')[0]!) !== null;
}
