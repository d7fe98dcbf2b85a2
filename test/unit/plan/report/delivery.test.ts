import t from 'tap';
import { judgeDelivery, type Delivery } from '../../../../agent/plan/report/delivery.ts';

t.test('what an answer means', async t => {
  const kinds: Record<Delivery['kind'], (number | string)[]> = {
    delivered: [200, 201, 202, 204, 299],
    again: [408, 425, 429, 500, 502, 503, 504, 599, 700, 0, 'timeout', 'ECONNREFUSED', 'CERT_NOT_YET_VALID'],
    refused: [300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 413, 'max-size'],
  };
  for (const [kind, outcomes] of Object.entries(kinds)) {
    for (const outcome of outcomes) {
      const answer =
        typeof outcome === 'string'
          ? { failure: `it failed: ${outcome}`, code: outcome }
          : { status: outcome, headers: {}, body: Buffer.alloc(0) };
      t.match(judgeDelivery(answer), { kind }, String(outcome));
    }
  }
  const redirect = judgeDelivery({ status: 302, headers: { location: 'http://x' }, body: Buffer.alloc(0) });
  t.same(redirect, { kind: 'refused', why: 'the server answered 302, a redirect' });
});
