import { DabeiError } from '../../agent/errors.ts';
import * as clock from '../../agent/host/clock.ts';
import * as files from '../lib/files.ts';
import { attempt } from '../lib/host.ts';
import type { Limits } from './context.ts';

/**
 * Fetches one file with apt's own transports, so that this machine's proxies, certificates and mirror passwords apply
 * here, too. Returns nothing whose hash does not match.
 */

export interface Wanted {
  /** Addresses of the same bytes, in the order to try them. */
  urls: readonly string[];
  /** Unknown for a Release file, which its signature verifies instead. */
  expected?: { size: number; sha256: string };
}

export type Outcome =
  | { done: true }
  /** `tried`: one line an address, and how it ended. `absent`: every server said that it has no such file. */
  | { done: false; tried: string[]; absent: boolean };

/** How a failed try ended. */
interface Failure {
  reason: string;
  /** The server works and does not have the file; a second try would get the same answer. */
  absent: boolean;
}

/** A server that does not have the file, or has another one, is up. */
const isAnswer = ({ absent, reason }: Failure): boolean => absent || reason.startsWith(mismatch);

/** apt's own words for the failure. */
const mismatch = 'Hash Sum mismatch';

/** Upper limit for a Release file, in bytes. */
const unknownSize = 1_000_000;
const helper = '/usr/lib/apt/apt-helper';

/**
 * Gives up on a mirror that is down, instead of waiting for each of hundreds of files in turn. Several simultaneous
 * failures may be one short outage, so they also have to last for some time.
 */
export class Breaker {
  #failures = 0;
  #lastAnswer = clock.uptimeSeconds();
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get open(): boolean {
    const { failuresInARow, silentSeconds } = this.#limits;
    return this.#failures >= failuresInARow && clock.uptimeSeconds() - this.#lastAnswer >= silentSeconds;
  }

  report(answered: boolean): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    if (answered) this.#lastAnswer = clock.uptimeSeconds();
  }
}

/**
 * Fetches a file to a path, whose directory exists. Retries time-outs, resets, 5xx and wrong hashes a limited number of
 * times, and continues a truncated file where it ended.
 */
export async function transfer(
  wanted: Wanted,
  path: string,
  limits: Limits,
  breaker: Breaker,
): Promise<Outcome> {
  const tried: string[] = [];
  let absent = true;
  for (const url of wanted.urls) {
    let failure: Failure = { reason: 'not tried: the mirror has stopped answering', absent: false };
    let tries = 0;
    while (tries < limits.tries && !breaker.open) {
      if (tries > 0) await clock.sleep(limits.pauseSeconds * 2 ** (tries - 1));
      tries += 1;
      const failed = await once(url, wanted, path, limits);
      breaker.report(failed === null || isAnswer(failed));
      if (failed === null) return { done: true };
      failure = failed;
      if (failed.absent) break;
    }
    files.remove(path);
    absent &&= failure.absent;
    tried.push(`${url}: ${failure.reason}${tries > 1 ? ` (${tries} times)` : ''}`);
  }
  return { done: false, tried, absent };
}

/** A single try. @returns null on success */
async function once(url: string, wanted: Wanted, path: string, limits: Limits): Promise<Failure | null> {
  const { expected } = wanted;
  const bytes = expected?.size ?? unknownSize;
  const options = {
    'Acquire::http::Timeout': limits.idleSeconds,
    'Acquire::https::Timeout': limits.idleSeconds,
    // This module counts the tries itself.
    'Acquire::Retries': 0,
    'APT::Sandbox::User': 'root',
  };
  const timeoutSeconds = limits.leastSeconds + bytes / limits.bytesPerSecond;
  const pace = new Pace(path, limits);
  try {
    const { exitCode, stderr } = await attempt({
      doing: `fetching ${url}`,
      argv: [
        helper,
        '-q',
        ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
        'download-file',
        url,
        path,
        ...(expected ? [`SHA256:${expected.sha256}`] : []),
      ],
      env: proxies(),
      timeoutSeconds,
      stop: pace.signal,
    });
    if (exitCode !== 0) return failureOf(stderr);
  } catch (error) {
    if (!(error instanceof DabeiError) || error.code !== 'COMMAND_TIMEOUT') throw error;
    return { reason: `slower than ${limits.bytesPerSecond / 1000} kB/s`, absent: false };
  } finally {
    pace.end();
    files.remove(`${path}.FAILED`);
  }
  if (!files.exists(path)) return { reason: 'nothing arrived', absent: false };
  if (expected === undefined) return null;
  if (files.sizeOf(path) === expected.size && (await files.sha256(path)) === expected.sha256) return null;
  files.remove(path);
  return { reason: mismatch, absent: false };
}

/** Notices during the transfer that a file arrives too slowly, instead of at its time limit. */
class Pace {
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(path: string, limits: Limits) {
    const size = () => (files.exists(path) ? files.sizeOf(path) : 0);
    const [started, had] = [clock.uptimeSeconds(), size()];
    const check = () => {
      const seconds = clock.uptimeSeconds() - started - limits.leastSeconds;
      if (size() - had < seconds * limits.bytesPerSecond) this.#stop.abort();
    };
    this.#timer = setInterval(check, (limits.leastSeconds * 1000) / 6);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** apt's words: "E: Failed to fetch URL  404  Not Found [IP: …]"; apt-pkg/acquire-item.cc, methods/http.cc */
export function failureOf(stderr: string): Failure {
  const line = stderr.split('\n').find(text => text.startsWith('E: Failed to fetch '));
  const reason = (line ?? stderr.trim().split('\n').at(-1) ?? '')
    .replace(/^E: (Failed to fetch \S+ +)?/, '')
    .replace(/ *\[IP: .*\]/, '')
    .replace(/ +/g, ' ')
    .trim();
  // 408 and 429 allow a retry; the other 4xx are final. A `file:` archive reports it in words.
  const absent = /^(4(?!08|29)\d\d )|^File not found|No such file/.test(reason);
  return { reason: reason === '' ? 'no reason given' : reason, absent };
}

/** curl(1): the proxy variables, which apt's http transport also reads. */
function proxies(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])));
}
