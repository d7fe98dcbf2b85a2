import type { Exchange } from '../../config/sources/url-answer.ts';

/** What the answer of a receiver means. Pure. */
export type Delivery =
  | { kind: 'delivered' }
  /** Another attempt may succeed. */
  | { kind: 'again'; why: string }
  | { kind: 'refused'; why: string };

/** Events that wait for the network, or for a receiver; the oldest is lost first. */
export const mostQueued = 500;
/** Attempts for an event that is not the last one. */
export const mostAttempts = 3;

export interface Limits {
  /** For one event, from the connection to the last byte of the answer. */
  trySeconds: number;
  /** For all that is left at the end; the last event is tried again as long. */
  endSeconds: number;
}

export const reportLimits: Limits = { trySeconds: 5, endSeconds: 30 };

export function judgeDelivery(outcome: Exchange['outcome']): Delivery {
  if ('failure' in outcome) {
    // The headers of an answer had come, and with them its status; what it says beyond is of no use.
    if (outcome.code === 'max-size') return { kind: 'refused', why: 'its answer is too long' };
    return { kind: 'again', why: outcome.failure };
  }
  const { status } = outcome;
  const why = `the server answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  // A redirection could lead the events, and a token, to anybody.
  if (status >= 300 && status < 400) return { kind: 'refused', why: `${why}, a redirect` };
  // An invalid status code is a server error (RFC 9110, 15).
  if (status === 408 || status === 425 || status === 429 || status >= 500 || status < 100)
    return { kind: 'again', why };
  return { kind: 'refused', why };
}
