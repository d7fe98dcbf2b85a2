import type { WifiNetwork } from '../../config/schema.ts';
import type { Doors } from '../../host/doors.ts';
import { presentVariants } from '../../host/machine/variants.ts';
import type { World } from '../../setup/question.ts';
import { iwdSettings } from '../../plan/network/iwd.ts';
import { limits } from '../network-limits.ts';
import { startDaemons, writeNetworks } from '../wifi/daemons.ts';
import { orderedNetworks, readIwd, scan } from '../wifi/iwd.ts';

/** Wireless networks in reach, for the guided installation. */

/**
 * Scans with every card.
 * @param configured the networks that this boot was to join
 * @param country two letters, if configured
 * @returns undefined for an image without Wi-Fi; no networks where the daemons do not start
 */
export async function lookForWifi(
  doors: Doors,
  configured: readonly WifiNetwork[],
  country?: string,
): Promise<World['wifi']> {
  if (!presentVariants(doors).includes('wifi')) return undefined;
  try {
    // Later, there may be a network that somebody has typed.
    if (!doors.files.exists(iwdSettings))
      await writeNetworks(doors, { wifi: [...configured], wifiCountry: country });
    await startDaemons(doors);
  } catch {
    return { networks: [], configured };
  }
  const cards = async () => (await readIwd(doors)).stations;
  // Cards appear when their driver has read its firmware.
  const present = (await doors.clock.poll(async () => oneOrMore(await cards()), limits.wifiStart, 0.5)) ?? [];
  for (const { path } of present) await scan(doors, path);
  await doors.clock.poll(
    async () => (await cards()).every(({ isScanning }) => !isScanning) || null,
    limits.wifiScan,
    0.5,
  );
  const { networks } = await readIwd(doors);
  const ordered: [path: string, strength: number][] = [];
  for (const { path } of present) ordered.push(...(await orderedNetworks(doors, path)));
  const seen = ordered
    .toSorted(([, a], [, b]) => b - a)
    .flatMap(([path, strength]) => {
      const network = networks.find(each => each.path === path);
      return network === undefined
        ? []
        : [{ ssid: network.ssid, type: network.type, strengthDbm: Math.round(strength / 100) }];
    });
  return { networks: seen, configured };
}

function oneOrMore<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}
