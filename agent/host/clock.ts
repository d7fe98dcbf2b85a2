/** The only door to clocks and timers. */

export function now(): Date {
  return new Date();
}

/** Seconds since 1970-01-01 UTC. */
export function epochSeconds(): number {
  return Date.now() / 1000;
}

/** Seconds since the start of the machine, from a clock that never jumps (clock_gettime(2), CLOCK_MONOTONIC). */
export function uptimeSeconds(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n)) / 1000;
}

export function sleep(seconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, seconds * 1000));
}

/**
 * Calls `ask` until it returns an answer.
 * @param ask returns null if there is no answer yet
 * @param seconds time limit
 * @param every seconds between two calls
 * @param time the clock for both; a test has its own
 * @returns null if the limit expires without an answer
 */
export async function poll<T>(
  ask: () => Promise<T | null>,
  seconds: number,
  every = 0.5,
  time = { uptimeSeconds, sleep },
): Promise<T | null> {
  const end = time.uptimeSeconds() + seconds;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (time.uptimeSeconds() + every > end) return null;
    await time.sleep(every);
  }
}

/** The promise's value; null if the promise takes longer than the limit. The limit does not stop the work behind the promise. */
export async function withLimit<T>(promise: Promise<T>, seconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), seconds * 1000);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
