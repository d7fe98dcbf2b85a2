import { Readable } from 'node:stream';
import type { Response } from 'node-fetch';
import { cleanLine } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import type { Exchange } from '../config/sources/url-answer.ts';
import * as clock from './clock.ts';

/** The only door to HTTP. */

export interface HttpRequest {
  /** The purpose, as a gerund phrase. */
  doing: string;
  url: string;
  /** HEAD: the text is empty. GET-HEADERS: as GET, but without reading the body. */
  method?: 'GET' | 'HEAD' | 'GET-HEADERS';
  /** Limit of the whole answer; a longer answer is an error. */
  limitBytes?: number;
  /** For each attempt, from the connection to the last byte. */
  timeoutSeconds?: number;
  /** Number of attempts if the server is busy, fails or is unreachable. */
  attempts?: number;
}

export interface HttpAnswer {
  status: number;
  text: string;
}

/** Limit for the delay that a busy server requests. */
const longestWaitSeconds = 60;
const firstWaitSeconds = 0.5;
/** Limit for quoting a server's message. */
const problemLimit = 200;

/** Loaded by the first request: it is a tenth of dabei's start, and most starts send none. */
const loadClient = async () => {
  const [plain, tls, { default: fetch }] = await Promise.all([
    import('node:http'),
    import('node:https'),
    import('node-fetch'),
  ]);
  const agents = {
    'http:': new plain.Agent({ keepAlive: true, maxSockets: 32 }),
    'https:': new tls.Agent({ keepAlive: true, maxSockets: 32 }),
  };
  return { fetch, agents, plain, tls };
};
let loaded: ReturnType<typeof loadClient> | undefined;

/**
 * Sends a request, following up to five redirections. Repeats it after a temporary error, and doubles the delay each time
 * (RFC 6585, 4: 429; RFC 9110, 15.6: 5xx and 10.2.3: Retry-After).
 * @returns the answer, with any other status
 * @throws DabeiError HTTP if the last attempt failed, too
 */
export async function request(asked: HttpRequest): Promise<HttpAnswer> {
  const { doing, url, attempts = 6 } = asked;
  let wait = firstWaitSeconds;
  for (let attempt = 1; ; attempt++) {
    const outcome = await once(asked);
    if ('answer' in outcome) return outcome.answer;
    if (attempt >= attempts || !outcome.mayPass) {
      const tried = attempt > 1 ? ` (${attempt} attempts)` : '';
      throw new DabeiError('HTTP', { doing, problem: `${url}: ${outcome.problem}${tried}` });
    }
    await clock.sleep(Math.min(longestWaitSeconds, Math.max(wait, outcome.retryAfterSeconds ?? 0)));
    wait *= 2;
  }
}

type Outcome = { answer: HttpAnswer } | { problem: string; mayPass: boolean; retryAfterSeconds?: number };

async function once({ url, method = 'GET', ...limits }: HttpRequest): Promise<Outcome> {
  const { limitBytes = 1024 * 1024, timeoutSeconds = 30 } = limits;
  const limited = await withinLimits(timeoutSeconds, async abort => {
    const { fetch, agents } = await (loaded ??= loadClient());
    const response = await fetch(url, {
      method: method === 'HEAD' ? 'HEAD' : 'GET',
      headers: { 'user-agent': 'dabei' },
      agent: ({ protocol }) => agents[protocol as keyof typeof agents],
      follow: 5,
      size: limitBytes,
      signal: abort.signal,
    });
    if (isBusy(response.status)) {
      abort.abort();
      const problem = cleanLine(
        `the server answered ${response.status} ${response.statusText}`,
        problemLimit,
      );
      return { problem, mayPass: true, ...retryAfter(response) };
    }
    if (method === 'GET') return { answer: { status: response.status, text: await response.text() } };
    if (method === 'GET-HEADERS') abort.abort();
    return { answer: { status: response.status, text: '' } };
  });
  if ('result' in limited) return limited.result;
  // Another attempt would repeat a loop of redirections and a too long answer.
  return { problem: limited.failure, mayPass: !isFinal(limited.type) };
}

type Limited<T> = { result: T } | { failure: string; type: unknown; code: string };

/** Ends a request after a time; errors are data, cleaned. */
async function withinLimits<T>(
  timeoutSeconds: number,
  ask: (abort: AbortController) => Promise<T>,
): Promise<Limited<T>> {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), timeoutSeconds * 1000);
  try {
    return { result: await ask(abort) };
  } catch (error) {
    if (abort.signal.aborted)
      return { failure: `no answer within ${timeoutSeconds} s`, type: null, code: 'timeout' };
    const problem = error instanceof Error ? error.message : String(error);
    const type = error instanceof Error && 'type' in error ? error.type : null;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const failure = cleanLine(problem.replace(/^request to \S+ failed, reason: /, ''), problemLimit);
    return { failure, type, code: type === 'max-size' ? type : code };
  } finally {
    clearTimeout(limit);
  }
}

export interface ExchangeRequest {
  url: string;
  /** GET if it is missing. */
  method?: 'GET' | 'PUT' | 'POST';
  /** What is sent; its type is a header. */
  body?: string;
  /** The server answers only to a port below 1024, which a program of root alone can have (ip(7)). */
  fromLowPort?: boolean;
  /** The link of a link-local address, which a URL cannot have (RFC 4007, 11; WHATWG URL, "IPv6 parser"). Plain HTTP alone. */
  link?: string;
  headers: Readonly<Record<string, string>>;
  /** Certificates in PEM that are trusted instead of the image's; null for those. */
  ca: string | null;
  limitBytes: number;
  /** From the connection to the last byte. */
  timeoutSeconds: number;
}

/**
 * One request, with its whole answer or its failure as data: the caller judges both. Follows no redirection.
 * @returns headers with lower-case names; `code` is Node's or OpenSSL's name of an error, or "timeout" or "max-size"
 */
export async function exchange(asked: ExchangeRequest): Promise<Exchange['outcome']> {
  const { url, method = 'GET', body: sent, headers, ca, limitBytes, timeoutSeconds } = asked;
  const limited = await withinLimits(timeoutSeconds, async abort => {
    const { fetch, agents, plain, tls } = await (loaded ??= loadClient());
    const plainOptions = {
      ...(asked.fromLowPort ? { localPort: lowPort() } : {}),
      ...(asked.link === undefined ? {} : { host: `${hostOf(url)}%${asked.link}` }),
    };
    // A server may close a kept connection just before it is used again; of what is sent then, nobody knows whether it arrived
    // (RFC 9112, 9.3.1). So only questions share connections.
    const isAlone = method !== 'GET';
    const own = {
      'http:': isAlone || Object.keys(plainOptions).length > 0 ? new plain.Agent(plainOptions) : null,
      'https:': isAlone || ca !== null ? new tls.Agent(ca === null ? {} : { ca }) : null,
    };
    const response = await fetch(url, {
      method,
      ...(sent === undefined ? {} : { body: streamOf(sent) }),
      headers: { 'user-agent': 'dabei', ...headers, ...lengthOf(sent) },
      agent: ({ protocol }) => own[protocol as keyof typeof own] ?? agents[protocol as keyof typeof agents],
      redirect: 'manual',
      size: limitBytes,
      signal: abort.signal,
    });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  });
  return 'result' in limited ? limited.result : { failure: limited.failure, code: limited.code };
}

/** Without the brackets of an IPv6 address. */
const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '');

/** A random one of 600 to 1023: a port that was just used is not free for a minute (TIME_WAIT). */
const lowPort = () => 600 + Math.floor(Math.random() * 424);

/**
 * The time by a server's Date header (RFC 9110, 6.6.1). To verify its certificate, one would have to know the time, so nothing is sent
 * that others must not read, and nothing else of the answer is used.
 * @param origin "https://host"
 * @returns seconds since 1970; null without an answer
 */
export async function dateOf(origin: string, timeoutSeconds: number): Promise<number | null> {
  const limited = await withinLimits(timeoutSeconds, async abort => {
    const { fetch, tls, agents } = await (loaded ??= loadClient());
    const unverified = new tls.Agent({ rejectUnauthorized: false });
    const response = await fetch(`${origin}/`, {
      method: 'HEAD',
      headers: { 'user-agent': 'dabei' },
      agent: ({ protocol }) => (protocol === 'https:' ? unverified : agents['http:']),
      redirect: 'manual',
      signal: abort.signal,
    });
    return response.headers.get('date');
  });
  const seconds = Date.parse(('result' in limited ? limited.result : null) ?? '') / 1000;
  return Number.isFinite(seconds) ? seconds : null;
}

/**
 * node-fetch destroys the body of a request that is aborted, with an error that nobody listens to if the body was a text or a buffer
 * (body.js, Body); it would end dabei.
 */
function streamOf(text: string): Readable {
  return Readable.from([Buffer.from(text)]).on('error', () => {});
}

function lengthOf(text: string | undefined): Record<string, string> {
  return text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) };
}

/** Treats an invalid status code as a server error (RFC 9110, 15). */
function isBusy(status: number): boolean {
  if (status < 100 || status > 599) return true;
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

function isFinal(type: unknown): boolean {
  return type === 'max-redirect' || type === 'max-size' || type === 'invalid-redirect';
}

/** Seconds; ignores a date. */
function retryAfter(response: Response): { retryAfterSeconds?: number } {
  const value = response.headers.get('retry-after');
  return value !== null && /^\d+$/.test(value) ? { retryAfterSeconds: Number(value) } : {};
}
