/** When dabei asks for a configuration again. Pure: the caller has the clock and the dice. */

export const defaultDeadlineSeconds = 15 * 60;

/** For one request, from the connection to the last byte. */
const longestTrySeconds = 60;

const firstWaitSeconds = 1;
const longestWaitSeconds = 30;

export interface Tries {
  /** How many requests have failed, 1 after the first. */
  failed: number;
  /** Since the first request. */
  elapsedSeconds: number;
  deadlineSeconds: number;
  /** What the server asked for. */
  retryAfterSeconds?: number;
  /** From 0 to 1: a rack that starts at once must not ask at once. */
  random: number;
}

/**
 * The wait doubles from 1 s to 30 s; a random half of it is left out. A server's Retry-After is the least wait, and up to a tenth is
 * added.
 * @returns null if the deadline would pass
 */
export function nextWaitSeconds(tries: Tries): number | null {
  const { failed, elapsedSeconds, deadlineSeconds, retryAfterSeconds = 0, random } = tries;
  const step = Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (failed - 1));
  const wait = Math.max(step * (0.5 + random / 2), retryAfterSeconds * (1 + random / 10));
  return elapsedSeconds + wait >= deadlineSeconds ? null : wait;
}

/** The limit of the next request, which the deadline cuts. */
export function tryLimitSeconds(elapsedSeconds: number, deadlineSeconds: number): number {
  return Math.max(1, Math.min(longestTrySeconds, deadlineSeconds - elapsedSeconds));
}
