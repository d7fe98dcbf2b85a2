import { cleanText } from '../../clean-text.ts';
import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { updateStatus } from '../../host/status.ts';
import { isOnionAddress } from '../../keys/onion.ts';
import {
  isSameOnion,
  onionWish,
  prepareTor,
  removeTor,
  torPaths,
  type OnionWish,
} from '../../plan/tor/tor.ts';
import { timeServers } from '../../plan/tor/time-servers.ts';
import { executeSteps } from '../execute.ts';
import { learnTime } from '../fetch/time.ts';
import type { Session } from '../sequence.ts';
import { isTorRunning } from './observe.ts';

/** The onion service for SSH, of images with Tor. */

/** Tor reads its configuration and makes the address; the network comes later, and nobody waits for it. */
const addressSeconds = 60;
const endSeconds = 10;

/**
 * Sets the clock, starts Tor, and waits until it has the address. A later call with the same settings does nothing, one with others starts
 * Tor again. Never fails: the machine is as reachable by its addresses as without Tor, and what is wrong is a warning.
 */
export async function startTor(doors: Doors, session: Session): Promise<void> {
  const { reachability, config, learn } = session.resolution;
  const wish = onionWish(reachability.tor, reachability.ssh.port);
  const { onion } = session;
  if (onion !== undefined && wish !== null && isSameOnion(onion.wish, wish) && isTorRunning(doors)) return;
  delete session.onion;
  try {
    await endTor(doors);
    if (wish === null) {
      updateStatus(doors, { onion: null });
      return;
    }
    const servers = timeServers(reachability, config);
    // Whoever gave the time knows it better.
    if (learn.timeSeconds === null && servers.length > 0) await learnTime(doors, servers);
    const address = await run(doors, wish);
    session.onion = { wish, address };
    updateStatus(doors, { onion: { address, problem: null } });
    doors.log({ event: 'note', text: `onion service: ssh root@${address}` });
  } catch (thrown) {
    await giveUp(doors, asDabeiError(thrown, 'starting Tor').message);
  }
}

async function giveUp(doors: Doors, problem: string): Promise<void> {
  doors.log({ event: 'warning', text: `there is no onion service: ${problem}` });
  try {
    updateStatus(doors, { onion: { address: null, problem } });
    await endTor(doors);
  } catch (thrown) {
    doors.log({ event: 'warning', text: asDabeiError(thrown, 'ending Tor').message });
  }
}

/** @returns the address */
async function run(doors: Doors, wish: OnionWish): Promise<string> {
  const { exec, files, clock } = doors;
  const hasMore = files.list(torPaths.more).length > 0;
  await executeSteps(doors, prepareTor(wish, hasMore));
  // What an earlier one wrote says nothing of this one.
  files.remove(torPaths.log);
  const argv = [torPaths.program, '-f', torPaths.torrc];
  const pid = await exec.startDaemon({ doing: 'running Tor', argv, logFile: torPaths.log });
  files.writeAtomic(torPaths.pid, `${pid}\n`, 0o600);
  const look = async () => files.readText(torPaths.hostname)?.trim() ?? (isTorRunning(doors) ? null : '');
  const address = await clock.poll(look, addressSeconds, 0.2);
  const doing = 'waiting for the onion address';
  if (address === null || address === '')
    throw new DabeiError('COMMAND_FAILED', {
      doing,
      problem: `${address === null ? `Tor has made none after ${addressSeconds} s` : 'Tor has ended'}${lastLines(doors)}`,
    });
  if (!isOnionAddress(address) || (wish.address !== null && wish.address !== address))
    throw new DabeiError('COMMAND_FAILED', { doing, problem: 'Tor has made another one than the key has' });
  return address;
} // prettier-ignore

/** Ends what was started, and takes its key away; nothing where nothing was. */
async function endTor(doors: Doors): Promise<void> {
  const { exec, files, clock } = doors;
  if (!files.exists(torPaths.stateDirectory)) return;
  if (isTorRunning(doors)) {
    const pid = files.readText(torPaths.pid)!.trim();
    const argv = ['busybox', 'kill', '-9', pid];
    await exec.attempt({ doing: 'ending Tor', argv, timeoutSeconds: endSeconds });
    await clock.poll(async () => (isTorRunning(doors) ? null : true), endSeconds, 0.2);
  }
  await executeSteps(doors, removeTor());
  files.remove(torPaths.pid);
}

/** What Tor wrote at the end, for people. */
function lastLines({ files }: Doors): string {
  const lines = cleanText(files.readText(torPaths.log) ?? '')
    .trim()
    .split('\n')
    .slice(-3);
  const text = lines.map(line => line.replace(/^.*?\[(\w+)\] /, '$1: ')).join('; ');
  return text === '' ? '' : `: ${text}`;
}
