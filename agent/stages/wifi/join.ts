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
  const begin = clock.uptimeSeconds();
  const left = () => Math.max(1, begin + limits.wifi - clock.uptimeSeconds());
  const attempts: Attempts = { refused: new Map(), isFinal: new Set() };
  const scanned = new Set<string>();
  let seen: IwdObjects = { stations: [], networks: [] };
  const joined = await clock.poll(
    async () => {
      seen = await readIwd(doors, left());
      const [found] = joinedNetworks(seen).filter(({ ssid }) => wanted.some(each => each.ssid === ssid));
      if (found !== undefined) return found;
      const isLate = clock.uptimeSeconds() - begin >= limits.wifiCard;
      if (isLate && seen.stations.length === 0 && !hasRadio(doors) && !isUnpacking(doors)) return 'hopeless';
      for (const { path, isScanning } of seen.stations)
        if (!isScanning && !scanned.has(path)) {
          scanned.add(path);
          await scan(doors, path, left());
        }
      await tryNext(doors, wanted, seen, attempts, left());
      return wanted.every(({ ssid }) => attempts.isFinal.has(ssid)) ? 'hopeless' : null;
    },
    limits.wifi,
    0.5,
  );
  if (joined !== null && joined !== 'hopeless') {
    log({ event: 'note', text: `${joined.link} has joined ${JSON.stringify(joined.ssid)}` });
    return null;
  }
  const said = (files.readText(iwdLog) ?? '').slice(before);
  return whyNotJoined(wanted, { ...seen, hasRadio: hasRadio(doors) }, attempts.refused, said);
}

/** The kernel has a wireless card, whether it can be switched on or not (Documentation/ABI/testing/sysfs-class-net). */
function hasRadio({ files }: Doors): boolean {
  return files.list('/sys/class/net').some(link => files.exists(`/sys/class/net/${link}/phy80211`));
}

/** A driver waits for its firmware (image/media/firmware/unpack.sh). */
function isUnpacking({ files }: Doors): boolean {
  const state = '/run/dabei/firmware';
  return files.list(state).some(maker => !files.exists(`${state}/${maker}/done`));
}

interface Attempts {
  /** By SSID: what came of the last attempt. */
  refused: Map<string, string>;
  /** SSIDs for which another attempt is in vain. */
  isFinal: Set<string>;
}

/** iwd itself joins what it knows, after a scan; asking for it is faster, and the answer says what is wrong. */
async function tryNext(
  doors: Doors,
  wanted: readonly WifiNetwork[],
  { stations, networks }: IwdObjects,
  { refused, isFinal }: Attempts,
  seconds: number,
): Promise<void> {
  const idle = stations.filter(({ state }) => state === 'disconnected').map(({ path }) => path);
  for (const { ssid } of wanted) {
    const visible = networks.find(
      network => network.ssid === ssid && network.type === 'psk' && idle.includes(network.station),
    );
    if (visible === undefined || isFinal.has(ssid)) continue;
    const failure = await join(doors, visible.path, seconds);
    if (failure === null) return;
    refused.set(ssid, failure.problem);
    if (failure.isFinal) isFinal.add(ssid);
    return;
  }
}
