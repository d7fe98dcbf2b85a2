import { basename } from 'node:path';
import type { z } from 'zod';
import { addressJson, linkJson, neighbourJson, readJson, routeJson } from '../../capture/ip-json.ts';
import { DabeiError } from '../../errors.ts';
import type { Link } from '../../facts.ts';
import { devicesOfLink, driversOf } from './devices.ts';
import type { Doors } from '../doors.ts';

/**
 * What the kernel says about interfaces, addresses, routes and neighbours, read from `ip -json` (ip(8), iproute2).
 * Parsing is apart from asking: the `parse…` functions are pure.
 */

/** What sysfs says about the device behind an interface; null for an interface without a device. */
export interface Device {
  driver: string | null;
  modalias: string | null;
}

export interface Address {
  link: string;
  /** With prefix length: "192.0.2.7/24". */
  address: string;
  family: 4 | 6;
  /** Reaches beyond the link (ip-address(8), scope). */
  global: boolean;
  /** Has a lifetime: from DHCP or a router advertisement. */
  dynamic: boolean;
  /** IPv6: duplicate address detection is not done yet, so it cannot be used (RFC 4862, 5.4). */
  tentative: boolean;
}

export interface Gateway {
  address: string;
  link: string;
}

/** Kinds of interfaces that a configuration may ask for, beside hardware. */
const madeKinds = ['bond', 'vlan', 'bridge'] as const;

/**
 * Ethernet interfaces with a device behind them, and bonds, VLANs and bridges; loopback, tunnels and the like are left
 * out.
 * @param json output of `ip -json -details link`
 * @param deviceOf what sysfs knows about the device behind an interface
 * @throws DabeiError INTERNAL when it is not what `ip` writes
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

/** Addresses of all interfaces but loopback, in `ip -json address`'s order. */
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

/** Gateways of `ip -json route show default`; a route without one has none to be asked. */
export function parseGateways(json: string): Gateway[] {
  return parse(routeJson, json, 'route').flatMap(({ gateway, via, dev }) => {
    const address = gateway ?? via?.host;
    return address === undefined || dev === undefined ? [] : [{ address, link: dev }];
  });
}

/**
 * Whether a neighbour's hardware address is known. That it answered ARP or a solicitation shows there even when it
 * filters ICMP. FAILED and INCOMPLETE entries have no address (RFC 4861, 7.3.2). On a link without ARP nobody is asked.
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

/** Names that systemd-udevd would give an interface, from what `udevadm test-builtin net_id` prints (systemd.net-naming-scheme(7)). */
export function parsePredictableNames(output: string): string[] {
  return [...output.matchAll(/^ID_NET_NAME_(?:ONBOARD|SLOT|PATH|MAC)=(\S+)$/gm)].map(match => match[1]!);
}

/** The machine's network interfaces, as the kernel orders them. */
export async function readLinks(doors: Doors): Promise<Link[]> {
  const { exec, files } = doors;
  const json = await ip(exec, 'reading the network interfaces', '-details', 'link');
  const links = parseLinks(json, name => readDevice(files, name));
  for (const link of links) {
    if (link.kind !== undefined) continue;
    const names = [...(link.altNames ?? []), ...(await predictableNames(exec, link.name))];
    link.altNames = [...new Set(names)].filter(name => name !== link.name);
    link.drivers = driversOf(doors, devicesOfLink(doors, link.name));
  }
  return links;
}

const predictable = new WeakMap<object, Map<string, string[]>>();

/** Here interfaces keep the kernel's names; people know theirs as "ens3" or "enp1s0". Asked once for each. */
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

/** Gateways of the default routes in use, IPv4 first, best metric first. */
export async function readGateways({ exec }: Doors): Promise<Gateway[]> {
  const doing = 'reading the default routes';
  return [
    ...parseGateways(await ip(exec, doing, '-4', 'route', 'show', 'default')),
    ...parseGateways(await ip(exec, doing, '-6', 'route', 'show', 'default')),
  ];
}

/** Whether the kernel has the gateway's hardware address, see `parseNeighbour`. Sends nothing. */
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
