import type { InterfaceConfig, NetworkConfig } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';

/** Finds the link of each entry of the configuration, and the order in which to create bonds, VLANs and bridges. */

export interface Match {
  wanted: InterfaceConfig;
  link: Link;
  /** Names of the links below it: members of a bond or bridge, the link that carries a VLAN. */
  below: string[];
  /** Name of the bond's preferred member. */
  primary?: string;
}

export interface Matching {
  /** Hardware first, then bonds, VLANs and bridges, each after the links below it. */
  matches: Match[];
  /** Returns the name on this machine for a name or MAC address of the configuration; null if no link matches. */
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

/**
 * Finds a link for every entry; for a bond, VLAN or bridge that does not exist, it plans one.
 * @param warnings receives a sentence for each entry without a link; the result omits the entry
 */
export function matchLinks(
  config: Pick<NetworkConfig, 'interfaces'>,
  links: readonly Link[],
  warnings: string[],
): Matching {
  const made = config.interfaces.filter(wanted => kindOf(wanted) !== null).map(({ name }) => name!);
  const hardware = config.interfaces.filter(wanted => kindOf(wanted) === null);
  const usable = links.map(link =>
    // A link that an earlier run of this plan added to a configured bond or bridge is still usable.
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

/** The existing bond, VLAN or bridge, or a planned one with `absent`. */
function madeLink(wanted: InterfaceConfig, links: readonly Link[]): Link {
  const name = madeName(wanted.name!, links);
  const kind = kindOf(wanted)!;
  const present = links.find(link => link.name === name && link.kind === kind);
  return (
    present ?? { name, kind, mac: '', driver: null, modalias: null, carrier: false, mtu: 1500, absent: true }
  );
}

/** Avoids names of cards: on some systems a bridge has the name "eth0", which here belongs to a card. IFNAMSIZ allows 15 bytes. */
function madeName(name: string, links: readonly Link[]): string {
  const taken = links.some(link => link.kind === undefined && link.name === name);
  return taken ? `x-${name}`.slice(0, 15) : name;
}

function withoutMaster(link: Link): Link {
  const { master: _, ...free } = link;
  return free;
}

/**
 * Finds the link of an entry for hardware.
 * @param claimed MAC addresses by which other entries select their links
 * @returns null, with a warning, if no link matches or the match is ambiguous
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
    // Names differ between systems: a link that another entry selects by MAC address does not belong to this entry.
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
