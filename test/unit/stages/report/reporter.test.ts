import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mostQueued } from '../../../../agent/plan/report/delivery.ts';
import { Secret } from '../../../../agent/secret.ts';
import type { Destination } from '../../../../agent/stages/report/post.ts';
import { startReports } from '../../../../agent/stages/report/reporter.ts';
import { reset, status, type Answer } from '../../../support/config-server.ts';
import { doorsTo } from '../../../support/doors.ts';
import { accept, hang, receiveReports } from '../../../support/reports/receiver.ts';

/** Events to a real receiver, well and badly. */

t.setTimeout(120_000);

const machine = { hostname: 'web', serial: 'S1', uuid: null, macs: ['52:54:00:12:34:56'] };
const words = {
  ...({ result: 'SUCCESS', description: 'installed', hostName: 'web', publicKeys: {} } as const),
  ...{ fingerprints: [], addresses: [], runtimeInfo: { version: 1 } },
};
const secret = 'correct horse battery';

/** @param trySeconds on a busy host, even a receiver that answers at once takes a while */
function start(t: Test, destination: Partial<Destination> | null, isOnline = false, trySeconds = 20) {
  const plain = doorsTo(join(t.testdir({ machine: {} }), 'machine'));
  const to: Destination = { url: '', level: 'info', token: undefined, header: undefined, ca: null };
  const source = {
    destination: () => (destination === null ? null : { ...to, ...destination }),
    secrets: () => [Buffer.from(secret)],
    machine: async () => machine,
  };
  const limits = { trySeconds, endSeconds: 10 };
  const reporting = startReports(plain, source, { isOnline, limits });
  return { plain, ...reporting };
}
const stage = (name: string, state: 'started' | 'done') =>
  ({ event: 'stage', index: 1, of: 1, name, state, seconds: 1 }) as const;

t.test('events wait for the network, then arrive in order, and the last words last', async t => {
  const { url, received } = await receiveReports(t);
  const { doors, plain, finish } = start(t, { url });
  doors.log({ event: 'note', text: `the passphrase is ${secret}` });
  doors.log(stage('network', 'started'));
  await plain.clock.withLimit(new Promise(() => {}), 0.2);
  t.same(received, [], 'nothing is sent before');
  doors.log(stage('network', 'done'));
  doors.log({ event: 'command', argv: ['zpool'], doing: 'x', seconds: 1, exitCode: 0, failed: false });
  doors.log({ event: 'progress', text: 'x' });
  await finish(words);
  t.same(
    received.map(({ name, event_type }) => `${String(name)} ${String(event_type)}`),
    ['dabei/note finish', 'dabei/network start', 'dabei/network finish', 'dabei finish'],
  );
  t.ok(received.every(event => JSON.stringify(event.machine) === JSON.stringify(machine)));
  t.match(received.at(-1), { runtime_info: { version: 1 }, events_lost: 0, result: 'SUCCESS' });
  t.equal(received[0]!.description, 'the passphrase is [redacted]');
  t.notMatch(JSON.stringify(received), secret, 'no secret');
  t.equal(plain.told.length, 5, 'the log has everything, too');
});

t.test('nobody to report to', async t => {
  const { doors, plain, finish } = start(t, null);
  doors.log(stage('network', 'done'));
  for (let count = 0; count < mostQueued + 5; count++) doors.log({ event: 'note', text: 'x' });
  await finish(words);
  t.notMatch(JSON.stringify(plain.told), 'reporting');
});

t.test('authentication', async t => {
  const rows: [Partial<Destination>, object][] = [
    [{ token: new Secret('abc.def') }, { authorization: 'Bearer abc.def' }],
    [{ header: new Secret('X-Api-Key:  a: b ') }, { 'x-api-key': 'a: b' }],
    [{}, { authorization: undefined }],
  ];
  for (const [destination, headers] of rows) {
    const { url, headers: seen } = await receiveReports(t);
    await start(t, { url, ...destination }, true).finish(words);
    t.match(seen, [{ 'content-type': 'application/json', 'user-agent': 'dabei', ...headers }]);
  }
});

const long: Answer = response => response.writeHead(200).end('x'.repeat(100_000));
const rows: { name: string; answers: readonly Answer[]; says: RegExp; least: number; trySeconds?: number }[] = [
  { name: 'hangs', answers: [hang], says: /no answer within 0\.3 s/, least: 3, trySeconds: 0.3 },
  { name: 'answers 500', answers: [status(500)], says: /answered 500/, least: 3 },
  { name: 'resets', answers: [reset], says: /socket hang up|ECONNRESET/, least: 3 },
  { name: 'redirects', answers: [status(302, { location: 'http://127.0.0.1:1/' })], says: /answered 302, a redirect/, least: 2 },
  { name: 'knows no such address', answers: [status(404)], says: /answered 404/, least: 2 },
  { name: 'says too much', answers: [long], says: /too long/, least: 2 },
  { name: 'hangs once', answers: [hang, accept], says: /no answer/, least: 2, trySeconds: 1 },
  { name: 'is busy for a while', answers: [status(503), status(429), accept], says: /answered 503/, least: 3 },
]; // prettier-ignore

for (const { name, answers, says, least, trySeconds } of rows) {
  t.test(`a receiver that ${name}`, async t => {
    const { url, received } = await receiveReports(t, answers);
    const { doors, plain, finish } = start(t, { url }, true, trySeconds);
    doors.log(stage('network', 'done'));
    await finish(words);
    const warnings = plain.told.filter(({ event }) => event === 'warning');
    t.equal(warnings.length, 1, 'one warning');
    t.match(JSON.stringify(warnings), says);
    t.match(received.at(-1), { name: 'dabei', runtime_info: { version: 1 } }, 'the last words were sent');
    t.ok(received.length >= least, `${received.length} requests`);
    t.ok(received.length <= 12, `${received.length} requests`);
  });
}

t.test('nobody listens', async t => {
  const { doors, plain, finish } = start(t, { url: 'http://127.0.0.1:1/' }, true);
  for (let count = 0; count < 2 * mostQueued; count++) doors.log({ event: 'note', text: 'x' });
  await finish(words);
  const warnings = plain.told.filter(({ event }) => event === 'warning');
  t.match(warnings, [{ text: /^reporting to http:\/\/127\.0\.0\.1:1\/: .*ECONNREFUSED.*; dabei continues/ }]);
  t.equal(warnings.length, 1);
});
