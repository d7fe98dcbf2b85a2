import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import * as clock from '../../../../agent/host/clock.ts';
import { attempt } from '../../../../agent/host/exec.ts';
import * as files from '../../../../image/lib/files.ts';
import { stageDone } from '../../guests/install.ts';
import { image } from '../../harness/image.ts';
import type { Firmware } from '../../harness/machine/qemu.ts';
import { readPicture } from '../../harness/picture.ts';
import type { Site } from '../../harness/site.ts';
import { timeScale } from '../../harness/time-scale.ts';
import type { World } from '../../world.ts';
import { choose, medium } from '../media.ts';

/** The status screen of a medium that is not configured: what a person sees, and how they log in. */

const words = /([bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]-?){4}/;

/** Logs in as a person does who types the password. */
async function typePassword(site: Site, password: string, command: string) {
  const answer = join(site.directory, 'answer');
  files.write(answer, `#!/bin/sh\necho '${password}'\n`);
  chmodSync(answer, 0o700);
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'NumberOfPasswordPrompts=1'];
  return attempt({
    doing: 'logging in by password',
    argv: [
      ...['ssh', '-F', '/dev/null', ...options.flatMap(option => ['-o', option])],
      ...['-p', String(site.sshPort), 'root@127.0.0.1', command],
    ],
    env: { SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: 'force' },
    timeoutSeconds: 60 * timeScale,
  });
}

const display = (firmware: Firmware): World => ({
  name: `medium-screen-${firmware}`,
  about: `the status screen on the display of a ${firmware.toUpperCase()} machine: a phone reads its QR code; its password opens SSH until a key arrives`,
  limitSeconds: 400,
  script: async site => {
    const machine = await site.start({
      name: 'medium',
      memoryMiB: 512,
      firmware,
      display: true,
      disks: [medium(image.iso, 'cd')],
      boot: { from: 'disk' },
      limitSeconds: 380,
    });
    await stageDone(machine, 'rescue', 250);
    const said = await clock.poll(() => readPicture(machine, site.directory, 'screen'), 60 * timeScale, 2);
    assert.match(said ?? 'no code', /^ssh:\/\/root@10\.0\.2\.15(\n|$)/);
    assert.doesNotMatch(
      machine.console.text,
      words,
      'beside a display, the password is not on the serial line',
    );
    machine.console.type('\n');
    await machine.console.waitFor(/:[~/]\S*# /, 60);
    machine.console.type('cat /run/dabei/screen/password; echo\n');
    const [password] = await machine.console.waitFor(words, 60);

    const wide = await typePassword(site, password, 'mkdir -p ~/.ssh; cat /proc/cmdline');
    assert.match(wide.stdout, /dabei\.medium/, wide.stderr);
    const log = await typePassword(site, password, 'cat /var/log/dabei.jsonl /var/log/sshd.log; ps w; dmesg');
    assert.ok(log.stdout.length > 1000 && !log.stdout.includes(password), 'in no log and no argument');
    const key = `echo '${site.keys.user.public}' >>~/.ssh/authorized_keys`;
    assert.equal((await typePassword(site, password, key)).exitCode, 0);
    const refused = await clock.poll(
      async () => ((await typePassword(site, password, 'true')).stderr.includes('(publickey)') ? true : null),
      60 * timeScale,
      2,
    );
    assert.ok(refused, 'a key ends the password');
    machine.console.type('ls /run/dabei/screen; grep -c "^root:[*]:" /etc/shadow\n');
    await machine.console.waitFor(/^1$/m, 60);
    const isDrawn = async () => {
      const now = await readPicture(machine, site.directory, 'after');
      return (now?.startsWith('ssh://root@10.0.2.15') && !now.includes(password)) || null;
    };
    assert.ok(await clock.poll(isDrawn, 60 * timeScale, 2), 'the picture no longer has the password');
  },
});

const onSerial: World = {
  name: 'medium-screen-serial',
  about:
    'the entry for a serial console: the status above the log, as text; Enter gives a shell, and "setup" the guided installation',
  limitSeconds: 420,
  script: async site => {
    const machine = await site.start({
      name: 'medium',
      memoryMiB: 256,
      disks: [medium(image.iso, 'usb')],
      boot: { from: 'disk' },
      limitSeconds: 400,
    });
    await choose(machine, 'Start on the first serial console', 1);
    await stageDone(machine, 'rescue', 200);
    const { console } = machine;
    await console.waitFor(/rescue system/, 60);
    await console.waitFor(/Enter: a shell\. "setup" and Enter: installs/, 60);
    assert.match(console.text, /ssh root@10\.0\.2\.15 \(\w+\)/);
    assert.match(console.text, words);
    assert.match(console.text, /█▀▀/, 'a QR code');
    console.type('\n');
    await console.waitFor(/:[~/]\S*# /, 60);
    console.type('echo $((40 + 2))0001\n');
    await console.waitFor(/420001/, 60);
    console.type('exit\n');
    await console.waitFor(/420001[^]*or type "setup" and Enter/, 60);
    console.type('setup\n');
    await console.waitFor(/^This installs NixOS on this machine\./m, 120);
    console.type('\x03');
    await console.waitFor(/^cancelled: nothing was changed/m, 60);
  },
};

export const screenWorlds: World[] = [display('bios'), display('uefi'), onSerial];
