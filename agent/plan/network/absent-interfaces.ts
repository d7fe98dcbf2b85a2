import type { NetworkConfig } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Link } from '../../facts.ts';
import { planNetwork } from './network.ts';

/**
 * Refuses a network of which this machine has no interface. The installer requests addresses on all interfaces then; the installed
 * system does not.
 * @returns NETWORK_INTERFACE_ABSENT; null if the network is acceptable
 */
export function absentInterfaces(config: NetworkConfig, links: readonly Link[]): DabeiError | null {
  const { interfaces, allowUnreachableGateways } = config;
  if (allowUnreachableGateways || planNetwork(config, links).isConfigured) return null;
  const wanted = interfaces.map(({ name, mac }) => [name, mac].filter(Boolean).join(' ')).join(', ');
  const here = links.map(({ name, mac }) => `${name} ${mac}`).join(', ');
  return new DabeiError('NETWORK_INTERFACE_ABSENT', {
    doing: 'planning the network of the installed system',
    problem: `the configuration requests addresses on no present interface (${wanted}), and the machine has ${here}`,
    remedy:
      'correct network.interfaces; or set network.allowUnreachableGateways to true, for a machine that will be moved',
  });
}
