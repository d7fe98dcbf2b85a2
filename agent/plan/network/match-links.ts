import type { InterfaceConfig, NetworkConfig } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';

/** Which link each entry of the configuration means, and in which order links that lie on others are to be made. */

export interface Match {
  wanted: InterfaceConfig;
  link: Link;
  /** Names of the links that it is made of, or lies on: members of a bond or bridge, the link that carries a VLAN. */
  below: string[];
  /** Name of the member that a bond prefers. */
  primary?: string;
}

export interface Matching {
  /** Hardware first, then what lies on it, each after all that it lies on. */
  matches: Match[];
  /** The name that a link has here, by the name that the configuration calls it; null where there is none. */
  nameOf: (name: string) => string | null;
}

const loopback: Link = {
  name: 'lo',
  mac: '00:00:00:00:00:00',
  driver: null,
  modalias: null,
  carrier: false,
  mtu: 65536,
};

export function kindOf(wanted: InterfaceConfig): NonNullable<Link['kind']> | null {
  if (wanted.bond) return 'bond';
  if (wanted.vlan) return 'vlan';
  return wanted.bridge ? 'bridge' : null;
}

/** Finds or invents a link for every entry; entries without one are told in `warnings` and left out. */
export function matchLinks(
  config: Pick<NetworkConfig, 'interfaces'>,
  links: readonly Link[],
  warnings: string[],
): Matching {
  const made = config.interfaces.filter(wanted => kindOf(wanted) !== null).map(({ name }) => name!);
  const hardware = config.interfaces.filter(wanted => kindOf(wanted) === null);
  const usable = links.map(link =>
    // What an earlier run of this plan has put into a bond or bridge is still meant.
    link.master !== undefined && made.map(name => madeName(name, links)).includes(link.master)
      ? withoutMaster(link)
      : link,
  );
  const found = hardware.map(wanted => {
    const others = hardware.filter(other => other !== wanted).map(({ mac }) => mac);
    return { wanted, link: findLink(wanted, usable, warnings, others) };
  });
  const matches: Match[] = found.flatMap(({ wanted, link }) => {
    const original = links.find(({ name }) => name === link?.name) ?? link;
    return original === null ? [] : [{ wanted, link: original, below: [] }];
  });

  const nameOf = (name: string): string | null => {
    if (made.includes(name)) {
      return matches.find(({ wanted }) => kindOf(wanted) !== null && wanted.name === name)?.link.name ?? null;
    }
    const entry = found.find(({ wanted }) => wanted.name === name || wanted.mac === name);
    if (entry !== undefined) return entry.link?.name ?? null;
    return (
      usable.find(link => link.name === name || link.altNames?.includes(name) || link.mac === name)?.name ??
      null
    );
  };

  let waiting = config.interfaces.filter(wanted => kindOf(wanted) !== null);
  const settle = (patient: boolean): boolean => {
    const rest = waiting.filter(wanted => {
      const lower = lowerOf(wanted);
      const open = lower.some(name => waiting.some(other => other !== wanted && other.name === name));
      const below = lower.map(nameOf).filter(name => name !== null);
      if (open && patient) return true;
      if (below.length === 0 && !(wanted.bridge && lower.length === 0)) return true;
      const missing = lower.filter(name => nameOf(name) === null);
      if (missing.length > 0) warnings.push(`${wanted.name}: missing members: ${missing.join(', ')}`);
      const primary = wanted.bond?.primary === undefined ? null : nameOf(wanted.bond.primary);
      matches.push({
        wanted,
        link: madeLink(wanted, links),
        below,
        ...(primary !== null && below.includes(primary) && { primary }),
      });
      return false;
    });
    const progress = rest.length < waiting.length;
    waiting = rest;
    return progress;
  };
  while (settle(true) || settle(false));
  for (const wanted of waiting) {
    warnings.push(
      `${wanted.name}: no members found (${lowerOf(wanted).join(', ') || 'none named'}); not created`,
    );
  }
  return { matches, nameOf: name => (name === 'lo' ? 'lo' : nameOf(name)) };
}

function lowerOf({ bond, vlan, bridge }: InterfaceConfig): string[] {
  return vlan ? [vlan.link] : (bond ?? bridge)!.members;
}

/** The bond, VLAN or bridge as it is, or as it will be. */
function madeLink(wanted: InterfaceConfig, links: readonly Link[]): Link {
  const name = madeName(wanted.name!, links);
  const kind = kindOf(wanted)!;
  const present = links.find(link => link.name === name && link.kind === kind);
  return (
    present ?? { name, kind, mac: '', driver: null, modalias: null, carrier: false, mtu: 1500, absent: true }
  );
}

/** On some systems a bridge has taken a card's name ("eth0"), which the card has here. */
function madeName(name: string, links: readonly Link[]): string {
  const taken = links.some(link => link.kind === undefined && link.name === name);
  return taken ? `x-${name}`.slice(0, 15) : name;
}

function withoutMaster(link: Link): Link {
  const { master: _, ...free } = link;
  return free;
}

/**
 * The link that an entry for hardware means; null, with a warning, where there is none or more than one.
 * @param claimed MAC addresses by which other entries know their links
 */
export function findLink(
  wanted: InterfaceConfig,
  links: readonly Link[],
  warnings: string[],
  claimed: readonly (string | undefined)[] = [],
): Link | null {
  const { mac, name } = wanted;
  if (name === 'lo' && mac === undefined) return loopback;
  const hardware = links.filter(link => link.kind === undefined);
  const usable = hardware.filter(link => link.master === undefined);
  if (wanted.only === true) {
    const candidates = usable.length === 1 ? usable : usable.filter(link => link.carrier);
    if (candidates.length === 1) return candidates[0]!;
    warnings.push(
      `"only" requires exactly one interface with carrier; found ${candidates.length}: ${present(hardware)}`,
    );
    return null;
  }
  const named = hardware.find(link => link.name === name || link.altNames?.includes(name ?? ''));
  if (mac !== undefined) {
    const same = usable.filter(link => link.mac === mac);
    if (same.length === 1) return same[0]!;
    if (same.length > 1) {
      if (named !== undefined && same.includes(named)) return named;
      warnings.push(
        `${names(same).join(' and ')} have the same MAC address ${mac}: neither is configured; give a name as well`,
      );
      return null;
    }
    // Names change from system to system: one that another entry knows by its MAC address is not this one.
    if (named === undefined || named.master !== undefined || claimed.includes(named.mac)) {
      warnings.push(`no interface has the MAC address ${mac}; ${present(hardware)}`);
      return null;
    }
    warnings.push(`no interface has the MAC address ${mac}: taking ${named.name} by its name`);
    return named;
  }
  if (named === undefined) {
    warnings.push(`no interface has the name ${name}; ${present(hardware)}`);
    return null;
  }
  if (named.master === undefined) return named;
  warnings.push(`${named.name} belongs to ${named.master} and is not configured`);
  return null;
}

function present(links: readonly Link[]): string {
  if (links.length === 0) return 'the machine has no interface';
  return `present: ${links.map(link => `${link.name} (${link.mac})`).join(', ')}`;
}

function names(links: readonly Link[]): string[] {
  return links.map(link => link.name);
}
