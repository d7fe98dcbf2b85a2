import type { NetworkConfig } from '../config/schema.ts';
import { DabeiError } from '../errors.ts';

/**
 * A machine that was reached by a lease instead would be lost at its next start, with the configured addresses alone.
 * @param silent configured gateways, where none of them answered
 */
export function silentGateways(
  { allowSilentGateways }: NetworkConfig,
  silent: readonly string[],
): DabeiError | null {
  if (silent.length === 0 || allowSilentGateways) return null;
  return new DabeiError('NETWORK_SILENT_GATEWAY', {
    doing: 'planning the network of the installed system',
    problem: `no configured gateway answers (${silent.join(', ')}), and it would have no others`,
    remedy:
      'correct the network; or set network.allowSilentGateways to true, for a machine that will be moved',
  });
}
