import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import * as files from '../../../image/lib/files.ts';
import { unpackAlone } from '../../../image/debian/packages.ts';
import { image } from '../harness/image.ts';
import {
  assertNoSecretOnDisk,
  bootInstalled,
  finishInstall,
  installLimitSeconds,
} from '../guests/install.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import type { World } from '../world.ts';
import { assertInstalled } from './install.ts';

/** What the firmware is given by DHCP and TFTP, besides kernel, initrd and netboot.ipxe. */
interface Way {
  firmware: 'bios' | 'uefi';
  /** The file that DHCP names. */
  bootFile: (tftp: string) => Promise<string>;
}

const ways: Readonly<Record<string, Way>> = {
  // QEMU's card has iPXE in its ROM.
  netboot: { firmware: 'bios', bootFile: async () => basename(image.netboot) },
  'netboot-uefi': {
    firmware: 'uefi',
    bootFile: async tftp => {
      const { path } = await unpackAlone('ipxe', ['ipxe']);
      files.copy(join(path, 'ipxe/usr/lib/ipxe/ipxe-amd64.efi'), join(tftp, 'ipxe.efi'));
      // iPXE looks for this name beside itself (src/interface/efi/efi_autoexec.c), so DHCP need not tell it from the firmware.
      files.copy(image.netboot, join(tftp, 'autoexec.ipxe'));
      return 'ipxe.efi';
    },
  },
};

export const netbootWorlds: World[] = Object.entries(ways).map(([name, { firmware, bootFile }]) => ({
  name,
  core: firmware === 'bios',
  about: `unattended install by PXE with iPXE, ${firmware.toUpperCase()}: the secrets come in a file, none is on the command line`,
  limitSeconds: 1500,
  script: async (site, report) => {
    const memoryMiB = 1024;
    const disk = site.disk('target', 4096);
    const tftp = join(site.directory, 'tftp');
    for (const file of [image.kernel, image.initrd, image.netboot])
      files.copy(file, join(tftp, basename(file)));
    files.write(join(tftp, 'host.json'), JSON.stringify(await site.installConfig()));
    const machine = await site.start({
      name,
      memoryMiB,
      firmware,
      disks: [disk],
      boot: { from: 'network' },
      network: {
        tftp: { directory: tftp, bootFile: await bootFile(tftp) },
        forward: [{ hostPort: site.sshPort, guestPort: 22 }],
      },
      limitSeconds: installLimitSeconds + 120,
    });
    const { leastFreeMiB, leaks } = await finishInstall(site, machine);
    report.leastFreeMiB = leastFreeMiB;
    assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
    // The kernel prints its command line and every file it unpacks is ours: with the secret in a file, neither tells.
    assert.deepEqual(findSecrets(machine.console.text, secretBytes(site.keys)), [], 'secrets on the console');
    files.remove(tftp);

    const installed = await bootInstalled(site, { memoryMiB, firmware, disks: [disk] });
    await assertInstalled(site, installed.ssh, installed.unlockHostKey);
    await installed.machine.end();
    await assertNoSecretOnDisk(site, disk);
  },
}));
