import type { NetworkConfig, WifiNetwork } from '../../config/schema.ts';
import { asDabeiError, Refusals, type DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { presentVariants } from '../../host/machine/variants.ts';
import { joinedNetworks, type IwdObjects } from '../../plan/network/iwd-objects.ts';
import { whyNotJoined } from '../../plan/network/wifi-outcome.ts';
import { limits } from '../network-limits.ts';
import { iwdLog, startDaemons, writeNetworks } from './daemons.ts';
import { join, readIwd, scan } from './iwd.ts';

/** Joins wireless networks, so that their cards have a carrier when the network is brought up. */

/**
 * Joins one of the configured networks. iwd tries further whatever comes of it, so a network that appears later is used, too.
 * @returns why none was joined in time; null if one was, or if none is configured. Never throws: other interfaces have to be brought up
 */
export async function joinNetworks(doors: Doors, network: NetworkConfig): Promise<DabeiError | null> {
  const { wifi = [] } = network;
  // An image without iwd has refused the configuration (VARIANT_MISSING).
  if (wifi.length === 0 || !presentVariants(doors).includes('wifi')) return null;
  try {
    await writeNetworks(doors, network);
    await startDaemons(doors);
    const reasons = await waitUntilJoined(doors, wifi);
    return reasons === null ? null : new Refusals(reasons);
  } catch (thrown) {
    return asDabeiError(thrown, 'joining a wireless network');
  }
}

async function waitUntilJoined(doors: Doors, wanted: readonly WifiNetwork[]): Promise<DabeiError[] | null> {
  const { clock, log, files } = doors;
  const before = files.readText(iwdLog)?.length ?? 0;
  const refused = new Map<string, string>();
  const scanned = new Set<string>();
  let seen: IwdObjects = { stations: [], networks: [] };
  const joined = await clock.poll(
    async () => {
      seen = await readIwd(doors);
      const [found] = joinedNetworks(seen).filter(({ ssid }) => wanted.some(each => each.ssid === ssid));
      if (found !== undefined) return found;
      for (const { path, isScanning } of seen.stations)
        if (!isScanning && !scanned.has(path)) {
          scanned.add(path);
          await scan(doors, path);
        }
      await tryNext(doors, wanted, seen, refused);
      return wanted.every(({ ssid }) => refused.has(ssid)) ? 'refused' : null;
    },
    limits.wifi,
    0.5,
  );
  if (joined !== null && joined !== 'refused') {
    log({ event: 'note', text: `${joined.link} has joined ${JSON.stringify(joined.ssid)}` });
    return null;
  }
  return whyNotJoined(wanted, seen, refused, (files.readText(iwdLog) ?? '').slice(before));
}

/** iwd itself joins what it knows, after a scan; asking for it is faster, and the answer says what is wrong. */
async function tryNext(
  doors: Doors,
  wanted: readonly WifiNetwork[],
  { stations, networks }: IwdObjects,
  refused: Map<string, string>,
): Promise<void> {
  const idle = stations.filter(({ state }) => state === 'disconnected').map(({ path }) => path);
  for (const { ssid } of wanted) {
    const visible = networks.find(
      network => network.ssid === ssid && network.type === 'psk' && idle.includes(network.station),
    );
    if (visible === undefined || refused.has(ssid)) continue;
    const problem = await join(doors, visible.path);
    if (problem !== null) refused.set(ssid, problem);
    return;
  }
}
