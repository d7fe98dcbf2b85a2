import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import fetch, { type Response } from 'node-fetch';
import { cleanLine } from '../clean-text.ts';
import { DabeiError } from '../errors.ts';
import * as clock from './clock.ts';

/** The only door to HTTP. */

export interface HttpRequest {
  /** What this is for, as a gerund phrase. */
  doing: string;
  url: string;
  /** HEAD: the text is empty. GET-HEADERS: as GET, but the body is left where it is. */
  method?: 'GET' | 'HEAD' | 'GET-HEADERS';
  /** Of the whole answer; more is an error. */
  limitBytes?: number;
  /** For each attempt, from the connection to the last byte. */
  timeoutSeconds?: number;
  /** How often it is tried in all, when the server is busy, out of order or cannot be reached. */
  attempts?: number;
}

export interface HttpAnswer {
  status: number;
  text: string;
}

/** Of what a busy server says about when to come back, no more is believed. */
const longestWaitSeconds = 60;
const firstWaitSeconds = 0.5;
/** Of what a server says for people. */
const problemLimit = 200;

const agents = {
  'http:': new PlainAgent({ keepAlive: true, maxSockets: 32 }),
  'https:': new TlsAgent({ keepAlive: true, maxSockets: 32 }),
};

/**
 * Asks a server, following up to five redirections. What may be better a moment later is tried again, each time after
 * twice the wait (RFC 6585, 4: 429; RFC 9110, 15.6: 5xx and 10.2.3: Retry-After).
 * @returns the answer, whatever other status it has
 * @throws DabeiError HTTP when the last attempt failed, too
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
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), timeoutSeconds * 1000);
  try {
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
  } catch (error) {
    if (abort.signal.aborted) return { problem: `no answer within ${timeoutSeconds} s`, mayPass: true };
    const problem = error instanceof Error ? error.message : String(error);
    const type = error instanceof Error && 'type' in error ? error.type : null;
    // A loop of redirections and an answer that is too long are the same the next time.
    return {
      problem: cleanLine(problem.replace(/^request to \S+ failed, reason: /, ''), problemLimit),
      mayPass: !isFinal(type),
    };
  } finally {
    clearTimeout(limit);
  }
}

/** What is no status code counts as one of the server's errors (RFC 9110, 15). */
function isBusy(status: number): boolean {
  if (status < 100 || status > 599) return true;
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

function isFinal(type: unknown): boolean {
  return type === 'max-redirect' || type === 'max-size' || type === 'invalid-redirect';
}

/** In seconds; a date is not waited for. */
function retryAfter(response: Response): { retryAfterSeconds?: number } {
  const value = response.headers.get('retry-after');
  return value !== null && /^\d+$/.test(value) ? { retryAfterSeconds: Number(value) } : {};
}
