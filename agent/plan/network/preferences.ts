import type { Link } from '../../facts.ts';
import type { Match } from './match-links.ts';

/** What a link takes of a lease or of a router advertisement; all of it where nothing is said. */
export interface Preferences {
  metric?: number | undefined;
  useGateway?: boolean | undefined;
  useRoutes?: boolean | undefined;
  useDns?: boolean | undefined;
  useMtu?: boolean | undefined;
}

export interface LeasePreferences extends Preferences {
  /** Is asked for again. */
  address?: string | undefined;
  useHostName?: boolean | undefined;
}

/** networkd's (systemd.network(5), RouteMetric=) and ours (/usr/lib/dabei/udhcpc). */
const usualMetric = 1024;

/**
 * Preferences of leased links by name. Of several leased links each has a metric, and no two the same: IPv4 would keep
 * one default route of two, and nobody could say which.
 * @param links in the kernel's order, which decides where no metric is given
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

/** Preferences of links that listen to routers, by name. */
export function advertisementPreferences(matches: readonly Match[]): Record<string, Preferences> {
  const found: Record<string, Preferences> = {};
  for (const { wanted, link } of matches) {
    if (typeof wanted.acceptRa === 'object') found[link.name] ??= wanted.acceptRa;
  }
  return found;
}
