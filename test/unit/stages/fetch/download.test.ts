import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asDabeiError } from '../../../../agent/errors.ts';
import { exchange } from '../../../../agent/host/http.ts';
import { download, type DownloadRequest } from '../../../../agent/stages/fetch/download.ts';
import { doorsTo } from '../../../support/doors.ts';
import {
  bytes,
  drip,
  endless,
  json,
  reset,
  serveConfigs,
  status,
  type Answer,
} from '../../../support/config-server.ts';

/** A real server and the real client; only the clock does not wait. */

t.setTimeout(200_000);

async function ask(
  t: Test,
  url: string,
  changes: Partial<DownloadRequest> = {},
  { trySeconds = 20 } = {},
) {
  const doors = doorsTo(join(t.testdir({ machine: {} }), 'machine'), {
    network: {
      exchange: asked => exchange({ ...asked, timeoutSeconds: Math.min(trySeconds, asked.timeoutSeconds) }),
    },
  });
  const request: DownloadRequest = {
    ...{ doing: 'fetching the configuration', url, ca: null, limitBytes: 2 ** 20, verified: true },
    ...{ startedSeconds: doors.clock.uptimeSeconds(), deadlineSeconds: 900, dice: () => 1 },
    ...changes,
  };
  const [found, error] = await download(doors, request).then(
    done => [done, null] as const,
    (thrown: unknown) => [null, asDabeiError(thrown, '')] as const,
  );
  const waited = doors.clock.uptimeSeconds() - request.startedSeconds;
  return { found, error, waited, told: JSON.stringify(doors.told) };
} // prettier-ignore

t.test('what a server may do', async t => {
  type Row = [
    name: string,
    answers: readonly Answer[],
    expected: { body?: string; code?: string; problem?: RegExp },
    asked: number,
    changes?: Partial<DownloadRequest>,
    tries?: { trySeconds?: number },
  ];
  const rows: Row[] = [
    ['JSON', [json({ a: 1 })], { body: '{"a":1}' }, 1],
    ['nothing', [status(404)], {}, 1],
    ['no content', [status(204)], {}, 1],
    ['busy, then not', [status(429, { 'retry-after': '7' }), json(1)], { body: '1' }, 2],
    ['broken, then not', [status(500), status(503), json(1)], { body: '1' }, 3],
    ['reset, then not', [reset, json(1)], { body: '1' }, 2],
    ['broken for ever', [status(500)], { code: 'CONFIG_FETCH', problem: /answered 500 \(\d+ attempts in \d+ of 900 s\)/ }, 30],
    ['reset for ever', [reset], { code: 'CONFIG_FETCH', problem: /ECONNRESET|socket hang up/ }, 2, { deadlineSeconds: 3 }],
    ['busy for longer than the deadline', [status(429, { 'retry-after': '3600' })], { code: 'CONFIG_FETCH', problem: /429 \(one attempt/ }, 1],
    ['forbidden', [status(403)], { code: 'CONFIG_FETCH', problem: /answered 403/ }, 1],
    ['gone', [status(410)], { code: 'CONFIG_FETCH', problem: /answered 410/ }, 1],
    ['a slow drip', [drip], { code: 'CONFIG_FETCH', problem: /no answer within 1 s/ }, 2, { deadlineSeconds: 3 }, { trySeconds: 1 }],
    ['a slow drip, then not', [drip, json(1)], { body: '1' }, 2, {}, { trySeconds: 1 }],
    ['an endless body', [endless], { code: 'CONFIG_TOO_LARGE', problem: /larger than 1048576 bytes/ }, 1],
    ['an HTML page', [bytes('<!doctype html>', 'text/html')], { code: 'CONFIG_JSON', problem: /HTML/ }, 1],
  ]; // prettier-ignore
  for (const [name, answers, expected, least, changes, tries] of rows) {
    const { origin, asked } = await serveConfigs(t, { '/x': answers });
    const { found, error, told } = await ask(t, `${origin}/x`, changes, tries);
    t.equal(found?.body.toString() ?? undefined, expected.body, name);
    if (expected.code !== undefined) t.match(error, { code: expected.code, problem: expected.problem }, name);
    else t.equal(error, null, name);
    if (least > 3) t.ok(asked.length >= least, `${name}: ${asked.length} requests`);
    else
      t.ok(
        asked.length >= Math.min(2, least) && (least > 1 || asked.length === 1),
        `${name}: ${asked.length} requests`,
      );
    if (least > 1) t.match(told, /dabei asks again/, `${name}: it is told`);
  }
});

t.test('nobody listens', async t => {
  const { error, waited } = await ask(t, 'http://127.0.0.1:9/x', { deadlineSeconds: 60 });
  t.match(error, { code: 'CONFIG_FETCH', problem: /ECONNREFUSED/, remedy: /dabei\.config_deadline/ });
  t.ok(waited > 20 && waited < 62, `${waited} s`);
});

t.test('Retry-After is waited for', async t => {
  const { origin } = await serveConfigs(t, { '/x': [status(429, { 'retry-after': '120' }), json(1)] });
  const { waited } = await ask(t, `${origin}/x`);
  t.ok(waited >= 120 && waited < 140, `${waited} s`);
});

t.test('redirections', async t => {
  const other = await serveConfigs(t, { '/there': [json('there')] });
  const { origin, asked } = await serveConfigs(t, {
    '/x': [status(302, { location: '/y' })],
    '/y': [status(307, { location: 'z' })],
    '/z': [json('z')],
    '/away': [status(302, { location: `${other.origin}/there` })],
    '/loop': [status(302, { location: '/loop' })],
  });
  const withUser = origin.replace('//', '//user:pass%21@');
  const authorization = `Basic ${Buffer.from('user:pass!').toString('base64')}`;

  t.equal((await ask(t, `${withUser}/x`)).found?.body.toString(), '"z"');
  t.same(asked, ['/x', '/y', '/z'].map(path => `${path} ${authorization}`)); // prettier-ignore
  t.match((await ask(t, `${withUser}/away`)).found, { inClear: true });
  t.same(other.asked, ['/there'], 'another host gets no password');

  const loop = await ask(t, `${withUser}/loop`);
  t.match(loop.error, { code: 'CONFIG_FETCH', problem: /more than 5 redirects/ });
  t.notMatch(loop.error?.message, 'pass', 'no password in a message');
  const unverified = await ask(t, `${origin}/away`, { verified: false });
  t.match(unverified.error, { code: 'CONFIG_URL_UNVERIFIED', problem: /redirect to plain HTTP \(127/ });
});
