import type { ReportConfig } from '../../config/schema/report.ts';
import type { Exchange } from '../../config/sources/url-answer.ts';
import type { Doors } from '../../host/doors.ts';

/** Where reports go. */
export interface Destination extends Pick<ReportConfig, 'url' | 'token' | 'header' | 'level'> {
  /** PEM; null for the authorities of the image. */
  ca: string | null;
}

/** What an answer may have; its text is only of use to somebody who asked. */
const longestAnswerBytes = 64 * 1024;

/** Sends one JSON object, once. Follows no redirection, and throws nothing. */
export function post(
  { network }: Doors,
  { url, token, header, ca }: Pick<Destination, 'url' | 'token' | 'header' | 'ca'>,
  value: unknown,
  timeoutSeconds: number,
): Promise<Exchange['outcome']> {
  const [name = '', ...rest] = (header?.reveal().toString('latin1') ?? '').split(':');
  return network.exchange({
    ...{ url, method: 'POST', body: JSON.stringify(value), ca, timeoutSeconds },
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal().toString('latin1')}` }),
      ...(header === undefined ? {} : { [name.toLowerCase()]: rest.join(':').trim() }),
    },
    limitBytes: longestAnswerBytes,
  });
}
