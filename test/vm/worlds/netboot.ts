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
  type UnlockWay,
} from '../guests/install.ts';
import { findSecrets, secretBytes } from '../harness/keys.ts';
import type { Site } from '../harness/site.ts';
import type { DiskOptions } from '../harness/machine/qemu.ts';
import type { World } from '../world.ts';
import { assertInstalled } from './install.ts';
import { target } from '../../../image/lib/target.ts';

/** What the machine's firmware and iPXE get, and how. */
interface Way {
  firmware: 'bios' | 'uefi';
  /** What the system is installed on, and how it is unlocked. */
  disk: { interface: NonNullable<DiskOptions['interface']>; device: string };
  unlock: UnlockWay;
  /** Puts its files into the directory that TFTP serves. @returns the file that DHCP names */
  offer: (site: Site, tftp: string, payload: Readonly<Record<string, string>>) => Promise<string>;
}

const ways: Readonly<Record<string, Way>> = {
  // QEMU's card has iPXE in its ROM; all files come by TFTP.
  netboot: {
    firmware: 'bios',
    disk: { interface: 'virtio', device: '/dev/vda' },
    unlock: 'ssh',
    offer: async (_site, tftp, payload) => {
      for (const [name, file] of Object.entries(payload)) files.copy(file, join(tftp, name));
      return basename(image.netboot);
    },
  },
  // The firmware fetches iPXE by TFTP, iPXE everything else by HTTP, as racks do: TFTP waits for each packet.
  'netboot-uefi': {
    firmware: 'uefi',
    disk: { interface: 'nvme', device: '/dev/nvme0n1' },
    unlock: 'console',
    offer: async (site, tftp, payload) => {
      const { path } = await unpackAlone('ipxe', ['ipxe']);
      files.copy(join(path, 'ipxe', target.ipxeEfi), join(tftp, 'ipxe.efi'));
      const server = await site.serve(payload);
      // iPXE looks for this name beside itself (src/interface/efi/efi_autoexec.c), so DHCP need not tell it from the firmware.
      const script = ['#!ipxe', 'dhcp', `chain ${server.urlFor(basename(image.netboot))}`, ''];
      files.write(join(tftp, 'autoexec.ipxe'), script.join('\n'));
      return 'ipxe.efi';
    },
  },
};

export const netbootWorlds: World[] = Object.entries(ways).map(
  ([
    name,
    {
      firmware,
      disk: { interface: bus, device },
      unlock,
      offer,
    },
  ]) => ({
    name,
    about: `unattended install by PXE with iPXE, ${firmware.toUpperCase()}: the secrets come in a file, none is on the command line`,
    limitSeconds: 1500,
    everywhere: firmware === 'uefi',
    script: async (site, report) => {
      const memoryMiB = 1024;
      const disk = site.disk('target', 4096, { interface: bus });
      const tftp = join(site.directory, 'tftp');
      const host = join(site.directory, 'host.json');
      files.write(
        host,
        JSON.stringify(await site.installConfig({ disks: { devices: [device], key: site.keys.passphrase } })),
      );
      const payload = [image.kernel, image.initrd, image.netboot, host].map(
        file => [basename(file), file] as const,
      );
      const bootFile = await offer(site, tftp, Object.fromEntries(payload));
      const machine = await site.start({
        name,
        memoryMiB,
        firmware,
        disks: [disk],
        boot: { from: 'network' },
        network: {
          tftp: { directory: tftp, bootFile },
          forward: [{ hostPort: site.sshPort, guestPort: 22 }],
        },
        limitSeconds: installLimitSeconds + 120,
      });
      const { leastFreeMiB, leaks } = await finishInstall(site, machine);
      report.leastFreeMiB = leastFreeMiB;
      assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
      // The kernel prints its command line and every file it unpacks is ours: with the secret in a file, neither tells.
      assert.deepEqual(
        findSecrets(machine.console.text, secretBytes(site.keys)),
        [],
        'secrets on the console',
      );
      for (const path of [tftp, host]) files.remove(path);

      const installed = await bootInstalled(
        site,
        { memoryMiB, firmware, disks: [disk] },
        { by: unlock, wrongFirst: true },
      );
      await assertInstalled(site, installed.ssh, installed.unlockHostKey);
      await installed.machine.end();
      await assertNoSecretOnDisk(site, disk);
    },
  }),
);
