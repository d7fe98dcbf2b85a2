import assert from 'node:assert/strict';
import type { ConfigInput } from '../../../../agent/config/schema.ts';
import { assertNoSecretOnDisk, bootInstalled, installLimitSeconds, stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk } from '../../harness/disk.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import { configParameter, type Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** `dabei setup` at the serial console of a rescue system. */

const shell = /:[~/]\S*# $/;
const down = '\u001b[B';

/** What is shown before the cursor, and what is typed then. */
type Dialogue = readonly (readonly [shown: RegExp, typed: string])[];

const dialogue = (passphrase: string): Dialogue => [
  [/\bdisk: $/, `${down}\r`],
  [/\bencryption \[encrypted\]: $/, '\r'],
  [/\bpassphrase: $/, `${passphrase}\r`],
  [/again\.\s+passphrase: $/, `${passphrase}\r`],
  [/\bhost name \[nixos\]: $/, 'guided\r'],
  [/\bkey \[present\]: $/, '\r'],
  [/\bkey \[done\]: $/, '\r'],
  [/Type the name of the disk[^]*\berase: $/, '/dev/vda\r'],
];

async function startRescue(site: Site, disk: DiskOptions): Promise<Machine> {
  const { system } = await site.installConfig();
  const config: ConfigInput = {
    mode: 'rescue',
    rootAuthorizedKeys: [site.keys.user.public],
    ssh: { hostKeys: [site.keys.host.private] },
    // Otherwise a private key that came in closes the console.
    console: { shell: 'root' },
    ...(system === undefined ? {} : { system }),
  };
  const machine = await site.startImage({
    name: 'install',
    memoryMiB: 768,
    disks: [disk],
    parameters: [configParameter(config)],
    limitSeconds: installLimitSeconds + 300,
  });
  await stageDone(machine, 'rescue', 150);
  await openShell(machine, 5);
  return machine;
}

/** On a busy host the console has asked before the agent decided who gets a shell, and begins anew after the first Enter. */
export async function openShell(machine: Machine, tries: number): Promise<void> {
  machine.console.type('\n');
  try {
    await machine.console.waitFor(shell, 15);
  } catch (error) {
    if (tries <= 1) throw error;
    await openShell(machine, tries - 1);
  }
}

/** Answers the first questions, up to the one that is left open. */
async function answer({ console }: Machine, dialogue: Dialogue): Promise<void> {
  for (const [shown, typed] of dialogue) {
    await console.waitFor(shown, 120);
    console.type(typed);
  }
}

export const guidedWorlds: World[] = [
  {
    name: 'guided-cancelled',
    about: 'dabei setup at the serial console, ended by Ctrl-C at every question: the disk is as it was',
    limitSeconds: 900,
    script: async site => {
      const disk = site.disk('target', 4096);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const machine = await startRescue(site, disk);
      const all = dialogue(site.keys.passphrase);
      for (const [at, [shown]] of all.entries()) {
        machine.console.type('dabei setup\n');
        await answer(machine, all.slice(0, at));
        await machine.console.waitFor(shown, 120);
        machine.console.type('\u0003');
        await machine.console.waitFor(/\^C\s+cancelled: nothing was changed\s[^]*# $/, 60);
        machine.console.type('echo $?\n');
        await machine.console.waitFor(/^130\s/m, 60);
        await machine.console.waitFor(shell, 60);
      }
      machine.console.type('ls /run/dabei/setup.json\n');
      await machine.console.waitFor(/No such file/, 60);
      assert.ok(!machine.console.text.includes(site.keys.passphrase), 'no echo of the passphrase');
      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'the disk is as it was');
    },
  },
  {
    name: 'guided-install',
    about: 'dabei setup at the serial console, key by key: installed, boots from its disk, unlocked over SSH',
    limitSeconds: 1500,
    script: async site => {
      const disk = site.disk('target', 4096);
      const machine = await startRescue(site, disk);
      machine.console.type('dabei setup\n');
      await answer(machine, dialogue(site.keys.passphrase));
      await stageDone(machine, 'finish');
      await machine.console.waitFor(/press Enter to restart[^]*\brestart: $/, 60);
      const { text } = machine.console;
      assert.ok(!text.includes(site.keys.passphrase), 'no echo of the passphrase');
      assert.match(
        text,
        /installed: after a restart, [^]*unlock it with "ssh -t -p 2222 root@10\.0\.2\.15 unlock"/,
      );
      assert.match(text, /the answers without the passphrase: \/run\/dabei\/setup\.json/);
      const ssh = site.ssh();
      const saved = JSON.parse(await ssh.run('cat /run/dabei/setup.json')) as ConfigInput;
      assert.deepEqual(saved.disks?.devices, [{ serial: 'target' }]);
      assert.doesNotMatch(await ssh.run('cat /var/log/dabei.jsonl'), new RegExp(site.keys.passphrase));
      machine.console.type('\r');
      await machine.waitForEnd(90);

      const installed = await bootInstalled(site, { memoryMiB: 512, disks: [disk] }, { wrongFirst: true });
      assert.equal((await installed.ssh.run('hostname')).trim(), 'guided');
      await installed.machine.end();
      await assertNoSecretOnDisk(site, disk);
    },
  },
];
