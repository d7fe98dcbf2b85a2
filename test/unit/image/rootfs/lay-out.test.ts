import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attempt } from '../../../../agent/host/exec.ts';

/** image/rootfs/root/usr/lib/dabei/lay-out itself, as root. The outer mount namespace stands for the machine. */

t.setTimeout(120_000);
const programs = new URL('../../../../image/rootfs/root/usr/lib/dabei', import.meta.url).pathname;

/** @param inside what the script does @param after what is looked at on the machine afterwards */
async function layOut(directory: string, inside: string, after: string, hidden = `${directory}/secret`) {
  const [machine, script] = [join(directory, 'machine'), join(directory, 'script')];
  writeFileSync(script, `#!/bin/sh\nset -eu\n${inside}\n`);
  writeFileSync(
    machine,
    `set -eu\nstatus=0\n${programs}/lay-out --hide ${hidden} --hide /nonexistent -- ${script} || status=$?\n${after}\nexit $status\n`,
  );
  chmodSync(script, 0o755);
  const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', machine];
  return attempt({ doing: 'laying out', argv, timeoutSeconds: 60 });
}

function world(directory: string): void {
  for (const name of ['target', 'secret']) mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, 'secret/key'), 'the passphrase');
}

t.test('what the script mounts is mounted on the machine, and only that', async t => {
  const directory = t.testdir();
  world(directory);
  const target = join(directory, 'target');
  const inside = `
    umount -R ${target} 2>/dev/null || true
    mount -t tmpfs first ${target}
    umount ${target}
    mount -t tmpfs root ${target}
    mkdir ${target}/boot
    mount -t tmpfs boot ${target}/boot`;
  const after = `grep ' ${directory}' /proc/self/mountinfo | sed 's/.* - //' | cut -d ' ' -f 2; cat ${directory}/secret/key`;
  const { stdout, stderr, exitCode } = await layOut(directory, inside, after);
  t.equal(exitCode, 0, stderr);
  const lines = stdout.trim().split('\n');
  t.same(lines.slice(-3), ['root', 'boot', 'the passphrase']);
  t.notOk(lines.includes('hidden'), 'the secret is as it was');
});

t.test('secrets and other processes are out of reach', async t => {
  const directory = t.testdir();
  world(directory);
  const inside = `
    ls -A ${directory}/secret
    touch ${directory}/secret/x 2>/dev/null || echo read-only
    ls /proc | grep -c '^[0-9]'
    cmp -s /proc/cmdline ${directory}/cmdline && echo the command line
    head -c 1 /proc/kcore`;
  writeFileSync(join(directory, 'cmdline'), 'never the same');
  const { stdout } = await layOut(directory, `${inside} || true`, 'true');
  const [first, processes] = stdout.split('\n');
  t.equal(first, 'read-only', 'the directory is empty');
  t.ok(Number(processes) <= 6, `${processes} processes`);
  t.notMatch(stdout, /the passphrase|the command line/);
});

t.test('the exit code is that of the script, and a second attempt works', async t => {
  const directory = t.testdir();
  world(directory);
  const again = `${programs}/lay-out --hide ${directory}/secret -- ${directory}/script || echo "again $?"; cat ${directory}/secret/key`;
  const { exitCode, stdout } = await layOut(directory, `ls -A ${directory}/secret; exit 7`, again);
  t.equal(exitCode, 7);
  t.equal(stdout, 'again 7\nthe passphrase');
});
