import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { requireHostPackages, run } from '../../../../image/lib/host.ts';
import { stageDone } from '../../guests/install.ts';
import { fillWithForeignBytes, hashDisk, makeDisk } from '../../harness/disk.ts';
import type { DiskOptions } from '../../harness/machine/qemu.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** A seed of NoCloud on a stick that somebody left in. */

const mac = '52:54:00:12:34:56';

export async function makeSeed(site: Site): Promise<DiskOptions> {
  await requireHostPackages({ '/usr/bin/mcopy': 'mtools', '/usr/sbin/mkfs.vfat': 'dosfstools' });
  const file = join(site.directory, 'seed.raw');
  makeDisk(file, 4);
  await run({ doing: 'formatting the seed', argv: ['mkfs.vfat', '-n', 'CIDATA', file], timeoutSeconds: 30 });
  const contents = {
    'meta-data': `instance-id: 1\nlocal-hostname: stick\npublic-keys:\n  - ${site.keys.user.public}\n`,
    'user-data': JSON.stringify({ disks: { devices: ['/dev/vda'], encryption: 'none', wipe: true } }),
    'network-config': `version: 1
config:
  - type: physical
    name: eth0
    mac_address: '${mac}'
    subnets:
      - {type: static, address: 10.0.2.15, netmask: 255.255.255.0, gateway: 10.0.2.2}
`,
  };
  for (const [name, text] of Object.entries(contents)) files.write(join(site.directory, name), text);
  const argv = ['mcopy', '-i', file, ...Object.keys(contents).map(name => join(site.directory, name)), '::/'];
  await run({ doing: 'filling the seed', argv, timeoutSeconds: 30 });
  return { file, serial: 'seed', interface: 'usb' };
}

async function startWithStick(site: Site): Promise<void> {
  const seed = await makeSeed(site);
  const disk = site.disk('target', 3072);
  fillWithForeignBytes(disk.file);
  const before = [await hashDisk(disk.file), await hashDisk(seed.file)];
  const machine = await site.startImage({
    name: 'stick',
    memoryMiB: 512,
    disks: [disk, seed],
    network: { mac },
    appended: [
      { path: 'dabei.json', content: JSON.stringify({ ssh: { hostKeys: [site.keys.host.private] } }) },
    ],
    limitSeconds: 200,
  });
  await stageDone(machine, 'rescue', 150);
  const ssh = site.ssh();
  await ssh.waitUntilUp(60);
  assert.equal((await ssh.run('cat /proc/sys/kernel/hostname')).trim(), 'stick');
  assert.match(machine.console.text, /NoCloud on \/dev\/disk\/by-label\/CIDATA: hostName/);
  assert.match(machine.console.text, /10\.0\.2\.15\/24 \(static\)/);
  assert.match(machine.console.text, /only dabei\.seed=install/);
  assert.equal(await ssh.run('mount | grep -c /run/dabei/seed || true'), '0\n', 'it is unmounted');
  await machine.end();
  assert.deepEqual(
    [await hashDisk(disk.file), await hashDisk(seed.file)],
    before,
    'both disks are untouched',
  );
}

export const seedWorlds: World[] = [
  {
    name: 'seed-stick',
    about: 'a stick with a NoCloud seed gives name, keys and addresses; left in, it erases nothing',
    limitSeconds: 300,
    script: startWithStick,
  },
];
