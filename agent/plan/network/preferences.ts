import type { Link } from '../../facts.ts';
import type { Match } from './match-links.ts';

/** Which parts of a lease or of a router advertisement a link uses; by default, all parts. */
export interface Preferences {
  metric?: number | undefined;
  useGateway?: boolean | undefined;
  useRoutes?: boolean | undefined;
  useDns?: boolean | undefined;
  useMtu?: boolean | undefined;
}

export interface LeasePreferences extends Preferences {
  /** The address to request again. */
  address?: string | undefined;
  useHostName?: boolean | undefined;
}

/** networkd's default (systemd.network(5), RouteMetric=). By default, /usr/lib/dabei/udhcpc adds the interface's index to it. */
const usualMetric = 1024;

/**
 * Preferences of links with DHCP, by name. If there are several, each gets a metric of its own: of two default routes with the
 * same metric, the kernel keeps only one for IPv4, and it is unpredictable which one.
 * @param links in the kernel's order, which decides between links without a configured metric
 */
export function leasePreferences(
  matches: readonly Match[],
  links: readonly Link[],
): Record<string, LeasePreferences> {
  const place = (name: string) => links.findIndex(link => link.name === name);
  const leased = new Map<string, LeasePreferences>();
  for (const { wanted, link } of matches) {
    if (wanted.dhcp === false) continue;
    const { clientId: _, ...given } = typeof wanted.dhcp === 'object' ? wanted.dhcp : { clientId: 'mac' };
    leased.set(link.name, { ...given, ...leased.get(link.name) });
  }
  if (leased.size < 2) return Object.fromEntries(leased);
  const taken = new Set<number>();
  const free = (metric: number) => {
    while (taken.has(metric)) metric += 1;
    taken.add(metric);
    return metric;
  };
  const entries = [...leased].toSorted(([a], [b]) => place(a) - place(b));
  const given = entries.filter(([, { metric }]) => metric !== undefined);
  const others = entries.filter(([, { metric }]) => metric === undefined);
  return Object.fromEntries(
    [...given, ...others].map(([name, each]) => [
      name,
      { ...each, metric: free(each.metric ?? usualMetric) },
    ]),
  );
}

/** Preferences of links that accept router advertisements, by name. */
export function advertisementPreferences(matches: readonly Match[]): Record<string, Preferences> {
  const found: Record<string, Preferences> = {};
  for (const { wanted, link } of matches) {
    if (typeof wanted.acceptRa === 'object') found[link.name] ??= wanted.acceptRa;
  }
  return found;
}
