import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as files from '../../../../image/lib/files.ts';
import { dabeiImage } from '../../../../image/media/reserved/command.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, stageDone } from '../../guests/install.ts';
import { writeAt } from '../../harness/disk.ts';
import { image } from '../../harness/image.ts';
import type { DiskOptions, Firmware } from '../../harness/machine/qemu.ts';
import { moreMemoryMiB } from '../../harness/memory-budget.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { assertInstalled } from '../install.ts';
import { choose, leastMemoryMiB } from '../media.ts';

/** The raw image on a disk that is larger than it: as a rescue system, and as what installs over itself. */

/** A disk of the machine after `dd`, which knows nothing of what the disk had before or of its size. */
function written(site: Site, options: Partial<DiskOptions> = {}): DiskOptions {
  const disk = site.disk('target', 4096, options);
  writeAt(disk.file, 0, files.readBytes(image.img));
  return disk;
}

const rescue = (firmware: Firmware, disk: Partial<DiskOptions>): World => ({
  name: `image-${firmware}`,
  about: `the raw image on a larger disk, ${firmware.toUpperCase()}: a rescue system in the least memory, which knows its own disk; the menu checks it`,
  limitSeconds: 400,
  script: async site => {
    const start = (name: string) =>
      site.start({
        ...{ name, firmware, memoryMiB: leastMemoryMiB(firmware), disks: [written(site, disk)] },
        boot: { from: 'disk' },
        limitSeconds: 280,
      });
    const machine = await start('medium');
    await stageDone(machine, 'rescue', 200);
    const { console } = machine;
    console.type('\n');
    await console.waitFor(/:[~/]\S*# /, 60);
    console.type('cat /run/dabei/boot/cmdline; ls /run/dabei/boot\n');
    await console.waitFor(/dabei\.medium=img/, 60);
    assert.doesNotMatch(console.text, /dabei\.json/, 'zeros are no configuration');
    console.type('echo \'{"disks":{"devices":["only"],"wipe":true,"encryption":"none"}}\' >/tmp/c.json\n');
    console.type('dabei plan --config /tmp/c.json\n');
    await console.waitFor(/error DISK_NOT_FOUND[^]*over nix-dabei\.img, set it to \{"serial":"target"\}/, 90);
    await machine.end();
    // UEFI shows the menu where the firmware shows its own: not on this line.
    if (firmware !== 'bios') return;
    const again = await start('check');
    await choose(again, 'Check this medium', 3);
    await again.console.waitFor(/The medium is whole\./, 120);
  },
});

const ontoItself = (firmware: Firmware, disk: Partial<DiskOptions> = {}): World => ({
  name: `image-onto-itself-${firmware}`,
  about: `the raw image, configured, on the disk of the machine, ${firmware.toUpperCase()}: it installs over itself, and the disk starts the installed system`,
  limitSeconds: 1500,
  script: async site => {
    const target = written(site, disk);
    const host = join(site.directory, 'host.json');
    // Without disks.wipe: nothing of anybody is on the disk.
    const config = await site.installConfig({
      disks: { devices: [{ serial: 'target' }], key: site.keys.passphrase },
    });
    files.write(host, JSON.stringify(config), 0o600);
    dabeiImage(['customize', target.file, host]);
    files.remove(host);
    const memoryMiB = 512 + moreMemoryMiB();
    const machine = await site.start({
      ...{ name: 'medium', firmware, memoryMiB, disks: [target] },
      boot: { from: 'disk' },
      limitSeconds: 900,
    });
    const { leaks } = await finishInstall(site, machine);
    assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
    assert.match(machine.console.text, /nix-dabei\.img is overwritten with it/);
    await assertNoSecretOnDisk(site, target);
    const guest = { memoryMiB, firmware, disks: [target] };
    const { machine: installed, ssh, unlockHostKey } = await bootInstalled(site, guest);
    await assertInstalled(site, ssh, unlockHostKey);
    await installed.end();
  },
});

export const rawWorlds: World[] = [
  rescue('bios', {}),
  rescue('uefi', { interface: 'usb' }),
  ontoItself('bios'),
  ontoItself('uefi', { interface: 'nvme' }),
];
