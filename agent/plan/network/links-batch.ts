import { bondRows } from '../../config/schema/bond-options.ts';
import type { BondConfig, BridgeConfig } from '../../config/schema.ts';
import type { Link } from '../../facts.ts';
import { kindOf, type Match } from './match-links.ts';

/** Bonds, VLANs and bridges, and the links below them, as lines for `ip -batch` (ip-link(8)). Pure. */

/** Arguments of modprobe(8) for each kind. If the kernel loads bonding automatically, the module creates an unwanted bond0. */
export const modulesOf = {
  bond: ['bonding', 'max_bonds=0'],
  vlan: ['8021q'],
  bridge: ['bridge'],
} as const;

/** Lines that create the missing links. The new links are down. */
export function creationLines(matches: readonly Match[]): string[] {
  return matches.flatMap(({ wanted, link, below }) => {
    if (!link.absent) return [];
    const address = wanted.macAddress === undefined ? '' : ` address ${wanted.macAddress}`;
    const { bond, vlan, bridge } = wanted;
    if (vlan) {
      const protocol = vlan.protocol === '802.1ad' ? ' protocol 802.1ad' : '';
      return [`link add link ${below[0]} name ${link.name}${address} type vlan${protocol} id ${vlan.id}`];
    }
    return [`link add name ${link.name}${address} type ${bond ? bondType(bond) : bridgeType(bridge!)}`];
  });
}

/** The type of a bond without members, and so without `primary`, which must be a member. */
function bondType(bond: BondConfig): string {
  const options = bondRows.map(([name, { kernel, mode = bond.mode }]): Given => {
    const value = mode === bond.mode ? bond[name] : undefined;
    return [kernel, Array.isArray(value) ? value.join(',') : value];
  });
  return ['bond', ...given(options)].join(' ');
}

function bridgeType({ stp, forwardDelay, priority, vlanFiltering }: BridgeConfig): string {
  const options: Given[] = [
    ['stp_state', stp ? 1 : 0],
    // In hundredths of a second.
    ['forward_delay', forwardDelay === undefined ? undefined : forwardDelay * 100],
    ['priority', priority],
    ['vlan_filtering', vlanFiltering ? 1 : undefined],
  ];
  return ['bridge', ...given(options)].join(' ');
}

type Given = readonly [name: string, value: string | number | undefined];

function given(options: readonly Given[]): string[] {
  return options.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
}

/**
 * Lines that bring links up, each after the links below it, and add members to bonds and bridges. They do not touch a link that is
 * already a member: a bond would lose it for a moment.
 */
export function bringUpLines(
  used: readonly { link: Link; matches: readonly Match[] }[],
  all: readonly Link[],
): string[] {
  const memberships = used.flatMap(({ link, matches }) =>
    matches.flatMap(({ wanted, below }) =>
      wanted.bond || wanted.bridge
        ? below.map(member => ({ member, master: link.name, bond: wanted.bond }))
        : [],
    ),
  );
  const inBond = new Set(memberships.filter(({ bond }) => bond).map(({ member }) => member));
  const present = (name: string) => all.find(link => link.name === name);
  return used.flatMap(({ link, matches }) => {
    const mtu = matches.find(({ wanted }) => wanted.mtu !== undefined)?.wanted.mtu;
    const address = matches.find(({ wanted }) => wanted.macAddress !== undefined)?.wanted.macAddress;
    const change = link.kind === undefined && address !== undefined && address !== (link.address ?? link.mac);
    const mine = memberships.filter(({ master }) => master === link.name);
    const primary = matches.find(match => match.primary !== undefined)?.primary;
    return [
      ...(change ? [`link set dev ${link.name} address ${address}`] : []),
      ...mine.flatMap(({ member, master, bond }) =>
        present(member)?.master === master
          ? []
          : [
              // A bond accepts only links that are down, and brings them up (drivers/net/bonding/bond_main.c, bond_enslave).
              ...(bond ? [`link set dev ${member} down`] : []),
              `link set dev ${member} master ${master}`,
              ...(bond ? [`link set dev ${member} up`] : []),
            ],
      ),
      ...(primary === undefined ? [] : [`link set dev ${link.name} type bond primary ${primary}`]),
      // Members of a bond are already up.
      ...(inBond.has(link.name)
        ? []
        : [`link set dev ${link.name} up${mtu === undefined ? '' : ` mtu ${mtu}`}`]),
    ];
  });
}

/** The modules that the configured links need, as arguments of modprobe(8), one list per module. */
export function modulesFor(matches: readonly Match[]): (readonly string[])[] {
  const kinds = new Set(matches.map(({ wanted }) => kindOf(wanted)));
  return (['bond', 'vlan', 'bridge'] as const).filter(kind => kinds.has(kind)).map(kind => modulesOf[kind]);
}
