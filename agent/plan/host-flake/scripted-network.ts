import type { Preferences } from '../network/preferences.ts';
import type { RuntimeInterface } from './runtime-types.ts';

/**
 * Whether a network is beyond NixOS's older, scripted style of networking, which has no rules, no routes over several
 * ways or to nowhere, and only the commonest settings of bonds, VLANs and bridges (nixpkgs,
 * nixos/modules/tasks/network-interfaces-scripted.nix). Where a user's flake is in that style, it is kept for all others.
 */
export function needsNetworkd(interfaces: readonly RuntimeInterface[]): boolean {
  const macs = interfaces.flatMap(({ mac }) => mac ?? []);
  // There, hardware goes by its name, which two cards of one address cannot be given.
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
 * Whether router advertisements are taken otherwise than the lease of the same interface: dhcpcd listens to both, and has one
 * metric and one "nogateway" for them (dhcpcd.conf(5)).
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
