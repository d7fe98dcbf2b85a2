import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import { readReturnTimer } from '../../../../agent/host/old-system/return-timer.ts';

/** The timer and what cancels it, as processes; the restart is a program that leaves a note. Watchdogs: test/vm. */
const timer = new URL('../../../../image/rootfs/initramfs/return', import.meta.url).pathname;
const stay = new URL('../../../../image/rootfs/root/usr/lib/dabei/stay', import.meta.url).pathname;

function arm(t: Test, seconds: number) {
  const run = t.testdir();
  mkdirSync(`${run}/bin`);
  // Ends the timer as the restart of the machine would.
  writeFileSync(`${run}/bin/reboot`, `#!/bin/sh\necho "$*" >${run}/restarted\nkill -KILL $PPID\n`, {
    mode: 0o755,
  });
  // Not this machine's own watchdogs.
  const env = { PATH: `${run}/bin:${process.env.PATH}`, DABEI_RUN: run, DABEI_DEV: run };
  const child: ChildProcess = spawn('sh', [timer, String(seconds)], { env, stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  return {
    run,
    child,
    ended: once(child, 'exit'),
    restarted: () => existsSync(`${run}/restarted`),
    status: () => readReturnTimer(realDoors, `${run}/return`),
    stay: () => execFileSync(stay, ['erasing'], { env, stdio: 'pipe' }),
    async armed() {
      while (!existsSync(`${run}/return/deadline`)) await new Promise(resolve => setTimeout(resolve, 20));
    },
  };
}

t.test('the time is over', async t => {
  const machine = arm(t, 1);
  await machine.ended;
  t.ok(machine.restarted());
  t.match(readFileSync(`${machine.run}/restarted`, 'utf8'), '-n -f');
});

t.test('lines of sshd', async t => {
  const rows: [string, boolean][] = [
    ['Accepted publickey for root from 192.0.2.1 port 5 ssh2: ED25519 SHA256:x\r\n', true],
    ['Server listening on 0.0.0.0 port 22.\r\nConnection closed by 192.0.2.1 port 5\r\n', false],
    ['Invalid user Accepted publickey for root from 192.0.2.1 port 5\r\n', false],
    ['Accepted publickey for root from 192.0.2.1 port 5 ssh2: ED25519 SHA256:x [preauth]\r\n', false],
    ['Accepted key ED25519 SHA256:x found at /root/.ssh/authorized_keys:1\r\n', false],
  ];
  for (const [line, cancels] of rows) {
    const machine = arm(t, 2);
    await machine.armed();
    writeFileSync(`${machine.run}/sshd.log`, line);
    // What a DHCP server may say goes to another file.
    writeFileSync(
      `${machine.run}/sshd-start.log`,
      'udhcpc: message from server: no\nAccepted publickey for root from 192.0.2.1 port 5 ssh2\n',
    );
    await machine.ended;
    t.equal(machine.restarted(), !cancels, line);
    if (cancels) t.match(machine.status(), { armed: false, cancelledBy: 'login' });
  }
});

t.test('cancelled before the first write', async t => {
  const machine = arm(t, 30);
  await machine.armed();
  t.match(machine.status(), { armed: true, cancelledBy: null });
  machine.stay();
  t.match(machine.status(), { armed: false, cancelledBy: 'erasing' });
  await machine.ended;
  t.notOk(machine.restarted());
  machine.stay();
  t.pass('twice is as good');
});

t.test('the timer was killed', async t => {
  const machine = arm(t, 30);
  await machine.armed();
  machine.child.kill('SIGKILL');
  await machine.ended;
  machine.stay();
  t.match(machine.status(), { armed: false, cancelledBy: 'erasing' });
});

t.test('never armed', async t => {
  const run = t.testdir();
  execFileSync(stay, ['erasing'], { env: { PATH: process.env.PATH, DABEI_RUN: run } });
  t.notOk(existsSync(`${run}/return`));
});
