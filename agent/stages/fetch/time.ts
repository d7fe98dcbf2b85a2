import { utc } from '../../config/sources/validity.ts';
import type { Doors } from '../../host/doors.ts';

/** The system's clock, which certificates are compared with. */

/** Sets it to a time that the operator, or a server, gave; a failure is a warning. */
async function setClock({ exec, log }: Doors, epochSeconds: number): Promise<boolean> {
  const { exitCode, stderr } = await exec.attempt({
    doing: 'setting the clock',
    argv: ['busybox', 'date', '-u', '-s', `@${Math.round(epochSeconds)}`],
    timeoutSeconds: 10,
  });
  if (exitCode !== 0) log({ event: 'warning', text: `setting the clock: ${stderr.trim()}` });
  return exitCode === 0;
}

/**
 * The time that the operator gave with `dabei.time`, to which the system's clock is set, too: certificates depend on it.
 * @param timeSeconds at the start of the machine, in seconds since 1970; null if nobody gave it
 * @returns the time now; null if nobody gave it
 */
export async function takeGivenTime(doors: Doors, timeSeconds: number | null): Promise<number | null> {
  const { clock } = doors;
  const givenSeconds = timeSeconds === null ? null : timeSeconds + clock.uptimeSeconds();
  if (givenSeconds !== null && Math.abs(givenSeconds - clock.epochSeconds()) > 60)
    await setClock(doors, givenSeconds);
  return givenSeconds;
}

export interface LearntTime {
  /** By how much the clock was moved; 0 if it was not. */
  movedSeconds: number;
  /** Moves the clock forward to what the server of an address says; only the first call asks. @returns whether it was moved */
  learn: (url: string) => Promise<boolean>;
}

const longestTrySeconds = 10;

/**
 * A server whose certificate is "not valid yet" may only look so because the machine's clock is behind. dabei asks that server for the
 * time, once. Anybody on the way can answer, so the time only ever moves forward, and counts for certificates alone.
 */
export function timeLearner(doors: Doors): LearntTime {
  const { clock, log, network } = doors;
  let asked = false;
  const learnt: LearntTime = {
    movedSeconds: 0,
    learn: async url => {
      if (asked) return false;
      asked = true;
      const { origin } = new URL(url);
      const seconds = await network.dateOf(origin, longestTrySeconds);
      const before = clock.epochSeconds();
      if (seconds === null || seconds <= before) {
        const says = seconds === null ? 'does not tell the time' : `says that it is ${utc(seconds)}`;
        log({ event: 'note', text: `${origin} ${says}; the clock stays at ${utc(before)}` });
        return false;
      }
      if (!(await setClock(doors, seconds))) return false;
      learnt.movedSeconds = seconds - before;
      const text = `the clock was at ${utc(before)}, and ${origin} says that it is ${utc(seconds)}: used for certificates alone`;
      log({ event: 'note', text });
      return true;
    },
  };
  return learnt;
}

/** A clock that differs by less is right: a request took a part of it. */
const toleratedSeconds = 60;

/**
 * Asks servers for the time, in order, until one tells it, and moves the clock forward to that. Anybody on the way can answer, so the clock
 * is never moved backward: what has expired stays so.
 * @param addresses http or https addresses; each costs as long as a try at most
 */
export async function learnTime(doors: Doors, addresses: readonly string[]): Promise<void> {
  const { clock, log, network } = doors;
  for (const address of addresses) {
    const { origin } = new URL(address);
    const seconds = await network.dateOf(origin, longestTrySeconds);
    if (seconds === null) continue;
    const before = clock.epochSeconds();
    const says = `the clock was at ${utc(before)}, and ${origin} says that it is ${utc(seconds)}`;
    if (seconds > before + toleratedSeconds) {
      if (await setClock(doors, seconds)) log({ event: 'note', text: `${says}: moved forward` });
    } else if (seconds < before - toleratedSeconds)
      log({ event: 'warning', text: `${says}; dabei does not move it backward` });
    return;
  }
  const asked = addresses.map(address => new URL(address).origin).join(', ');
  log({ event: 'warning', text: `nobody tells the time (asked: ${asked}); the clock stays at ${utc(clock.epochSeconds())}` });
} // prettier-ignore
