import * as clock from '../agent/host/clock.ts';

/** The build's own lines: what is being done, for how long it has been, and how long it took. */

let current = '';

/** Shows a step while it runs: a line at its start and end, and every 30 s in between so that nobody wonders. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = clock.uptimeSeconds();
  const elapsed = () => `${(clock.uptimeSeconds() - started).toFixed(0)} s`;
  tell(`${name}: started`);
  const ticker = setInterval(() => tell(`${name}: ${elapsed()} ${current}`.trimEnd()), 30_000);
  try {
    const result = await work();
    tell(`${name}: done (${elapsed()})`);
    return result;
  } catch (error) {
    tell(`${name}: failed (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(ticker);
    current = '';
  }
}

/** The last line of output of what runs now; shown with the next tick. */
export function note(line: string): void {
  current = line.trim().slice(0, 100);
}

export function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
