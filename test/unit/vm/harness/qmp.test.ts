import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { target } from '../../../../image/lib/target.ts';
import { connectQmp } from '../../../vm/harness/machine/qmp.ts';

t.test('QEMU is killed while it owes an answer', async t => {
  // Paths of UNIX sockets are limited to 107 bytes (unix(7)).
  const directory = mkdtempSync(join(tmpdir(), 'dabei-qmp-'));
  const path = join(directory, 'qmp');
  const options = [
    '-machine',
    'none',
    '-nodefaults',
    '-display',
    'none',
    '-qmp',
    `unix:${path},server=on,wait=off`,
  ];
  const qemu = spawn(target.qemu.program, options, { stdio: 'ignore' });
  t.teardown(() => {
    qemu.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  const qmp = await connectQmp(path);
  t.match(await qmp.execute('query-status'), { running: true });
  // A socket that is closed with unread bytes gives the other end ECONNRESET (unix_release_sock of net/unix/af_unix.c).
  qemu.kill('SIGSTOP');
  const answer = qmp.execute('query-status');
  setTimeout(() => qemu.kill('SIGKILL'), 100);
  await t.rejects(answer, { message: 'QEMU closed its control socket' });
  await t.rejects(qmp.execute('quit'), { message: 'QEMU closed its control socket' });
});

t.test('a socket that ends before the first answer', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'dabei-qmp-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const ends: Readonly<Record<string, (socket: Socket) => void>> = {
    'with an unread command': socket => setTimeout(() => socket.destroy(), 100),
    'in the middle of a line': socket => socket.end('{"QMP": {"ver'),
    'after a line that is no JSON': socket => socket.write('qemu: out of memory\n'),
  };
  for (const [how, end] of Object.entries(ends)) {
    const path = join(directory, 'qmp');
    // Nobody reads what comes.
    let other: Socket | undefined;
    const server = createServer({ pauseOnConnect: true }, socket => end((other = socket))).listen(path);
    await once(server, 'listening');
    await t.rejects(connectQmp(path), { message: 'QEMU closed its control socket' }, how);
    other?.destroy();
    server.close();
    await once(server, 'close');
  }
});
