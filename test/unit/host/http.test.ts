import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { dateOf, exchange, request } from '../../../agent/host/http.ts';
import { listen } from '../../vm/harness/serve.ts';

type Answer = (response: ServerResponse) => unknown;

/** Answers in order; the last one again and again. */
async function serve(t: Test, ...answers: Answer[]): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answers[Math.min(asked.length, answers.length) - 1]!(response);
  });
  const { port, close } = await listen(server);
  t.teardown(close);
  return { url: `http://127.0.0.1:${port}/x`, asked };
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(code, '', headers).end();
const text =
  (body: string): Answer =>
  response =>
    response.end(body);

const doing = 'asking';

t.test('answers', async t => {
  const { url, asked } = await serve(t, text('hello'));
  t.same(await request({ doing, url }), { status: 200, text: 'hello' });
  t.same(await request({ doing, url, method: 'HEAD' }), { status: 200, text: '' });
  t.same(await request({ doing, url, method: 'GET-HEADERS' }), { status: 200, text: '' });
  t.same(asked, ['GET /x', 'HEAD /x', 'GET /x']);
});

t.test('a status that stays is an answer', async t => {
  for (const code of [204, 403, 404, 410, 501]) {
    const { url, asked } = await serve(t, status(code));
    t.equal((await request({ doing, url })).status, code);
    t.equal(asked.length, 1, `${code} is not asked again`);
  }
});

t.test('what may pass is asked again', async t => {
  const busy = [
    status(429, { 'retry-after': '0' }),
    status(503),
    (response: ServerResponse) => response.destroy(),
  ];
  const { url, asked } = await serve(t, ...busy, text('at last'));
  t.same(await request({ doing, url }), { status: 200, text: 'at last' });
  t.equal(asked.length, 4);
});

t.test('but not for ever', async t => {
  const { url, asked } = await serve(t, status(500));
  const failed = { code: 'HTTP', doing, problem: /x: the server answered 500.* \(2 attempts\)/ };
  await t.rejects(request({ doing, url, attempts: 2 }), failed);
  t.equal(asked.length, 2);
  const nobody = { doing, url: 'http://127.0.0.1:9/', attempts: 1 };
  await t.rejects(request(nobody), { code: 'HTTP', problem: /ECONNREFUSED/ });
});

t.test('what a server says of itself is cleaned', async t => {
  const server = createServer(request => {
    // node:http refuses to send such a reason, so it is written by hand; HTTP parsers let through what is not ASCII.
    const reason = 'Gone \x1b[2J\x9b31m\u202e'.replaceAll('\u202e', '');
    request.socket.end(
      Buffer.from(`HTTP/1.1 503 ${reason}${'x'.repeat(4000)}\r\ncontent-length: 0\r\n\r\n`, 'latin1'),
    );
  });
  const { port, close } = await listen(server);
  t.teardown(close);
  const url = `http://127.0.0.1:${port}/x`;
  const error = await request({ doing, url, attempts: 1 }).catch((thrown: unknown) => thrown);
  t.match(error, { code: 'HTTP' });
  t.notMatch((error as Error).message, /\p{Cc}/u);
  t.ok((error as Error).message.length < 300, (error as Error).message);
});

t.test('redirections', async t => {
  const { url, asked } = await serve(
    t,
    status(302, { location: '/y' }),
    status(307, { location: '/z' }),
    text('z'),
  );
  t.same(await request({ doing, url }), { status: 200, text: 'z' });
  t.same(asked, ['GET /x', 'GET /y', 'GET /z']);
  const loop = await serve(t, status(302, { location: '/x' }));
  await t.rejects(request({ doing, url: loop.url }), { code: 'HTTP', problem: /redirect/ });
  t.equal(loop.asked.length, 6, 'a loop is not tried again');
});

t.test('limits', async t => {
  const long = await serve(t, text('x'.repeat(2000)));
  await t.rejects(request({ doing, url: long.url, limitBytes: 1000 }), { code: 'HTTP', problem: /1000/ });
  t.equal(long.asked.length, 1);
  const silent = await serve(t, () => {});
  const started = Date.now();
  const asked = { doing, url: silent.url, timeoutSeconds: 0.2, attempts: 1 };
  await t.rejects(request(asked), { code: 'HTTP', problem: /no answer within 0.2 s/ });
  t.ok(Date.now() - started < 5000);
});

t.test('what is no status code is an error of the server', async t => {
  for (const code of ['4', '20', '000', '600', '999']) {
    const { url } = await serve(t, response => {
      response.socket!.end(`HTTP/1.1 ${code} Odd\r\ncontent-length: 0\r\n\r\n`);
    });
    await t.rejects(
      request({ doing, url, attempts: 1 }),
      { code: 'HTTP', problem: new RegExp(`the server answered ${Number(code)} Odd|Invalid|Parse Error`) },
      code,
    );
  }
});

t.test('a request with a body, once, and its answer as data', async t => {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString('utf8')));
    request.on('end', () => {
      received.push(`${request.method} ${request.headers['content-type']} ${body}`);
      response.writeHead(307, { location: '/y' }).end('elsewhere');
    });
  });
  const { port, close } = await listen(server);
  t.teardown(close);
  const asked = { url: `http://127.0.0.1:${port}/x`, ca: null, limitBytes: 100, timeoutSeconds: 10 };
  const answer = await exchange({
    ...asked,
    method: 'POST',
    body: '{"a": 1}',
    headers: { 'content-type': 'application/json' },
  });
  t.match(answer, { status: 307, headers: { location: '/y' }, body: Buffer.from('elsewhere') });
  t.same(received, ['POST application/json {"a": 1}'], 'it follows no redirection');
});

t.test('a link-local address needs its link, which the server is not told', async t => {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.end('here');
  });
  await new Promise<void>(resolve => server.listen(0, '::1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  // Every machine has this address on this link; it has a link of its own, as link-local ones have.
  const asked = { url: `http://[::1]:${port}/x`, headers: {}, ca: null, limitBytes: 100, timeoutSeconds: 10 };
  t.match(await exchange({ ...asked, link: 'lo' }), { status: 200, body: Buffer.from('here') });
  t.same(hosts, [`[::1]:${port}`]);
  t.match(
    await exchange({ ...asked, url: `http://[fe80::a9fe:a9fe]:${port}/`, link: 'nolink' }),
    { code: 'EINVAL', failure: /fe80::a9fe:a9fe%nolink/ },
    'a link that does not exist',
  );
});

t.test('the time of a server', async t => {
  const rows: [string, string | undefined, string | null][] = [
    ['a date', 'Sun, 29 Nov 2026 12:00:00 GMT', '2026-11-29T12:00:00Z'],
    ['not a date', 'soon', null],
    ['none', undefined, null],
  ];
  for (const [name, date, time] of rows) {
    const { url, asked } = await serve(t, response => {
      response.sendDate = false;
      response.writeHead(302, date === undefined ? {} : { date, location: '/x' }).end();
    });
    t.equal(await dateOf(new URL(url).origin, 10), time === null ? null : Date.parse(time) / 1000, name);
    t.same(asked, ['HEAD /']);
  }
  t.equal(await dateOf('https://127.0.0.1:1', 10), null, 'nobody');
});

t.test('what is sent does not go over a connection that the server is about to close', async t => {
  const seen = new Set<unknown>();
  const server = createServer((request, response) => {
    // As a server does whose limit for unused connections ends at this moment.
    if (seen.has(request.socket)) return request.socket.destroy();
    seen.add(request.socket);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  const { port, close } = await listen(server);
  t.teardown(close);
  const asked = {
    url: `http://127.0.0.1:${port}/`,
    headers: {},
    ca: null,
    limitBytes: 100,
    timeoutSeconds: 10,
  };
  t.match(await exchange({ ...asked }), { status: 204 });
  for (const body of ['1', '2']) t.match(await exchange({ ...asked, method: 'POST', body }), { status: 204 });
  t.equal(seen.size, 3);
});
