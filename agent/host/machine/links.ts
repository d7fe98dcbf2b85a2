import { basename } from 'node:path';
import type { z } from 'zod';
import { addressJson, linkJson, neighbourJson, readJson, routeJson } from '../../capture/ip-json.ts';
import { DabeiError } from '../../errors.ts';
import type { Link } from '../../facts.ts';
import { devicesOfLink, driversOf } from './devices.ts';
import type { Doors } from '../doors.ts';

/**
 * Reads interfaces, addresses, routes and neighbours from `ip -json` (ip(8), iproute2). The functions `parse...` are pure; they throw
 * DabeiError INTERNAL if the text is not valid output of ip(8).
 */

/** The device behind an interface, from sysfs. Each value is null if sysfs does not have it. */
export interface Device {
  driver: string | null;
  modalias: string | null;
}

export interface Address {
  link: string;
  /** With prefix length: "192.0.2.7/24". */
  address: string;
  family: 4 | 6;
  /** The address is valid beyond the link (ip-address(8), scope). */
  global: boolean;
  /** The address has a lifetime: it comes from DHCP or from a router advertisement. */
  dynamic: boolean;
  /** IPv6: the address is not usable until duplicate address detection finishes (RFC 4862, 5.4). */
  tentative: boolean;
}

export interface Gateway {
  address: string;
  link: string;
}

/** Kinds of interfaces that a configuration may contain in addition to hardware. */
const madeKinds = ['bond', 'vlan', 'bridge'] as const;

/**
 * Ethernet interfaces with a device behind them, and bonds, VLANs and bridges. It omits loopback, tunnels and other interfaces.
 * @param json output of `ip -json -details link`
 * @param deviceOf returns the device behind an interface; null for an interface without a device
 */
export function parseLinks(json: string, deviceOf: (name: string) => Device | null): Link[] {
  return parse(linkJson, json, 'link').flatMap(link => {
    const mac = link.permaddr ?? link.address;
    if (mac === undefined || link.link_type !== 'ether') return [];
    const kind = madeKinds.find(known => known === link.linkinfo?.info_kind);
    const device = kind === undefined ? deviceOf(link.ifname) : { driver: null, modalias: null };
    if (device === null) return [];
    const address = link.address?.toLowerCase();
    return [
      {
        name: link.ifname,
        mac: mac.toLowerCase(),
        ...device,
        carrier: link.flags.includes('LOWER_UP'),
        mtu: link.mtu,
        ...(link.altnames.length > 0 && { altNames: link.altnames }),
        ...(link.master !== undefined && { master: link.master }),
        ...(kind !== undefined && { kind }),
        ...(address !== undefined && address !== mac.toLowerCase() && { address }),
      },
    ];
  });
}

/** Addresses of all interfaces except loopback, in the order of `ip -json address`. */
export function parseAddresses(json: string): Address[] {
  return parse(addressJson, json, 'address').flatMap(link =>
    link.addr_info.flatMap(({ local, prefixlen, family, scope, dynamic, tentative }) =>
      link.ifname === 'lo' || local === undefined
        ? []
        : [
            {
              link: link.ifname,
              address: `${local}/${prefixlen}`,
              family: family === 'inet6' ? (6 as const) : (4 as const),
              global: scope === 'global',
              dynamic: dynamic === true,
              tentative: tentative === true,
            },
          ],
    ),
  );
}

/** Gateways of `ip -json route show default`. It omits routes without a gateway. */
export function parseGateways(json: string): Gateway[] {
  return parse(routeJson, json, 'route').flatMap(({ gateway, via, dev }) => {
    const address = gateway ?? via?.host;
    return address === undefined || dev === undefined ? [] : [{ address, link: dev }];
  });
}

/**
 * Whether the kernel knows a neighbour's hardware address. If it does, the neighbour has answered ARP or a neighbour solicitation, even
 * if it drops ICMP. FAILED and INCOMPLETE entries have no address (RFC 4861, 7.3.2). A link without ARP needs no hardware address.
 * @param json output of `ip -json neigh show to ADDRESS dev LINK`
 */
export function parseNeighbour(json: string): boolean {
  const alive = ['REACHABLE', 'STALE', 'DELAY', 'PROBE', 'PERMANENT'];
  return parse(neighbourJson, json, 'neigh').some(
    ({ lladdr, state }) =>
      state.includes('NOARP') || (lladdr !== undefined && state.some(name => alive.includes(name))),
  );
}

function parse<T>(element: z.ZodType<T>, json: string, object: string): T[] {
  const { items, problem } = readJson(element, json);
  if (problem === null) return items;
  throw new DabeiError('INTERNAL', {
    doing: `reading the output of ip -json ${object}`,
    problem: `it ${problem}`,
  });
}

/**
 * Names that systemd-udevd would give to an interface (systemd.net-naming-scheme(7)).
 * @param output output of `udevadm test-builtin net_id`
 */
export function parsePredictableNames(output: string): string[] {
  return [...output.matchAll(/^ID_NET_NAME_(?:ONBOARD|SLOT|PATH|MAC)=(\S+)$/gm)].map(match => match[1]!);
}

/**
 * Reads the machine's network interfaces, in the kernel's order.
 * @param wantedNames the names that matter; if cards answer to all of them, udev is not asked for more names: its program and libraries
 *   would be unpacked for this alone. The default is all that it knows
 */
export async function readLinks(doors: Doors, wantedNames?: readonly string[]): Promise<Link[]> {
  const { exec, files } = doors;
  const json = await ip(exec, 'reading the network interfaces', '-details', 'link');
  const links = parseLinks(json, name => readDevice(files, name));
  const cards = links.filter(({ kind }) => kind === undefined);
  const known = new Set(cards.flatMap(({ name, mac, altNames = [] }) => [name, mac, ...altNames]));
  const asks = wantedNames?.every(name => known.has(name)) !== true;
  for (const link of links) {
    if (link.kind !== undefined) continue;
    if (files.exists(`/sys/class/net/${link.name}/phy80211`)) link.wireless = true;
    const names = [...(link.altNames ?? []), ...(asks ? await predictableNames(exec, link.name) : [])];
    link.altNames = [...new Set(names)].filter(name => name !== link.name);
    link.drivers = driversOf(doors, devicesOfLink(doors, link.name));
  }
  return links;
}

const predictable = new WeakMap<object, Map<string, string[]>>();

/** In the image, interfaces have the kernel's names, but configurations contain names such as "ens3". Results are cached. */
async function predictableNames(exec: Doors['exec'], name: string): Promise<string[]> {
  const asked = predictable.get(exec) ?? new Map<string, string[]>();
  predictable.set(exec, asked);
  const known = asked.get(name);
  if (known !== undefined) return known;
  const names = await exec
    .attempt({
      doing: `reading the names of ${name}`,
      argv: ['udevadm', 'test-builtin', 'net_id', `/sys/class/net/${name}`],
      timeoutSeconds: 10,
    })
    .then(
      ({ stdout }) => parsePredictableNames(stdout),
      // A system without udev has no such names.
      () => [],
    );
  asked.set(name, names);
  return names;
}

export async function readAddresses({ exec }: Doors): Promise<Address[]> {
  return parseAddresses(await ip(exec, 'reading the addresses', 'address'));
}

/** Reads the gateways of the default routes in the main table: IPv4 before IPv6, lower metrics first. */
export async function readGateways({ exec }: Doors): Promise<Gateway[]> {
  const doing = 'reading the default routes';
  return [
    ...parseGateways(await ip(exec, doing, '-4', 'route', 'show', 'default')),
    ...parseGateways(await ip(exec, doing, '-6', 'route', 'show', 'default')),
  ];
}

/** Whether the kernel knows the gateway's hardware address (`parseNeighbour`). Sends no packet. */
export async function hasNeighbour({ exec }: Doors, { address, link }: Gateway): Promise<boolean> {
  return parseNeighbour(
    await ip(exec, `looking for ${address}`, 'neigh', 'show', 'to', address, 'dev', link),
  );
}

async function ip(exec: Doors['exec'], doing: string, ...args: string[]): Promise<string> {
  const { stdout } = await exec.run({ doing, argv: ['ip', '-json', ...args], timeoutSeconds: 10 });
  return stdout;
}

function readDevice(files: Doors['files'], name: string): Device | null {
  const device = `/sys/class/net/${name}/device`;
  if (files.realPath(device) === null) return null;
  const driver = files.realPath(`${device}/driver`);
  return {
    driver: driver === null ? null : basename(driver),
    modalias: files.readText(`${device}/modalias`)?.trim() ?? null,
  };
}
