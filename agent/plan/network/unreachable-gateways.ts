import type { NetworkConfig, RouteConfig } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Matching } from './match-links.ts';
import { isDefaultDestination } from './routes.ts';

/**
 * Refuses a network in which no configured gateway answers. The installer may be reachable by DHCP instead, but the installed
 * system uses only the configured network.
 * @param silent the configured gateways if none of them answers, else empty
 * @returns NETWORK_SILENT_GATEWAY; null if the network is acceptable
 */
export function unreachableGateways(
  { allowUnreachableGateways }: NetworkConfig,
  silent: readonly string[],
): DabeiError | null {
  if (silent.length === 0 || allowUnreachableGateways) return null;
  return new DabeiError('NETWORK_SILENT_GATEWAY', {
    doing: 'planning the network of the installed system',
    problem: `no configured gateway answers (${silent.join(', ')}), and the installed system would have no other gateway`,
    remedy:
      'correct the network; or set network.allowUnreachableGateways to true, for a machine that will be moved',
  });
}

/** Gateways of default routes through interfaces that this machine does not have. */
export function gatewaysOfMissing(
  { interfaces, routes }: NetworkConfig,
  { matches, nameOf }: Matching,
): string[] {
  const isWay = ({ destination, type }: RouteConfig) =>
    isDefaultDestination(destination) && type === undefined;
  const missing = interfaces.filter(wanted => !matches.some(match => match.wanted === wanted));
  const own = missing.flatMap(wanted => wanted.routes).filter(isWay);
  const all = [...routes, ...interfaces.flatMap(wanted => wanted.routes)].filter(isWay);
  const hops = [
    ...own,
    ...own.flatMap(({ nexthops = [] }) => nexthops.filter(hop => hop.interface === undefined)),
    ...all
      .flatMap(({ nexthops = [] }) => nexthops)
      .filter(hop => hop.interface !== undefined && nameOf(hop.interface) === null),
  ];
  return [...new Set(hops.flatMap(({ gateway }) => gateway ?? []))];
}
