import type { NetworkConfig, WifiNetwork } from '../../config/schema.ts';
import type { Input } from '../../config/sources/sources.ts';
import { asDabeiError, reasonsOf, type DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import type { Base } from '../../setup/base.ts';
import { resolveAnswers } from '../../setup/configuration.ts';
import type { State, Supply } from '../../setup/machine.ts';
import type { Need } from '../../setup/question.ts';
import type { Session } from '../sequence.ts';
import { network } from '../stages.ts';
import { joinedNetworks } from '../../plan/network/iwd-objects.ts';
import { startDaemons, writeNetworks } from '../wifi/daemons.ts';
import { readIwd } from '../wifi/iwd.ts';
import { joinNetworks } from '../wifi/join.ts';
import { fetchKeys, readStickKeys } from './keys.ts';
import { look } from './look.ts';
import { keepTyped } from './typed-wifi.ts';

/** What the guided installation has to do between two questions; none of it changes a disk. */

export interface Surroundings {
  readonly base: Base;
  /** Lines of authorized_keys of the configuration. */
  readonly keys: readonly string[];
  /** Of the configuration, and those that somebody has typed since the start. */
  readonly wifi: readonly WifiNetwork[];
  /** The network as it was brought up. */
  network: NetworkConfig;
  readonly captured: Input['captured'];
  /** The network of the answers was brought up. */
  isChanged: boolean;
}

/** @returns a failure as a sentence, for the question to which it belongs */
export async function fulfil(doors: Doors, need: Need, state: State, around: Surroundings): Promise<Supply> {
  try {
    switch (need.kind) {
      case 'look':
        return { kind: 'looked', world: await look(doors, around.base, around.keys, around.wifi) };
      case 'fetch':
        return { kind: 'files', files: await fetchKeys(doors, need.url) };
      case 'stick':
        return { kind: 'files', files: await readStickKeys(doors) };
      case 'wifi':
        return await joinWifi(doors, state, around);
      case 'network':
        return await bringUp(doors, state, around);
    }
  } catch (thrown) {
    return { kind: 'failed', problem: asDabeiError(thrown, 'looking').problem };
  }
}

/** Replaces the network of this system; returns to the earlier one if no gateway answers. */
async function bringUp(doors: Doors, state: State, around: Surroundings): Promise<Supply> {
  const resolution = resolveAnswers(state.answers, state.world, around.captured);
  const session: Session = { resolution, networkAsBroughtUp: around.network };
  around.isChanged = true;
  await network(doors, session);
  const silent = session.network?.unreachable ?? [];
  if (silent.length > 0)
    return { kind: 'failed', problem: `no gateway answers (${silent.join(', ')}): the address, the gateway or the cable is wrong` };
  around.network = resolution.reachability.network;
  return { kind: 'isUp' };
} // prettier-ignore

/**
 * Joins the network of the answers, and asks for addresses on every interface. Where no server gives any, the machine has joined
 * nevertheless, and an address is asked for.
 */
async function joinWifi(doors: Doors, state: State, around: Surroundings): Promise<Supply> {
  const resolution = resolveAnswers(state.answers, state.world, around.captured);
  const { network: wanted } = resolution.reachability;
  const [typed] = wanted.wifi ?? [];
  if (typed === undefined) return { kind: 'failed', problem: 'no network was named' };
  around.isChanged = true;
  const reason = await joinNetworks(doors, { ...wanted, wifi: [typed] });
  if (reason !== null && (around.network.wifi ?? []).length > 0) {
    // iwd looks further for those that it had before.
    await writeNetworks(doors, around.network);
    await startDaemons(doors);
  }
  if (reason !== null) return { kind: 'failed', problem: reasonsOf(reason).map(asSentence).join('; ') };
  keepTyped(doors, typed);
  try {
    await network(doors, { resolution, networkAsBroughtUp: around.network });
    around.network = wanted;
  } catch (thrown) {
    const joined = joinedNetworks(await readIwd(doors));
    if (!joined.some(({ ssid }) => ssid === typed.ssid)) throw thrown;
  }
  return { kind: 'isJoined', world: await look(doors, around.base, around.keys, around.wifi) };
}

/** The remedy for these is a setting; here, the next question is it. */
const isAskedAgain = (code: string) => code === 'WIFI_PASSPHRASE' || code === 'WIFI_NOT_FOUND';

const asSentence = ({ code, problem, remedy }: DabeiError) =>
  remedy === undefined || isAskedAgain(code) ? problem : `${problem}; ${remedy}`;
