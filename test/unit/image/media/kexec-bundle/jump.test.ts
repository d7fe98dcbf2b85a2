import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test } from 'tap';
import { shell, shells } from './shells.ts';

for (const argv of shells)
  test(`the session ends before the delay begins, and the jump comes after it (${argv[0]})`, async t => {
    const left = join(t.testdir(), 'left');
    const script = `first_line() { echo 1; }; umount_memory() { :; }; leave() { : >${left}; }; delay=4; jump`;
    // Returns only when nobody holds standard output or standard error any more, as sshd does.
    const { stdout, stderr, status } = shell(argv, script);
    t.notOk(existsSync(left), 'the delay is not over');
    t.same({ status, stderr }, { status: 0, stderr: '' });
    t.match(stdout, /^machine will boot into nixos\nin 4 s; "\S+\/kexec -u" before then cancels it\n$/);
    for (let tries = 0; tries < 300 && !existsSync(left); tries++) await setTimeout(100);
    t.ok(existsSync(left), 'it leaves');
  });
