import type { NetworkConfig } from '../../config/schema.ts';
import { kindOf } from './match-links.ts';

/** What the configuration calls the cards that it configures: the MAC address where there is one, else the name. */
export function namesOfLinks({ interfaces }: Pick<NetworkConfig, 'interfaces'>): string[] {
  const cards = interfaces.filter(wanted => kindOf(wanted) === null && wanted.name !== 'lo');
  return cards.flatMap(({ mac, name }) => mac ?? name ?? []);
}
