import type { ErrorCode } from '../../errors.ts';
import { maximumBytes } from './decode.ts';

/** What a server's answer to a request for a configuration means. Pure; nothing here knows the clock or the network. */

/** One request and its outcome. */
export interface Exchange {
  url: string;
  outcome:
    | { status: number; headers: Readonly<Record<string, string>>; body: Buffer }
    /** `code` is Node's or OpenSSL's name of the error; "timeout" and "max-size" are ours. */
    | { failure: string; code: string };
}

export type Verdict =
  | { kind: 'body'; body: Buffer }
  /** The server works, and has nothing for this machine. */
  | { kind: 'nothing' }
  | { kind: 'redirect'; to: string }
  /** Another attempt may succeed. */
  | { kind: 'again'; why: string; retryAfterSeconds?: number }
  | { kind: 'refused'; code: ErrorCode; why: string; remedy: string };

/** Redirects to follow (RFC 9110, 15.4 recommends to detect cycles). */
export const mostRedirects = 5;

export interface Circumstances {
  /** The hash or the signature is checked afterwards, so the content may come over any connection. */
  verified: boolean;
  /** Redirects so far. */
  redirects: number;
  /** The time that this machine's clock shows, for messages. */
  clock: string;
  /** The limit of the body, for messages. */
  limitBytes?: number;
}

export function judgeAnswer(exchange: Exchange, circumstances: Circumstances): Verdict {
  const { outcome } = exchange;
  if ('failure' in outcome) return judgeFailure(outcome.failure, outcome.code, circumstances);
  const { status, headers, body } = outcome;
  const answered = `the server answered ${status}`;
  switch (true) {
    case status === 200:
      return judgeBody(headers, body);
    case status === 404 || status === 204:
      return { kind: 'nothing' };
    case [301, 302, 303, 307, 308].includes(status):
      return judgeRedirect(exchange.url, answered, headers['location'], circumstances);
    // An invalid status code is a server error (RFC 9110, 15).
    case status === 408 || status === 425 || status === 429 || status >= 500 || status < 100:
      return { kind: 'again', why: answered, ...retryAfter(headers) };
    case status === 401 || status === 403:
      return refused('CONFIG_FETCH', answered, 'check the permissions of the file, and user name and token of the address');
    default:
      return refused('CONFIG_FETCH', answered, 'correct the address, or what the server has there');
  }
} // prettier-ignore

function refused(code: ErrorCode, why: string, remedy: string): Verdict {
  return { kind: 'refused', code, why, remedy };
}

function judgeBody(headers: Readonly<Record<string, string>>, body: Buffer): Verdict {
  const start = body.subarray(0, 1024).toString('latin1').replace(/^\xef\xbb\xbf/, '').trimStart(); // prettier-ignore
  const type = headers['content-type'] ?? '';
  if (start.startsWith('<') || (/^text\/html\b/i.test(type) && !/^[{-]/.test(start)))
    return refused(
      'CONFIG_JSON',
      'the server sent an HTML or XML page, not JSON',
      'open the address in a browser: a login page, a captive portal or an error page with status 200 answers there',
    );
  return { kind: 'body', body };
}

function judgeRedirect(
  from: string,
  answered: string,
  location: string | undefined,
  { verified, redirects }: Circumstances,
): Verdict {
  const remedy = 'give the final address';
  if (location === undefined || !URL.canParse(location, from))
    return refused('CONFIG_FETCH', `${answered} without a valid Location`, remedy);
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    return refused('CONFIG_FETCH', `${answered}, a redirect to ${to.protocol}`, remedy);
  if (to.username !== '' || to.password !== '')
    return refused('CONFIG_FETCH', `${answered}, a redirect to an address with a user name`, remedy);
  if (redirects >= mostRedirects)
    return refused('CONFIG_FETCH', `more than ${mostRedirects} redirects`, remedy);
  if (to.protocol === 'http:' && !verified)
    return refused(
      'CONFIG_URL_UNVERIFIED',
      `${answered}, a redirect to plain HTTP (${to.host})`,
      'serve it over https, or give dabei.config_sha256 or dabei.config_signer',
    );
  return { kind: 'redirect', to: to.href };
}

/** Headers of the first request that the server of a redirect may have, too: those of another origin get none (RFC 6454, 5). */
export function headersFor(
  first: string,
  next: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return new URL(first).origin === new URL(next).origin ? headers : {};
}

/** Of OpenSSL's X509_V_ERR_… as Node names them (node:tls, "X509 certificate error codes"): those that a wrong clock causes. */
const clockErrors: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
};

const trustErrors =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH|ERR_TLS_|ERR_SSL_|EPROTO)/;

function judgeFailure(failure: string, code: string, { clock, limitBytes }: Circumstances): Verdict {
  const expired = clockErrors[code];
  if (expired !== undefined)
    return refused(
      'CONFIG_FETCH',
      `the server's certificate ${expired}, if it is ${clock}, as this machine's clock says`,
      "if the clock is wrong, set the machine's clock in its firmware, or give the time with dabei.time=; otherwise renew the certificate",
    );
  if (trustErrors.test(code))
    return refused(
      'CONFIG_FETCH',
      `no secure connection: ${failure}`,
      'give the certificate of the authority with configCa or dabei.config_ca, or correct the certificate of the server',
    );
  if (code === 'max-size')
    return refused(
      'CONFIG_TOO_LARGE',
      `the answer is larger than ${limitBytes ?? maximumBytes} bytes`,
      'keep files out of the configuration; a flake can hold them',
    );
  return { kind: 'again', why: failure };
}

/**
 * Retry-After: seconds, or a date, which counts from the server's own (RFC 9110, 10.2.3 and 6.6.1).
 * @returns seconds from now, 0 or more; undefined for anything else
 */
export function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // All three forms of a date begin with a day; JavaScript takes "-1" for one, too.
  if (!/^[A-Z][a-z]{2}/.test(value)) return undefined;
  const seconds = (Date.parse(value) - Date.parse(headers['date'] ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

function retryAfter(headers: Readonly<Record<string, string>>): { retryAfterSeconds?: number } {
  const retryAfterSeconds = retryAfterOf(headers);
  return retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
}
