import assert from 'node:assert/strict';
import { stageDone, stageFailed } from '../guests/install.ts';
import type { Machine } from '../harness/machine/machine.ts';
import type { World } from '../world.ts';
import { appendedBy } from './kexec/dead-man.ts';

/** Who gets a shell at the console (agent/console/policy.ts), seen by typing there. */

const prompt = /:[~/]\S*# /;

/** openssl passwd -6 -salt dabeidabeidabei0 'as the owner said' */
const passwordHash =
  '$6$dabeidabeidabei0$Ghw3DeaXh33OLIxc2usYdABSY5g9Z2.IbK7a/W8lDuFiyIuSNoyFldhxw3R7OnCplj8ivdxWB3oR5sB0028Hy1';

const appended = (config: object) => ({ path: 'dabei.json', content: JSON.stringify(config) });

/** Enter, and what a shell would do with the next line; neither Ctrl-C nor Ctrl-\ lead to one. */
async function nobodyGetsAShell(machine: Machine): Promise<void> {
  machine.console.type('\u0003\u001c\n');
  await machine.console.waitFor(/dabei\.console=root on the kernel command line/, 60);
  // What is typed while one program has ended and the next has not begun, the terminal's hangup discards.
  await machine.console.waitFor(/No shell on this console/, 60);
  machine.console.type('echo $((40 + 2))0001\n');
  await machine.console.waitFor(/dabei\.console=root on the kernel command line/, 60);
  assert.doesNotMatch(machine.console.text, /420001/);
}

export const consoleWorlds: World[] = [
  {
    name: 'console-password',
    about: 'console.passwordHash: a wrong password gives no shell, the right one does; SSH takes no password',
    limitSeconds: 300,
    script: async site => {
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        limitSeconds: 280,
        appended: appendedBy(site.keys, [appended({ console: { passwordHash } })]),
      });
      await stageDone(machine, 'rescue', 150);
      machine.console.type('\n');
      await machine.console.waitFor(/Password: /, 60);
      machine.console.type('wrong\n');
      await machine.console.waitFor(/Login incorrect/, 60);
      machine.console.type('root\n');
      await machine.console.waitFor(/Password: /, 60);
      machine.console.type('as the owner said\n');
      await machine.console.waitFor(prompt, 60);
      machine.console.type('stat -c %a /etc/shadow && grep -c "^root:.6.dabei" /etc/shadow\n');
      await machine.console.waitFor(/^600\s+1$/m, 60);
      const ssh = site.ssh();
      await ssh.waitUntilUp(30);
      assert.match(await ssh.run('sshd -T'), /^passwordauthentication no$/m);
    },
  },
  {
    name: 'console-off',
    about: 'host keys came in: nobody gets a shell at the console, which says how to get in by SSH',
    limitSeconds: 300,
    script: async site => {
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        limitSeconds: 280,
        appended: appendedBy(site.keys),
      });
      await stageDone(machine, 'rescue', 150);
      await nobodyGetsAShell(machine);
      assert.match(
        machine.console.text,
        /No shell on this console: a passphrase, a private key or a token came in\./,
      );
      assert.match(machine.console.text, /^ssh root@10\.0\.2\.15$[^]*^host key SHA256:/m);
      const ssh = site.ssh();
      await ssh.waitUntilUp(30);
      await ssh.run('kill -9 $(pidof dabei) 2>/dev/null; true');
      await nobodyGetsAShell(machine);
    },
  },
  {
    name: 'console-root-without-secrets',
    about: 'dabei.console=root beside an installation: a shell, no secret anywhere, nothing is installed',
    limitSeconds: 300,
    script: async site => {
      const disk = site.disk('target', 4096);
      const machine = await site.startImage({
        name: 'kexec',
        memoryMiB: 512,
        disks: [disk],
        limitSeconds: 280,
        parameters: ['dabei.console=root'],
        appended: appendedBy(site.keys, [appended(await site.installConfig())]),
      });
      assert.equal((await stageFailed(machine, 150)).code, 'CONSOLE_WITHOUT_SECRETS');
      machine.console.type('\n');
      await machine.console.waitFor(prompt, 60);
      machine.console.type('find /run/dabei/boot -name "*.json" -o -name "*_key" | wc -l\n');
      await machine.console.waitFor(/^0$/m, 60);
      machine.console.type('wipefs /dev/vda | wc -l\n');
      await machine.console.waitFor(/^0$/m, 60);
    },
  },
];
