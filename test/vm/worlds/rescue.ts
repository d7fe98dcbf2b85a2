import assert from 'node:assert/strict';
import { attempt } from '../../../agent/host/exec.ts';
import * as files from '../../../image/lib/files.ts';
import { join } from 'node:path';
import { fillWithForeignBytes, hashDisk } from '../harness/disk.ts';
import { image } from '../harness/image.ts';
import { stageDone } from '../guests/install.ts';
import { requireHostPackages, run } from '../../../image/lib/host.ts';
import { target } from '../../../image/lib/target.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import { configParameter, serialConsole, type Site } from '../harness/site.ts';
import { scanHostKeys } from '../harness/ssh.ts';
import { leastMemoryMiB } from './media.ts';
import type { World } from '../world.ts';
import { appendedBy } from './kexec/dead-man.ts';
import { truncateSync } from 'node:fs';

export const rescueWorlds: World[] = [
  {
    name: 'rescue',
    about:
      'nothing to install: addresses, fingerprints and memory on the console, a shell over SSH, tools at hand',
    limitSeconds: 240,
    everywhere: true,
    script: async site => {
      const disk = site.disk('target', 256);
      fillWithForeignBytes(disk.file);
      const before = await hashDisk(disk.file);
      const machine = await site.startImage({
        name: 'rescue',
        memoryMiB: leastMemoryMiB(),
        disks: [disk, await makeEtcImage(site)],
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
      assert.equal(await ssh.run(mountEtc, { seconds: 60 }), 'of the data layer');
      await machine.end();
      assert.equal(await hashDisk(disk.file), before, 'rescue mode touches nothing');
    },
  },
  {
    name: 'processors',
    about:
      "the processors with the fewest and the most features: V8 takes dabei's code cache; one that it refuses changes nothing",
    limitSeconds: 500,
    everywhere: true,
    script: async site => {
      for (const cpu of target.qemu.processors) {
        const machine = await site.startImage({
          name: cpu,
          memoryMiB: 512,
          cpu,
          appended: appendedBy(site.keys),
          limitSeconds: 240,
        });
        await stageDone(machine, 'rescue', 180);
        const ssh = site.ssh();
        await ssh.waitUntilUp(60);
        const taken = await ssh.attempt('dabei --version', { seconds: 60 });
        assert.match(taken.stdout, /^dabei \d/, cpu);
        assert.doesNotMatch(taken.stderr, refusedCache, cpu);
        // The cache holds a hash of V8's flags; with others, V8 compiles the program itself.
        const refused = await ssh.attempt(`NODE_OPTIONS=${otherFlag} dabei --version`, { seconds: 60 });
        assert.match(refused.stderr, refusedCache, cpu);
        assert.equal(refused.stdout, taken.stdout, cpu);
        assert.doesNotMatch(machine.console.text, refusedCache, cpu);
        await machine.end();
      }
    },
  },
  {
    name: 'truncated-image',
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
        boot: { from: 'kernel', kernel: image.kernel, initrd, append: `console=${serialConsole} loglevel=5` },
        limitSeconds: 200,
      });
      await machine.console.waitFor(/^error IMAGE_INCOMPLETE: .*$\n {2}next: .*$/m, 60);
      await machine.waitForEnd(120);
      files.remove(initrd);
      assert.equal(await hashDisk(disk.file), before, 'nothing was touched');
    },
  },
  {
    name: 'reboot-busy',
    about:
      'reboot over SSH while the target is mounted, written to and held: it goes down in time, the pool is exported',
    limitSeconds: 400,
    script: async site => {
      const disk = site.disk('target', 512);
      const boot = (name: string) =>
        site.startImage({
          name,
          memoryMiB: 512,
          disks: [disk],
          limitSeconds: 180,
          appended: appendedBy(site.keys),
        });
      const first = await boot('busy');
      await stageDone(first, 'rescue', 90);
      const ssh = site.ssh();
      await ssh.run(
        'zpool create -R /mnt -m / tank /dev/vda && cd /mnt && (nohup tail -f /dev/null >held 2>&1 &) ' +
          '&& head -c 20000000 /dev/urandom >data && sha256sum data | cut -d" " -f1 >sum',
        { seconds: 120 },
      );
      await ssh.attempt('cd /mnt && reboot && sleep 60', { seconds: 90 });
      await first.waitForEnd(60);
      const second = await boot('after');
      await stageDone(second, 'rescue', 90);
      await ssh.waitUntilUp(30);
      // Without -f: a pool that was not exported by the other system (another host id) is refused.
      await ssh.run('zgenhostid -f 0badcafe; zpool import -R /mnt tank', { seconds: 90 });
      const sums = await ssh.run('cat /mnt/sum; sha256sum /mnt/data | cut -d" " -f1');
      const [before, after] = sums.split('\n');
      assert.equal(before, after);
    },
  },
];

/** Node's warning (lib/internal/main/embedding.js). */
const refusedCache = /Code cache data rejected/;
const otherFlag = '--max-semi-space-size=1';

/**
 * The /etc of a NixOS with `system.etc.overlay.enable`, in small: EROFS metadata whose file leads into a data-only layer of
 * an overlay (nixpkgs, nixos/modules/system/etc/etc.nix; Linux, Documentation/filesystems/overlayfs.rst, "Data-only").
 */
async function makeEtcImage(site: Site): Promise<DiskOptions> {
  await requireHostPackages({ '/usr/bin/mkfs.erofs': 'erofs-utils', '/usr/bin/setfattr': 'attr' });
  const tree = join(site.directory, 'etc');
  const [file, image] = [join(tree, 'hostname'), join(site.directory, 'etc.raw')];
  const content = 'of the data layer';
  files.write(file, '');
  truncateSync(file, content.length);
  const attributes = { metacopy: '', redirect: '/data' };
  for (const [name, value] of Object.entries(attributes)) {
    const argv = ['setfattr', '--name', `trusted.overlay.${name}`, '--value', value, file];
    await run({ doing: 'marking a file for the overlay', argv, timeoutSeconds: 20 });
  }
  await run({ doing: 'making an EROFS image', argv: ['mkfs.erofs', image, tree], timeoutSeconds: 60 });
  files.remove(tree);
  return { file: image, serial: 'etc', readOnly: true };
}

/** As the activation of NixOS mounts it. */
const mountEtc = [
  'cd /tmp && mkdir metadata base etc && printf "of the data layer" >base/data',
  'mount --type erofs --options ro,nodev,nosuid /dev/vdb metadata',
  'mount --type overlay overlay --options ro,relatime,redirect_dir=on,metacopy=on,lowerdir=/tmp/metadata::/tmp/base etc',
  'cat etc/hostname',
].join(' && ');

/** "SHA256:…" of a public key. ssh-keygen(1) */
async function fingerprint(directory: string, publicKey: string): Promise<string> {
  const file = join(directory, 'seen.pub');
  files.write(file, `${publicKey}\n`);
  const argv = ['ssh-keygen', '-l', '-f', file];
  const { stdout } = await attempt({ doing: 'reading a fingerprint', argv, timeoutSeconds: 20 });
  return stdout.split(' ')[1] ?? '';
}
