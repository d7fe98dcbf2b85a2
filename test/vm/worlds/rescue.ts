import assert from 'node:assert/strict';
import { attempt } from '../../../agent/host/exec.ts';
import * as files from '../../../image/files.ts';
import { join } from 'node:path';
import { fillWithForeignBytes, hashDisk } from '../disk.ts';
import { image } from '../image.ts';
import { stageDone } from '../install.ts';
import { configParameter } from '../site.ts';
import { scanHostKeys } from '../ssh.ts';
import { memoryBudget } from '../memory-budget.ts';
import type { World } from '../world.ts';
import { truncateSync } from 'node:fs';

export const rescueWorlds: World[] = [
  {
    name: 'rescue',
    core: true,
    about:
      'nothing to install: addresses, fingerprints and memory on the console, a shell over SSH, tools at hand',
    limitSeconds: 240,
    script: async site => {
      const disk = site.disk('target', 256);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const machine = await site.startImage({
        name: 'rescue',
        memoryMiB: memoryBudget.rescue,
        disks: [disk],
        parameters: [configParameter({ version: 1, rootAuthorizedKeys: [site.keys.user.public] })],
        limitSeconds: 200,
      });
      await stageDone(machine, 'rescue', 120);
      // No host key was given, so the machine made its own and shows its fingerprint on the console.
      const hostKeys = await scanHostKeys(site.sshPort, 60);
      const ed25519 = hostKeys.find(key => key.startsWith('ssh-ed25519 '));
      assert.ok(ed25519, 'an ed25519 host key');
      const said = machine.console.text;
      assert.ok(said.includes(await fingerprint(site.directory, ed25519)), 'the fingerprint on the console');
      assert.match(said, /10\.0\.2\.15/, 'the address');
      assert.match(said, /\d+ Mi?B/, 'the memory');

      const ssh = site.ssh({ hostKey: ed25519 });
      await ssh.waitUntilUp(30);
      const status = JSON.parse(await ssh.run('dabei status --json')) as Record<string, unknown>;
      assert.equal(status['state'], 'rescue');
      await ssh.run('dabei status');
      assert.match(await ssh.run('dabei logs'), /stage 4\/4 rescue: done/);
      for (const tool of ['nix --version', 'zfs version', 'sgdisk --version', 'modprobe zfs', 'lsblk']) {
        await ssh.run(tool, { seconds: 90 });
      }
      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'rescue mode touches nothing');
    },
  },
  {
    name: 'truncated-image',
    core: false,
    about: 'the initrd was cut off on the way: a clear line on the console, a restart, nothing touched',
    limitSeconds: 240,
    script: async site => {
      const disk = site.disk('target', 256);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const initrd = join(site.directory, 'initrd');
      files.copy(image.initrd, initrd);
      truncateSync(initrd, Math.floor(files.sizeOf(initrd) * 0.6));
      const machine = await site.start({
        name: 'truncated',
        memoryMiB: 512,
        disks: [disk],
        boot: { from: 'kernel', kernel: image.kernel, initrd, append: 'console=ttyS0 loglevel=5' },
        limitSeconds: 200,
      });
      await machine.console.waitFor(/^error IMAGE_INCOMPLETE: .*$\n {2}next: .*$/m, 60);
      await machine.waitForEnd(120);
      files.remove(initrd);
      assert.equal(await hashDisk(disk.file), before, 'nothing was touched');
    },
  },
];

/** "SHA256:…" of a public key. ssh-keygen(1) */
async function fingerprint(directory: string, publicKey: string): Promise<string> {
  const file = join(directory, 'seen.pub');
  files.write(file, `${publicKey}\n`);
  const argv = ['ssh-keygen', '-l', '-f', file];
  const { stdout } = await attempt({ doing: 'reading a fingerprint', argv, timeoutSeconds: 20 });
  return stdout.split(' ')[1] ?? '';
}
