import assert from 'node:assert/strict';
import * as clock from '../../../../agent/host/clock.ts';
import {
  assertNoSecretOnDisk,
  bootInstalled,
  finishInstall,
  installLimitSeconds,
  stageDone,
} from '../../guests/install.ts';
import { moreMemoryMiB } from '../../harness/memory-budget.ts';
import { readPicture } from '../../harness/picture.ts';
import { timeScale } from '../../harness/time-scale.ts';
import type { World } from '../../world.ts';
import { assertInstalled } from '../install.ts';
import { configure, copyOfIso, medium } from '../media.ts';

/** The ISO, configured, in a machine where nobody is, and which starts it each time. */

export const installingWorlds: World[] = [
  {
    name: 'medium-installs',
    about:
      'the ISO, configured, as a CD on UEFI that the firmware starts each time: it installs, and draws its progress; the next time it starts the installed system, unless somebody logs in',
    limitSeconds: 1500,
    script: async site => {
      const file = copyOfIso(site);
      configure(site, file, await site.installConfig());
      const target = site.disk('target', 4096);
      const guest = {
        ...{ memoryMiB: 512 + moreMemoryMiB(), display: true },
        firmware: 'uefi' as const,
        disks: [medium(file, 'cd'), target],
      };
      const machine = await site.start({
        ...{ ...guest, name: 'medium', boot: { from: 'disk' } },
        limitSeconds: installLimitSeconds + 300,
      });
      const drawn = stageDone(machine, 'host-flake').then(() =>
        clock.poll(() => readPicture(machine, site.directory, 'installing'), 60 * timeScale, 2),
      );
      drawn.catch(() => {});
      const { leaks } = await finishInstall(site, machine);
      assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
      assert.match((await drawn) ?? 'no code', /^ssh:\/\/root@10\.0\.2\.15(\n|$)/);
      await assertNoSecretOnDisk(site, target);

      const again = await bootInstalled(site, { ...guest, name: 'again' });
      const { text } = again.machine.console;
      assert.match(text, /error DISK_INSTALLED: .*already installed/);
      assert.match(text, /the installed system starts in 10 s, because a medium started this one/);
      await assertInstalled(site, again.ssh, again.unlockHostKey);
      await again.machine.end();

      // Somebody logs in while there is time.
      const kept = await site.start({
        ...{ ...guest, name: 'kept', boot: { from: 'disk' } },
        limitSeconds: installLimitSeconds,
      });
      await stageDone(kept, 'ssh', 200);
      const ssh = site.ssh();
      await ssh.waitUntilUp(60);
      const stays = 'somebody has logged in: the machine stays in this system';
      await ssh.run(`until grep -q '${stays}' /var/log/dabei.jsonl; do sleep 1; done`, { seconds: 150 });
      assert.match((await ssh.attempt('dabei status')).stdout, /DISK_INSTALLED/);
      await kept.end();
    },
  },
];
