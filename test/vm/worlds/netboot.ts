import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import * as files from '../../../image/files.ts';
import { image } from '../image.ts';
import { assertNoSecretOnDisk, bootInstalled, finishInstall, installLimitSeconds } from '../install.ts';
import { findSecrets, secretBytes } from '../keys.ts';
import type { World } from '../world.ts';
import { assertInstalled } from './install.ts';

export const netbootWorlds: World[] = [
  {
    name: 'netboot',
    core: true,
    about:
      "unattended install by PXE with QEMU's iPXE: the secrets come in a file, none is on the command line",
    limitSeconds: 1500,
    script: async (site, report) => {
      const memoryMiB = 1024;
      const disk = site.disk('target', 4096);
      const tftp = join(site.directory, 'tftp');
      for (const file of [image.kernel, image.initrd, image.netboot])
        files.copy(file, join(tftp, basename(file)));
      files.write(join(tftp, 'host.json'), JSON.stringify(await site.installConfig()));
      const machine = await site.start({
        name: 'netboot',
        memoryMiB,
        disks: [disk],
        boot: { from: 'network' },
        network: {
          tftp: { directory: tftp, bootFile: basename(image.netboot) },
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
      files.remove(tftp);

      const installed = await bootInstalled(site, { memoryMiB, disks: [disk] });
      await assertInstalled(site, installed.ssh, installed.unlockHostKey);
      await installed.machine.end();
      await assertNoSecretOnDisk(site, disk);
    },
  },
];
