import { DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { redactTokens } from '../../redact-tokens.ts';
import { headersFor, judgeAnswer, type Verdict } from '../../config/sources/url-answer.ts';
import { nextWaitSeconds, tryLimitSeconds } from '../../config/sources/url-schedule.ts';
import { splitCredentials } from '../../config/sources/url.ts';
import { utc } from '../../config/sources/validity.ts';

/** Fetches a file of a configuration: asks, follows redirections and tries again, until one deadline for everything. */

export interface Download {
  body: Buffer;
  /** A part of the way was plain HTTP. */
  inClear: boolean;
}

export interface DownloadRequest {
  /** The purpose, as a gerund phrase. */
  doing: string;
  /** It may have a user name and a password, which only the first host gets. */
  url: string;
  ca: string | null;
  limitBytes: number;
  /** The content is verified afterwards, so it may come over plain HTTP. */
  verified: boolean;
  /** Uptime after which dabei gives up, and what it was at the first request. */
  startedSeconds: number;
  deadlineSeconds: number;
  /** From 0 to 1. */
  dice: () => number;
  /** Moves a clock forward that makes a certificate "not valid yet"; returns whether another attempt may succeed. */
  learnTime?: (url: string) => Promise<boolean>;
}

/** "https://user:[redacted]@host/file" */
export const shownUrl = (url: string) => redactTokens(url);

/**
 * @returns null if the server has no such file (404 or 204)
 * @throws DabeiError CONFIG_FETCH, CONFIG_TOO_LARGE, CONFIG_JSON or CONFIG_URL_UNVERIFIED
 */
export async function download(doors: Doors, asked: DownloadRequest): Promise<Download | null> {
  const { clock, log } = doors;
  const { doing, startedSeconds, deadlineSeconds } = asked;
  const elapsed = () => clock.uptimeSeconds() - startedSeconds;
  let told = '';
  for (let failed = 1; ; failed++) {
    const { verdict, url, inClear } = await follow(doors, asked, tryLimitSeconds(elapsed(), deadlineSeconds));
    if (verdict.kind === 'nothing') return null;
    if (verdict.kind === 'body') return { body: verdict.body, inClear };
    const problem = `${shownUrl(url)}: ${verdict.kind === 'redirect' ? 'too many redirects' : verdict.why}`;
    if (verdict.kind !== 'again')
      throw new DabeiError(verdict.kind === 'refused' ? verdict.code : 'CONFIG_FETCH', {
        doing,
        problem,
        ...(verdict.kind === 'refused' ? { remedy: verdict.remedy } : {}),
      });
    const wait = nextWaitSeconds({
      failed,
      elapsedSeconds: elapsed(),
      deadlineSeconds,
      random: asked.dice(),
      ...(verdict.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: verdict.retryAfterSeconds }),
    });
    if (wait === null)
      throw new DabeiError('CONFIG_FETCH', {
        doing,
        problem: `${problem} (${failed === 1 ? 'one attempt' : `${failed} attempts`} in ${Math.round(elapsed())} of ${deadlineSeconds} s)`,
        remedy: 'check address and server; "dabei install" asks again, dabei.config_deadline= sets how long',
      });
    if (problem !== told) log({ event: 'warning', text: `${problem}; dabei asks again` });
    told = problem;
    await clock.sleep(wait);
  }
}

/** One attempt, with its redirections. */
async function follow(
  { network, clock }: Doors,
  { url: start, ca, limitBytes, verified, learnTime }: DownloadRequest,
  limitSeconds: number,
): Promise<{ verdict: Verdict; url: string; inClear: boolean }> {
  const until = clock.uptimeSeconds() + limitSeconds;
  const { url: first, authorization } = splitCredentials(start);
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  let url = first;
  let inClear = false;
  for (let redirects = 0; ; redirects++) {
    inClear ||= url.startsWith('http:');
    const timeoutSeconds = Math.max(1, Math.round(until - clock.uptimeSeconds()));
    const request = { url, headers: headersFor(first, url, headers), ca, limitBytes, timeoutSeconds };
    let outcome = await network.exchange(request);
    if ('code' in outcome && outcome.code === 'CERT_NOT_YET_VALID' && (await learnTime?.(url)))
      outcome = await network.exchange(request);
    const now = utc(clock.epochSeconds());
    const verdict = judgeAnswer({ url, outcome }, { verified, redirects, clock: now, limitBytes });
    if (verdict.kind !== 'redirect') return { verdict, url, inClear };
    url = verdict.to;
  }
}
