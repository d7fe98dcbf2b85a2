import type { Preferences } from '../network/preferences.ts';
import type { RuntimeInterface } from './runtime-types.ts';

/**
 * Whether a network needs networkd, because NixOS's older, scripted networking does not support it. The scripts have no rules, only
 * unicast routes with a single next hop, and only common settings of bonds, VLANs and bridges (nixpkgs,
 * nixos/modules/tasks/network-interfaces-scripted.nix). If a user's flake uses the scripts, they remain in use for all other networks.
 */
export function needsNetworkd(interfaces: readonly RuntimeInterface[]): boolean {
  const macs = interfaces.flatMap(({ mac }) => mac ?? []);
  // The scripts identify hardware by its name, and cannot name two cards with the same MAC address.
  if (new Set(macs).size < macs.length) return true;
  return interfaces.some(
    ({ rules, routes, addresses, options, clientId, ...others }) =>
      rules.length > 0 ||
      advertisementsDiffer(others) ||
      clientId !== 'mac' ||
      addresses.some(({ peer }) => peer !== null) ||
      routes.some(
        ({ type, nexthops, destination, gateway }) =>
          type !== null || nexthops.length > 0 || (gateway !== null && isV6(gateway) !== isV6(destination)),
      ) ||
      options?.protocol === '802.1ad' ||
      options?.stp === true ||
      (options?.forwardDelay ?? options?.priority ?? options?.vlanFiltering) !== undefined,
  );
}

/**
 * Whether the preferences for router advertisements differ from those for the lease of the same interface: dhcpcd uses both, and has
 * one metric and one "nogateway" for the two (dhcpcd.conf(5)).
 */
function advertisementsDiffer({
  dhcp,
  acceptRa,
  lease,
  advertisements,
}: Pick<RuntimeInterface, 'dhcp' | 'acceptRa' | 'lease' | 'advertisements'>): boolean {
  if (!dhcp || !acceptRa) return false;
  const { metric, useDns, useMtu, ...routes } = advertisements ?? {};
  return (
    (metric !== undefined && metric !== lease?.metric) ||
    useDns === false ||
    useMtu === false ||
    hasGateway(routes) !== hasGateway(lease ?? {})
  );
}

function hasGateway({ useGateway, useRoutes }: Pick<Preferences, 'useGateway' | 'useRoutes'>): boolean {
  return useGateway !== false && useRoutes !== false;
}

function isV6(address: string): boolean {
  return address.includes(':');
}
