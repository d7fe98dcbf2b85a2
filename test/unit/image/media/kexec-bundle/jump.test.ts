import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test } from 'tap';
import { bundle, shell, shells, underEachShell } from './shells.ts';

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

/** What happens after the delay, where kexec fails. */
const rows: [about: string, canTrigger: boolean, canRemount: boolean, steps: string[]][] = [
  ['the kernel restarts the machine', true, true, ['kexec -e', 'remount rw', 'end']],
  ['without a SysRq trigger', false, true, ['remount ro', 'kexec -e', 'remount rw', 'end']],
  ['and a file system stays writable', false, false, ['remount ro', 'kexec -e', 'remount rw', 'end']],
];

for (const [about, canTrigger, canRemount, steps] of rows)
  underEachShell(`kexec fails: ${about}`, async (t, argv) => {
    const memory = t.testdir({ kexec: '#!/bin/sh\necho "kexec $*" >>"${0%/*}/steps"\nexit 1\n', steps: '' });
    chmodSync(`${memory}/kexec`, 0o755);
    const trigger = `${memory}/trigger`;
    if (canTrigger) writeFileSync(trigger, '');
    const own = readFileSync(`${bundle}/lib/jump.sh`, 'utf8')
      .replaceAll('/proc/sysrq-trigger', trigger)
      .replaceAll('/dev/kmsg', `${memory}/none`);
    const told = (text: string) => `echo '${text}' >>${memory}/steps`;
    const script = `${own}
first_line() { echo 1; }
writable_mounts() { printf '/ '; }
umount_memory() { ${told('end')}; }
sync() { :; }
sleep() { :; }
mount() { case $* in *,ro*) ${told('remount ro')} ;; *) ${told('remount rw')} ;; esac; ${canRemount}; }
delay=0
jump`;
    t.equal(shell(argv, script, { memory }).status, 0);
    const seen = () => readFileSync(`${memory}/steps`, 'utf8').trim().split('\n');
    for (let tries = 0; tries < 300 && !seen().includes('end'); tries++) await setTimeout(100);
    t.same(seen(), steps);
    if (canTrigger) t.equal(readFileSync(trigger, 'utf8'), 'b\n');
  });
