import { networkFromCapture } from './network.ts';
import type { CapturedFiles } from './types.ts';
import { valueAt, type Located } from '../config/located.ts';
import type { ConfigInput } from '../config/schema.ts';

/** Converts the old system's network to a part of the configuration. Pure. */

export function capturedNetwork(files: CapturedFiles): {
  value: Pick<ConfigInput, 'network'>;
  notes: string[];
} {
  const { network, warnings, leftOut } = networkFromCapture(files);
  const { servers = [], search = [] } = network.dns ?? {};
  const parts = {
    ...((network.interfaces ?? []).length > 0 && { interfaces: network.interfaces }),
    ...(network.routes && { routes: network.routes }),
    ...(network.rules && { rules: network.rules }),
    ...(servers.length + search.length > 0 && {
      dns: { ...(servers.length > 0 && { servers }), ...(search.length > 0 && { search }) },
    }),
  };
  return {
    value: Object.keys(parts).length > 0 ? { network: parts } : {},
    notes: [
      ...warnings.map(text => `the old system: ${text}`),
      ...leftOut.map(({ name, why }) => `the old system: ${name} is left out: it ${why}`),
    ],
  };
}

/**
 * Drops the old system's interfaces, routes and rules if another source configures interfaces: the routes and rules would refer
 * to interfaces that no longer exist.
 * @param asked the configuration from all other sources
 */
export function besideConfigured<T extends Pick<ConfigInput, 'network'>>(captured: T, asked: Located): T {
  if (captured.network === undefined || valueAt(asked, ['network', 'interfaces']) === undefined)
    return captured;
  const { interfaces: _, routes: _routes, rules: _rules, ...rest } = captured.network;
  return { ...captured, network: rest };
}
