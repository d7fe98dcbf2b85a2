import t from 'tap';
import { judgeText, openAnswer, type Asked } from '../../../../agent/plan/report/answer.ts';

const asked: Asked = { nonce: '00ff', plan: 'abcd' };
const yes = { action: 'continue', ...asked };

t.test('the text of an answer', async t => {
  const rows: [name: string, text: unknown, expected: 'continue' | 'wait' | RegExp][] = [
    ['yes', yes, 'continue'],
    ['yes, and more', { ...yes, by: 'ops' }, 'continue'],
    ['wait', { action: 'wait' }, 'wait'],
    ['wait, about nothing', { action: 'wait', nonce: 'x', plan: 'y' }, 'wait'],
    ['no', { ...yes, action: 'rescue' }, /answer is "rescue"/],
    ['an old answer', { ...yes, nonce: '00fe' }, /another nonce/],
    ['another plan', { ...yes, plan: 'abce' }, /another plan/],
    ['in upper case', { ...yes, plan: 'ABCD' }, /another plan/],
    ['without a nonce', { action: 'continue', plan: 'abcd' }, /another nonce/],
    ['without a plan', { action: 'continue', nonce: '00ff' }, /another plan/],
    ['a nonce of another type', { ...yes, nonce: 255 }, /is not \{"action"/],
    ['a list', [yes], /is not \{"action"/],
    ['a word', '"continue"', /is not \{"action"/],
    ['text', 'continue', /is not \{"action"/],
    ['nothing', '', /is not \{"action"/],
    ['a cut answer', JSON.stringify(yes).slice(0, -1), /is not \{"action"/],
    ['another case', { ...yes, action: 'Continue' }, /answer is "Continue"/],
    ['a long action', { ...yes, action: 'x'.repeat(1e5) }, /answer is "x{40}"$/],
    ['null', null, /is not \{"action"/],
  ];
  for (const [name, value, expected] of rows) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const judged = judgeText(text, asked, 7);
    if (expected === 'continue') t.same(judged, { kind: 'continue' }, name);
    else if (expected === 'wait') t.same(judged, { kind: 'wait', seconds: 7 }, name);
    else t.match(judged, { kind: 'refused', why: expected }, name);
  }
});

t.test('an answer as it comes', async t => {
  const body = JSON.stringify(yes);
  const envelope = JSON.stringify({ answer: body, signature: 'SIG' });
  const answer = (status: number, text: string, headers: Record<string, string> = {}) => ({ status, headers, body: Buffer.from(text) }); // prettier-ignore
  type Outcome = Parameters<typeof openAnswer>[0];
  const rows: [name: string, outcome: Outcome, signed: boolean, expected: object][] = [
    ['over https', answer(200, body), false, { kind: 'answer', text: body, signature: null, waitSeconds: 5 }],
    ['signed over https', answer(200, envelope), false, { kind: 'answer', text: body, signature: 'SIG' }],
    ['signed', answer(200, envelope), true, { kind: 'answer', text: body, signature: 'SIG' }],
    ['not signed', answer(200, body), true, { kind: 'refused', why: 'the answer is not signed' }],
    ['an envelope with more', answer(200, JSON.stringify({ answer: body, signature: 'SIG', ...yes })), true, { kind: 'refused' }],
    ['wait 20', answer(200, body, { 'retry-after': '20' }), false, { waitSeconds: 20 }],
    ['wait 0', answer(200, body, { 'retry-after': '0' }), false, { waitSeconds: 5 }],
    ['wait for ever', answer(200, body, { 'retry-after': '99999999' }), false, { waitSeconds: 60 }],
    ['wait until a date, by the clock of the server', answer(200, body, { 'retry-after': 'Sun, 29 Nov 2026 12:00:30 GMT', date: 'Sun, 29 Nov 2026 12:00:00 GMT' }), false, { waitSeconds: 30 }],
    ['wait until next year', answer(200, body, { 'retry-after': 'Mon, 29 Nov 2027 12:00:00 GMT', date: 'Sun, 29 Nov 2026 12:00:00 GMT' }), false, { waitSeconds: 60 }],
    ['wait until a date of a server without a clock', answer(200, body, { 'retry-after': 'Sun, 29 Nov 2026 12:00:00 GMT' }), false, { waitSeconds: 5 }],
    ['nobody', { failure: 'connect ECONNREFUSED', code: 'ECONNREFUSED' }, false, { kind: 'silent' }],
    ['a hanging server', { failure: 'no answer within 30 s', code: 'timeout' }, false, { kind: 'silent' }],
    ['an unknown authority', { failure: 'self-signed', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, false, { kind: 'silent' }],
    ['too long', { failure: 'x', code: 'max-size' }, false, { kind: 'refused' }],
    ...[201, 202, 204, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503].map((status): [string, Outcome, boolean, object] => [String(status), answer(status, body), false, { kind: 'refused', why: `the server answered ${status}` }]),
  ]; // prettier-ignore
  for (const [name, outcome, signed, expected] of rows) t.match(openAnswer(outcome, signed), expected, name);
});
