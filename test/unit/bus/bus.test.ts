import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { takeMessage } from '../../../agent/bus/wire.ts';
import { requireHostPackages } from '../../../image/lib/host.ts';
import * as clock from '../../../agent/host/clock.ts';
import { callBus } from '../../../agent/host/bus.ts';

/** Against the daemon itself. */

await requireHostPackages({ '/usr/bin/dbus-daemon': 'dbus-daemon' });

const bus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

t.test('calls over a bus', async t => {
  const socket = join(t.testdir(), 'bus');
  const argv = ['--session', '--nofork', '--nopidfile', '--nosyslog', `--address=unix:path=${socket}`];
  const daemon = spawn('dbus-daemon', argv, { stdio: 'ignore' });
  t.teardown(() => daemon.kill());
  await clock.poll(async () => existsSync(socket) || null, 20, 0.05);
  const names = await callBus({ ...bus, member: 'ListNames' }, 20, socket);
  t.match(names, { values: [/^/] });
  t.ok('values' in names && (names.values[0] as string[]).includes('org.freedesktop.DBus'));
  t.same(await callBus({ ...bus, member: 'NameHasOwner', args: ['no.such.name'] }, 20, socket), {
    values: [false],
  });
  const features = await callBus(
    {
      ...bus,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'GetAll',
      args: ['org.freedesktop.DBus'],
    },
    20,
    socket,
  );
  t.ok('values' in features && (features.values[0] as Map<string, unknown>).get('Features') instanceof Array);
  t.match(await callBus({ ...bus, member: 'NoSuchMethod' }, 20, socket), {
    error: 'org.freedesktop.DBus.Error.UnknownMethod',
  });
  t.match(await callBus({ ...bus, destination: 'net.connman.iwd', member: 'Scan' }, 20, socket), {
    error: /^org\.freedesktop\.DBus\.Error\.(ServiceUnknown|NameHasNoOwner)$/,
  });
});

t.test('no bus', async t => {
  t.match(await callBus({ ...bus, member: 'ListNames' }, 20, join(t.testdir(), 'none')), {
    error: 'org.freedesktop.DBus.Error.Disconnected',
  });
});

/** An answer with one list; its length counts the bytes of its elements. */
function list(element: string, length: number, elements: Buffer): Buffer {
  const signature = Buffer.from([8, 1, 0x67, 0, element.length + 1, ...Buffer.from(`a${element}`), 0]);
  const start = Buffer.from([0x6c, 2, 0, 1, ...Array<number>(12).fill(0)]);
  start.writeUInt32LE(4 + elements.length, 4);
  start.writeUInt32LE(signature.length, 12);
  const body = Buffer.alloc(4);
  body.writeUInt32LE(length);
  return Buffer.concat([start, signature, Buffer.alloc(-signature.length & 7), body, elements]);
}

t.test('bytes that are no message', async t => {
  t.equal(takeMessage(Buffer.from('l')), null, 'not all of it has arrived');
  const header = (...bytes: number[]) => Buffer.concat([Buffer.from(bytes), Buffer.alloc(64)]);
  const rows: [name: string, bytes: Buffer][] = [
    ['another order of bytes', header(0x42, 2, 0, 1)],
    ['a body without an end', header(0x6c, 2, 0, 1, 0xff, 0xff, 0xff, 0xff)],
    ['a list that is longer than the message', header(0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8, 1, 0x67, 0, 200, 0, 0, 0)],
    ['lists in lists without an end', header(0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8, 3, 0x61, 0x61, 0x61, 0)],
    ['a list of elements without a byte', list('()', 8, Buffer.alloc(12))],
    ['an element that is longer than its list', list('s', 6, Buffer.from([4, 0, 0, 0, 97, 97, 97, 97, 0, 0, 0, 0]))],
  ]; // prettier-ignore
  t.match(takeMessage(list('y', 2, Buffer.from([7, 8])))?.answer, { values: [[7, 8]] }, 'one that is right');
  for (const [name, bytes] of rows) t.throws(() => takeMessage(bytes), RangeError, name);
});
