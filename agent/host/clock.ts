/** The only door to time. */

export function now(): Date {
  return new Date();
}

/** Seconds since 1970-01-01 UTC. */
export function epochSeconds(): number {
  return Date.now() / 1000;
}

/** Seconds since this program's machine started, from a clock that never jumps (clock_gettime(2), CLOCK_MONOTONIC). */
export function uptimeSeconds(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n)) / 1000;
}

export function sleep(seconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, seconds * 1000));
}

/**
 * Asks again and again until there is an answer; null when the limit is reached without one.
 * @param seconds the limit, counted from now
 * @param every seconds between two questions
 * @param time the clock that both are measured by
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

/** The promise's answer; null when it takes longer. The work behind it goes on, but nobody waits for it. */
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
