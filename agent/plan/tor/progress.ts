/** What the log of Tor says of its way into the network. Pure. */

export type OnionState =
  /** How much of the way is done, in percent. */
  { state: 'connecting'; percent: number } | { state: 'connected' } | { state: 'ended' };

/** "Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors" (control-spec, STATUS_CLIENT) */
const line = /Bootstrapped (\d{1,3})%/g;

/** @param isRunning whether the process is there */
export function onionState(log: string, isRunning: boolean): OnionState {
  if (!isRunning) return { state: 'ended' };
  const percent = Math.min(100, Number([...log.matchAll(line)].at(-1)?.[1] ?? 0));
  return percent === 100 ? { state: 'connected' } : { state: 'connecting', percent };
}

/** For people, in a few words; null where there is nothing to say. */
export function describeOnion(onion: OnionState): string | null {
  switch (onion.state) {
    case 'connecting':
      return `Tor connects: ${onion.percent} %`;
    case 'connected':
      return null;
    case 'ended':
      return 'Tor has ended';
  }
}
