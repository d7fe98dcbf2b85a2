import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { asDabeiError } from '../../../../agent/errors.ts';
import { exchange } from '../../../../agent/host/http.ts';
import { download } from '../../../../agent/stages/fetch/download.ts';
import { requireHostPackages } from '../../../../image/lib/host.ts';
import { doorsTo } from '../../../support/doors.ts';
import { freePort } from '../../../vm/harness/machine/machine.ts';
import { start } from '../../../vm/harness/machine/process.ts';

/** The same as download.test.ts, with the real nginx: what it says in trouble, and how it ends a connection. */

t.setTimeout(200_000);
await requireHostPackages({ '/usr/sbin/nginx': 'nginx-light' });

const directory = t.testdir({ machine: {} });
const [port, other] = [await freePort(), await freePort()];
const large = 'x'.repeat(3 * 2 ** 20);
for (const [name, text] of Object.entries({
  'good.json': '{"a": 1}',
  'large.json': large,
  'slow.json': '{"a": 1}',
}))
  writeFileSync(join(directory, name), text);
const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
  name => `${name}_temp_path ${directory}/${name};`,
);
writeFileSync(
  join(directory, 'nginx.conf'),
  `daemon off;
master_process off;
user root;
pid ${directory}/pid;
events {}
http {
  access_log off;
  ${places.join('\n  ')}
  limit_req_zone $binary_remote_addr zone=busy:1m rate=1r/m;
  server {
    listen 127.0.0.1:${port};
    root ${directory};
    location = /forbidden.json { return 403; }
    location = /busy.json { limit_req zone=busy; limit_req_status 429; error_page 429 = @busy; try_files /good.json =404; }
    location @busy { add_header Retry-After 70 always; return 429; }
    location = /broken.json { return 500; }
    location = /gone.json { return 444; }
    location = /proxy.json { proxy_pass http://127.0.0.1:1; }
    location = /slow.json { limit_rate 1; }
    location = /away.json { return 302 http://localhost:${other}/good.json; }
    location = /login.json { default_type text/html; return 200 "<!doctype html><title>Sign in</title>"; }
    location = /loop.json { return 307 /loop.json; }
  }
  server { listen 127.0.0.1:${other}; root ${directory}; }
}
`,
);
const nginx = await start([
  'nginx',
  '-p',
  directory,
  '-c',
  join(directory, 'nginx.conf'),
  '-e',
  join(directory, 'log'),
]);
t.teardown(async () => {
  nginx.kill();
  await nginx.ended;
});

async function ask(name: string, deadlineSeconds: number) {
  const doors = doorsTo(join(directory, 'machine'), {
    network: { exchange: asked => exchange({ ...asked, timeoutSeconds: Math.min(3, asked.timeoutSeconds) }) },
  });
  const request = {
    ...{ doing: 'fetching the configuration', url: `http://127.0.0.1:${port}/${name}.json`, ca: null, limitBytes: 2 ** 20 },
    ...{ verified: true, startedSeconds: doors.clock.uptimeSeconds(), deadlineSeconds, dice: () => 1 },
  };
  const [found, error] = await download(doors, request).then(
    done => [done, null] as const,
    (thrown: unknown) => [null, asDabeiError(thrown, '')] as const,
  );
  return { body: found?.body.toString(), error, waited: doors.clock.uptimeSeconds() - request.startedSeconds };
} // prettier-ignore

const rows: [name: string, expected: { body?: string; code?: string; problem?: RegExp }][] = [
  ['good', { body: '{"a": 1}' }],
  ['nothing', {}],
  ['forbidden', { code: 'CONFIG_FETCH', problem: /answered 403/ }],
  ['broken', { code: 'CONFIG_FETCH', problem: /answered 500 \(\d+ attempts/ }],
  ['gone', { code: 'CONFIG_FETCH', problem: /socket hang up|ECONNRESET/ }],
  ['proxy', { code: 'CONFIG_FETCH', problem: /answered 502 \(\d+ attempts/ }],
  ['slow', { code: 'CONFIG_FETCH', problem: /no answer within/ }],
  ['large', { code: 'CONFIG_TOO_LARGE' }],
  ['login', { code: 'CONFIG_JSON', problem: /HTML/ }],
  ['away', { body: '{"a": 1}' }],
  ['loop', { code: 'CONFIG_FETCH', problem: /more than 5 redirects/ }],
]; // prettier-ignore

for (const [name, { body, code, problem }] of rows) {
  t.test(name, async t => {
    const { error, ...found } = await ask(name, 20);
    t.equal(found.body, body);
    if (code === undefined) t.equal(error, null);
    else t.match(error, { code, problem: problem ?? /./ });
  });
}

t.test('busy: nginx limits how often one may ask', async t => {
  t.equal((await ask('busy', 20)).body, '{"a": 1}', 'the first one');
  const { error } = await ask('busy', 20);
  t.match(error, { code: 'CONFIG_FETCH', problem: /429/ }, 'for longer than the deadline');
  const { error: again, waited } = await ask('busy', 200);
  t.match(again, { problem: /answered 429 \(3 attempts/ });
  t.ok(waited >= 140, `it waited ${waited} s, as Retry-After says`);
});
