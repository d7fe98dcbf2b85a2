import type { WifiNetwork } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { IwdObjects } from './iwd-objects.ts';

/** Why no wireless network was joined, in words. Pure. */

const doing = 'joining a wireless network';

/**
 * @param wanted the configured networks
 * @param seen what iwd knew at the end, and whether the kernel has a wireless card
 * @param refused by SSID: what came of the attempts to join
 * @param log iwd's own, of this attempt
 * @returns an error for each network, or one for all where no card is to blame
 */
export function whyNotJoined(
  wanted: readonly WifiNetwork[],
  { stations, networks, hasRadio }: IwdObjects & { hasRadio: boolean },
  refused: ReadonlyMap<string, string>,
  log: string,
): DabeiError[] {
  if (stations.length === 0 && hasRadio)
    return [
      new DabeiError('WIFI_NO_CARD', {
        doing,
        problem: 'the wireless card is there and cannot be switched on',
        remedy: 'look for its switch, or for its setting in the firmware; or use a cable',
      }),
    ];
  if (stations.length === 0)
    return [
      new DabeiError('WIFI_NO_CARD', {
        doing,
        problem: 'the machine has no wireless card that this image has a driver and firmware for',
        remedy: 'use a cable; "dmesg | grep -i firmware" names firmware that the image lacks',
      }),
    ];
  return wanted.map(({ ssid, hidden }) => {
    const name = JSON.stringify(ssid);
    const visible = networks.filter(network => network.ssid === ssid);
    if (visible.length === 0)
      return new DabeiError('WIFI_NOT_FOUND', {
        doing,
        problem: `no network of the name ${name} is in reach`,
        remedy:
          'compare the name with the access point, capital letters included; ' +
          (hidden === true
            ? 'ask for it closer to the access point'
            : 'if it does not send its name, set "hidden" to true'),
      });
    if (!visible.some(({ type }) => type === 'psk'))
      return new DabeiError('WIFI_SECURITY', {
        doing,
        problem: `the network ${name} does not ask for a passphrase, or for more than that (${visible.map(({ type }) => type).join(', ')})`,
        remedy: 'use a network of WPA2 or WPA3 with a passphrase, or a cable',
      });
    const because = reasonsIn(log) ?? refused.get(ssid) ?? 'it does not answer';
    return new DabeiError('WIFI_PASSPHRASE', {
      doing,
      problem: `the network ${name} was found, and the access point refuses the passphrase, or does not finish (${because})`,
      remedy: 'correct the passphrase in network.wifi; WPA3 needs the passphrase itself, not a psk',
    });
  });
}

/** The last reason in iwd's log: "event: connect-failed, reason: 15" (IEEE 802.11-2020, 9.4.1.7 and 9.4.1.9). */
function reasonsIn(log: string): string | null {
  const events = [...log.matchAll(/event: ((?:connect-failed|disconnect-info|connect-timeout), (?:reason|status): \d+)/g)];
  return events.at(-1)?.[1] ?? null;
} // prettier-ignore
