import type { NetworkConfig, RouteConfig } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Matching } from './match-links.ts';
import { isDefaultDestination } from './routes.ts';

/**
 * A machine that was reached by a lease instead would be lost at its next start, with the configured addresses alone.
 * @param silent configured gateways, where none of them answered
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

/** Gateways of default routes by interfaces that are not here. */
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
