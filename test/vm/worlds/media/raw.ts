import assert from 'node:assert/strict';
import * as files from '../../../../image/lib/files.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, stageDone } from '../../guests/install.ts';
import { writeAt } from '../../harness/disk.ts';
import { image } from '../../harness/image.ts';
import type { DiskOptions, Firmware } from '../../harness/machine/qemu.ts';
import { moreMemoryMiB } from '../../harness/memory-budget.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';
import { assertInstalled } from '../install.ts';
import { choose, configure, mediumMemoryMiB } from '../media.ts';

/** The raw image on a disk that is larger than it: as a rescue system, and as what installs over itself. */

/** A disk of the machine after `dd`, which knows nothing of what the disk had before or of its size. */
function written(site: Site, options: Partial<DiskOptions> = {}): DiskOptions {
  const disk = site.disk('target', 4096, options);
  writeAt(disk.file, 0, files.readBytes(image.img));
  return disk;
}

interface Row {
  firmware: Firmware;
  disk?: Partial<DiskOptions>;
}

const rescue = ({ firmware, disk }: Row): World => ({
  name: `image-${firmware}`,
  about: `the raw image on a larger disk, ${firmware.toUpperCase()}: a rescue system in the least memory; the menu checks it, or dabei refuses its own disk`,
  everywhere: firmware === 'uefi',
  limitSeconds: 500,
  script: async site => {
    const start = (name: string, memoryMiB: number) =>
      site.start({
        ...{ name, firmware, memoryMiB, disks: [written(site, disk)] },
        boot: { from: 'disk' },
        limitSeconds: 280,
      });
    const machine = await start('medium', mediumMemoryMiB(firmware));
    await stageDone(machine, 'rescue', 200);
    machine.console.type('\n');
    await machine.console.waitFor(/:[~/]\S*# /, 60);
    machine.console.type('cat /run/dabei/boot/cmdline; ls /run/dabei/boot\n');
    await machine.console.waitFor(/dabei\.medium=img/, 60);
    assert.doesNotMatch(machine.console.text, /dabei\.json/, 'zeros are no configuration');
    await machine.end();
    // UEFI shows the menu where the firmware shows its own: not on this line.
    if (firmware === 'bios') {
      const again = await start('check', mediumMemoryMiB(firmware));
      await choose(again, 'Check this medium', 3);
      await again.console.waitFor(/The medium is whole\./, 120);
      return;
    }
    // A second program needs more memory than the rescue system.
    const { console } = await start('plan', 512);
    await console.waitFor(/^stage \d+\/\d+ rescue: done/m, 200);
    console.type('\n');
    await console.waitFor(/:[~/]\S*# /, 60);
    const asked = {
      rootAuthorizedKeys: [site.keys.user.public],
      disks: { devices: ['only'], wipe: true, encryption: 'none' },
    };
    console.type(`echo '${JSON.stringify(asked)}' >/tmp/c.json; dabei plan --config /tmp/c.json\n`);
    await console.waitFor(/error DISK_NOT_FOUND[^]*over nix-dabei\.img, set it to \{"serial":"target"\}/, 90);
  },
});

const ontoItself = ({ firmware, disk }: Row): World => ({
  name: `image-onto-itself-${firmware}`,
  about: `the raw image, configured, on the disk of the machine, ${firmware.toUpperCase()}: it installs over itself, and the disk starts the installed system`,
  everywhere: firmware === 'uefi',
  limitSeconds: 1500,
  script: async site => {
    const target = written(site, disk);
    // Without disks.wipe: nothing of anybody is on the disk.
    const config = await site.installConfig({
      disks: { devices: [{ serial: 'target' }], key: site.keys.passphrase },
    });
    configure(site, target.file, config);
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
  rescue({ firmware: 'bios' }),
  rescue({ firmware: 'uefi', disk: { interface: 'usb' } }),
  ontoItself({ firmware: 'bios' }),
  ontoItself({ firmware: 'uefi', disk: { interface: 'nvme' } }),
];
