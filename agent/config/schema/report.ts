import { z } from 'zod';
import { Secret } from '../../secret.ts';
import { limits } from '../limits.ts';
import { line, secretLine } from '../text.ts';

/** Where dabei reports what it does, and whom it asks before it erases a disk. */

const address = line(limits.reference).superRefine((value, context) => {
  const problem = addressProblem(value);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

function addressProblem(value: string): string | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'is not a valid address, such as "https://reports.example.org/events"';
  if (url.username !== '' || url.password !== '')
    return 'contains a user name or a password: give report.token or report.header';
  return url.hash === '' ? null : 'has a fragment ("#…"), which no server receives';
}

/** RFC 6750, 2.1: b64token. */
const token = secretLine(limits.reference)
  .regex(/^[\w.~+/-]+=*$/, 'is not a valid bearer token (RFC 6750)')
  .transform(value => new Secret(value));

/** A field name and a value of printable ASCII (RFC 9110, 5.5 and 5.6.2); what describes the message itself is dabei's. */
const header = secretLine(limits.reference)
  .regex(/^[\w!#$%&'*+.^`|~-]+: *[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'is not "NAME: VALUE"')
  .refine(value => !/^(host|connection|content-[\w-]+|transfer-encoding|expect|te|upgrade) *:/i.test(value), {
    error: 'is a header that dabei sets itself',
  })
  .transform(value => new Secret(value));

/** What to report, each including the one before: stages and errors, warnings, notes. */
export const reportLevels = ['error', 'warning', 'info'] as const;

export const reportSchema = z
  .strictObject({
    url: address.describe('http or https address that receives events by POST, trusted as configUrl is'),
    token: token.optional().describe('bearer token that is sent with each event; over https only'),
    header: header.optional().describe('a header, as "NAME: VALUE", in place of a token; over https only'),
    level: z
      .enum(reportLevels)
      .default('warning')
      .describe('"error": stages and errors, "warning": warnings, too, "info": notes, too'),
    ask: z
      .strictObject({
        deadline: z
          .number()
          .int()
          .min(10)
          .max(86_400)
          .default(1800)
          .describe('seconds until dabei gives up; it then installs nothing'),
      })
      .optional()
      .describe('before a disk is erased, ask the address, and install only if it answers "continue"'),
  })
  .superRefine(({ url, token, header }, context) => {
    const isClear = /^http:/i.test(url);
    const add = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (token !== undefined && header !== undefined) add('header', 'is given, and so is report.token');
    for (const [name, value] of Object.entries({ token, header })) {
      if (isClear && value !== undefined) add(name, 'would be sent over plain HTTP: use https');
    }
  });

export type ReportConfig = z.output<typeof reportSchema>;
