import { z } from 'zod';
import { retryAfterOf, type Exchange } from '../../config/sources/url-answer.ts';

/** What an answer to the question before nuke-disk means. Anything that is not a clear "continue" installs nothing. Pure. */

/** What the answer has to repeat, so that an old one, or one about another plan, does not count. */
export interface Asked {
  nonce: string;
  /** SHA-256 of the printed plan, 64 hexadecimal digits. */
  plan: string;
}

export type Judgement =
  { kind: 'continue' } | { kind: 'wait'; seconds: number } | { kind: 'refused'; why: string };

/** Between two questions, in seconds; Retry-After may ask for any between. */
export const leastWaitSeconds = 5;
const mostWaitSeconds = 60;

/** An answer as it came: its text, and who vouches for it. */
export type Opened =
  | { kind: 'answer'; text: string; signature: string | null; waitSeconds: number }
  /** Nobody answered: dabei asks again until the deadline. */
  | { kind: 'silent'; why: string }
  | { kind: 'refused'; why: string };

const signedSchema = z.strictObject({ answer: z.string(), signature: z.string() });
const answerSchema = z.object({
  action: z.string(),
  nonce: z.string().optional(),
  plan: z.string().optional(),
});

/**
 * A signed answer is {"answer": TEXT, "signature": SIGNATURE}: the text of the answer, and what `ssh-keygen -Y sign` made of it.
 * @param signed only a signed answer counts
 */
export function openAnswer(outcome: Exchange['outcome'], signed: boolean): Opened {
  if ('failure' in outcome) {
    if (outcome.code === 'max-size') return { kind: 'refused', why: 'the answer is too long' };
    return { kind: 'silent', why: outcome.failure };
  }
  const { status, headers, body } = outcome;
  if (status !== 200) return { kind: 'refused', why: `the server answered ${status}` };
  const text = body.toString('utf8');
  const waitSeconds = waitOf(headers);
  const envelope = signedSchema.safeParse(parsed(text)).data;
  if (envelope) return { kind: 'answer', text: envelope.answer, signature: envelope.signature, waitSeconds };
  if (signed) return { kind: 'refused', why: 'the answer is not signed' };
  return { kind: 'answer', text, signature: null, waitSeconds };
}

/** @param text of an answer that came over verified https, or whose signature is right */
export function judgeText(text: string, asked: Asked, waitSeconds: number): Judgement {
  const { data: answer } = answerSchema.safeParse(parsed(text));
  if (answer === undefined) return { kind: 'refused', why: 'the answer is not {"action": …}' };
  const { action, nonce, plan } = answer;
  if (action === 'wait') return { kind: 'wait', seconds: waitSeconds };
  if (action !== 'continue')
    return { kind: 'refused', why: `the answer is ${JSON.stringify(action.slice(0, 40))}` };
  if (nonce !== asked.nonce)
    return { kind: 'refused', why: 'the answer has another nonce than the question' };
  if (plan !== asked.plan) return { kind: 'refused', why: 'the answer is about another plan' };
  return { kind: 'continue' };
}

/** As Retry-After says, within the limits; without it, the least. */
function waitOf(headers: Readonly<Record<string, string>>): number {
  return Math.min(mostWaitSeconds, Math.max(leastWaitSeconds, retryAfterOf(headers) ?? leastWaitSeconds));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
