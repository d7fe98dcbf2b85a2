import { bondRows, type BondOption } from '../config/schema/bond-options.ts';
import type { InterfaceInput } from '../config/schema.ts';
import type { CapturedAddress, CapturedLink } from './ip-json.ts';
import type { LeftOut } from './types.ts';

/** Decides which interfaces of the old system dabei restores, and which interfaces are below each of them. */

export type Kind = 'physical' | 'bond' | 'vlan' | 'bridge' | 'loopback';

export interface KnownLink {
  kind: Kind;
  link: CapturedLink;
  addresses: readonly CapturedAddress[];
  /** Names of a bond's or bridge's members, or of the interface below a VLAN. */
  below: readonly string[];
}

/** Why dabei does not restore interfaces of these kinds. */
const reasons: Readonly<Record<string, string>> = {
  veth: 'belongs to a container',
  tun: 'belongs to a program, such as a VPN or a virtual machine',
  wireguard: 'is a WireGuard tunnel, whose keys stay on the old system',
  dummy: 'is a dummy interface',
  vrf: 'is a VRF, which dabei does not rebuild',
  team: 'is a team; dabei rebuilds bonds, but not teams',
  openvswitch: 'belongs to Open vSwitch, which dabei does not rebuild',
};

/** The kernel allows eight levels of stacked interfaces (include/linux/netdevice.h, MAX_NEST_DEV). */
const mostRounds = 2 * 8;

/**
 * Separates the interfaces that dabei can rebuild from the others, with the reason for each of these. A bond or a bridge needs
 * at least one rebuilt member, and a VLAN the interface below it.
 */
export function knownLinks(
  links: readonly CapturedLink[],
  addressesOf: (name: string) => readonly CapturedAddress[],
): { known: Map<string, KnownLink>; leftOut: LeftOut[] } {
  const known = new Map<string, KnownLink>();
  const why = new Map<string, string>();
  const byName = new Map(links.map(link => [link.ifname, link]));
  const members = membersByMaster(links);
  let waiting = links.filter(link => {
    const reason = reasonAgainst(link, byName);
    if (reason !== null) why.set(link.ifname, reason);
    return reason === null;
  });
  // Each round adds interfaces whose lower interfaces are known. A patient round waits for every member; once these rounds
  // make no progress, an impatient one accepts a bridge or bond with the members that are known.
  const round = (patient: boolean): boolean => {
    const names = new Set(waiting.map(link => link.ifname));
    const rest = waiting.filter(link => {
      const kind = kindOf(link);
      const candidates = kind === 'vlan' ? [link.link ?? ''] : (members.get(link.ifname) ?? []);
      const below = candidates.filter(name => known.has(name));
      const open = candidates.some(name => !known.has(name) && names.has(name));
      const stands = kind === 'physical' || kind === 'loopback';
      if (!stands && (below.length === 0 || (patient && open))) return true;
      known.set(link.ifname, { kind, link, addresses: addressesOf(link.ifname), below: stands ? [] : below });
      return false;
    });
    const progress = rest.length < waiting.length;
    waiting = rest;
    return progress;
  };
  for (let rounds = 0; rounds < mostRounds && (round(true) || round(false)); rounds++);
  for (const link of waiting) {
    why.set(
      link.ifname,
      kindOf(link) === 'vlan'
        ? `depends on ${link.link ?? 'nothing'}, which is left out`
        : 'has no hardware member',
    );
  }
  const leftOut = [...why].flatMap(([name, reason]) => {
    // The kernel always creates tunnels such as sit0. They are down and unused: do not report them.
    const inUse = byName.get(name)?.flags.includes('UP') || addressesOf(name).length > 0;
    return inUse ? [{ name, why: reason }] : [];
  });
  return { known, leftOut };
}

function kindOf(link: CapturedLink): Kind {
  if (link.link_type === 'loopback') return 'loopback';
  const kind = link.linkinfo?.info_kind;
  return kind === 'bond' || kind === 'vlan' || kind === 'bridge' ? kind : 'physical';
}

function membersByMaster(links: readonly CapturedLink[]): Map<string, string[]> {
  const members = new Map<string, string[]>();
  for (const { master, ifname } of links) {
    if (master === undefined) continue;
    const others = members.get(master);
    if (others === undefined) members.set(master, [ifname]);
    else others.push(ifname);
  }
  return members;
}

function reasonAgainst(link: CapturedLink, byName: ReadonlyMap<string, CapturedLink>): string | null {
  if (link.link_type === 'loopback') return null;
  const kind = link.linkinfo?.info_kind;
  if (kind !== undefined && kind !== 'bond' && kind !== 'vlan' && kind !== 'bridge') {
    return reasons[kind] ?? `is of the kind ${kind}, which dabei does not rebuild`;
  }
  if (link.link_type !== 'ether') return `is not an Ethernet interface (${link.link_type || 'unknown'})`;
  const master = byName.get(link.master ?? '');
  // The fast path of a Hyper-V or virtio card is a member of that card (Documentation/networking/net_failover.rst).
  if (kind === undefined && master !== undefined && master.linkinfo?.info_kind === undefined) {
    return `is a member of ${master.ifname}`;
  }
  return null;
}

/** Default of every Ethernet device (include/uapi/linux/if_ether.h, ETH_DATA_LEN). */
const usualMtu = 1500;

/** Converts a bond to configuration, without the options that have the kernel's default. */
export function bondOf({ link, below }: KnownLink, nameOf: (name: string) => string): InterfaceInput['bond'] {
  const data = link.linkinfo?.info_data ?? {};
  const mode = typeof data['mode'] === 'string' ? data['mode'] : 'balance-rr';
  const options = bondRows.map(([name, row]) => [
    name,
    (row.mode ?? mode) === mode ? said(row, data) : undefined,
  ]);
  const { primary } = data;
  return defined({
    members: below.map(nameOf),
    primary: typeof primary === 'string' && below.includes(primary) ? nameOf(primary) : undefined,
    ...(Object.fromEntries(options) as object),
    mode,
  }) as InterfaceInput['bond'];
}

/** The value of an option in `ip -json -details link`, unless it is the default. */
function said(
  { kernel, printed, usual, list }: BondOption,
  data: Readonly<Record<string, unknown>>,
): unknown {
  const value = data[printed ?? kernel] ?? data[kernel];
  if (list) {
    const texts = [value].flat().filter(each => typeof each === 'string');
    return texts.length > 0 ? texts : undefined;
  }
  if (usual === 0) return typeof value === 'number' && value > 0 ? value : undefined;
  return typeof value === 'string' && value !== usual ? value : undefined;
}

export function vlanOf({ link, below }: KnownLink, nameOf: (name: string) => string): InterfaceInput['vlan'] {
  const { id, protocol } = link.linkinfo?.info_data ?? {};
  return {
    link: nameOf(below[0] ?? ''),
    id: Number(id),
    ...(protocol === '802.1ad' && { protocol }),
  };
}

export function bridgeOf(
  { link, below }: KnownLink,
  nameOf: (name: string) => string,
): InterfaceInput['bridge'] {
  const data = link.linkinfo?.info_data ?? {};
  const stp = data['stp_state'] !== undefined && data['stp_state'] !== 0;
  const forwardDelay = Number(data['forward_delay'] ?? 1500) / 100;
  const priority = Number(data['priority'] ?? 32768);
  return defined({
    members: below.map(nameOf),
    stp: stp || undefined,
    forwardDelay: stp && forwardDelay !== 15 ? Math.round(forwardDelay) : undefined,
    priority: stp && priority !== 32768 ? priority : undefined,
  });
}

/** A bond sets its members' MTU; dabei creates VLANs and bridges with 1500, regardless of the interfaces below them. */
export function mtuOf({ link }: KnownLink, masterKind: Kind | undefined): number | undefined {
  return link.mtu === usualMtu || masterKind === 'bond' ? undefined : link.mtu;
}

/** Removes the keys whose value is undefined. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never;
}
