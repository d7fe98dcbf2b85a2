import type { InterfaceInput, NetworkInput } from '../../schema.ts';
import { at, listAt, textAt } from './answers.ts';
import { bondOf, mtuOf } from './cloud-network.ts';
import {
  addressWithPrefix,
  cardOf,
  isAddress,
  networkOf,
  withAddresses,
  type Draft,
} from './network-parts.ts';

/**
 * OpenStack's network_data.json (Nova, "Metadata", and nova/virt/netutils.py), which Ironic, metal3 and config drives have, too.
 * @returns undefined if there is none, or if all of it comes by DHCP and router advertisements
 */
export function openStackNetwork(value: unknown, notes: string[]): NetworkInput | undefined {
  const links = listAt(value, 'links');
  const networks = listAt(value, 'networks');
  if (links.length === 0) return undefined;
  const macs = new Map(links.map(link => [textAt(link, 'id'), textAt(link, 'ethernet_mac_address')?.toLowerCase()])); // prettier-ignore
  const isMade = (link: unknown) => ['bond', 'vlan'].includes(textAt(link, 'type') ?? '');
  const nameOf = (id: unknown) => {
    const link = links.find(each => textAt(each, 'id') === id);
    return link !== undefined && isMade(link) ? madeName(String(id)) : (macs.get(String(id)) ?? String(id));
  };
  const drafts = links.map((link): Draft => {
    const own = networks.filter(network => at(network, 'link') === at(link, 'id'));
    const settings = { ...settingsOf(own), ...mtuOf(link) };
    const name = madeName(textAt(link, 'id') ?? '');
    switch (textAt(link, 'type')) {
      case 'bond':
        return { name, ...settings, bond: bondOf(listAt(link, 'bond_links').map(nameOf), at(link, 'bond_mode')) };
      case 'vlan':
        return { name, ...settings, vlan: { link: nameOf(at(link, 'vlan_link')), id: Number(at(link, 'vlan_id')) } };
      default:
        return cardOf({ mac: macs.get(textAt(link, 'id')) }, [], settings);
    }
  });
  const servers = [...listAt(value, 'services'), ...networks.flatMap(network => listAt(network, 'services'))]
    .filter(service => at(service, 'type') === 'dns')
    .map(service => at(service, 'address'));
  const isStatic = drafts.some(draft => draft !== null && (draft.addresses ?? draft.bond ?? draft.vlan));
  return isStatic ? networkOf(drafts, { servers }, notes) : undefined;
} // prettier-ignore

/** An id may be longer than a name of an interface: "bond0", or a UUID. */
function madeName(id: string): string {
  return id.replace(/[^\w.-]/g, '').slice(0, 15);
}

function settingsOf(networks: readonly unknown[]): Partial<InterfaceInput> {
  const typeOf = (network: unknown) => textAt(network, 'type') ?? '';
  const statics = networks.filter(network => /^ipv[46]$/.test(typeOf(network)));
  const parts = withAddresses(
    statics.map(network => ({
      address: at(network, 'ip_address'),
      prefix: at(network, 'netmask'),
      gateway: at(network, 'gateway'),
    })),
  );
  const given = networks.flatMap(network => listAt(network, 'routes')).flatMap(route => {
    const destination = addressWithPrefix(at(route, 'network'), at(route, 'netmask'));
    const gateway = at(route, 'gateway');
    if (destination === null || !isAddress(gateway)) return [];
    return [{ destination: /^(0\.0\.0\.0|::)\/0$/.test(destination) ? 'default' : destination, gateway }];
  });
  const isDefault = given.some(({ destination }) => destination === 'default');
  const routes = [...(isDefault ? [] : (parts.routes ?? [])), ...given];
  return {
    ...parts,
    ...(routes.length > 0 ? { routes } : {}),
    ...(networks.some(network => typeOf(network) === 'ipv4_dhcp') ? { dhcp: true } : {}),
    ...(networks.some(network => /^ipv6_/.test(typeOf(network))) ? { acceptRa: true } : {}),
  };
} // prettier-ignore
