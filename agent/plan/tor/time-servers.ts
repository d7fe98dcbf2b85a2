import type { Config } from '../../config/schema.ts';
import type { ReachabilityConfig } from '../../config/reachability.ts';

/** Whom dabei asks for the time before Tor starts: with a wrong clock, no directory of relays is valid. Pure. */

/** Where an installation would fetch from. */
const lastResort = 'https://cache.nixos.org';
/** Each costs a try. */
const most = 3;

/**
 * The server that the configuration names for it; otherwise those that the machine talks to anyway.
 * @returns http or https addresses; none if nobody is to be asked
 */
export function timeServers(
  { tor, report }: Pick<ReachabilityConfig, 'tor' | 'report'>,
  config: Pick<Config, 'configUrl' | 'system'> | null,
): string[] {
  if (tor?.timeFrom === 'off') return [];
  if (tor?.timeFrom !== undefined) return [tor.timeFrom];
  const named = [config?.configUrl, report?.url, ...(config?.system.substituters ?? [])];
  const origins = [...named, lastResort].flatMap(address =>
    address !== undefined && URL.canParse(address) ? [new URL(address).origin] : [],
  );
  return [...new Set(origins)].slice(0, most);
}
