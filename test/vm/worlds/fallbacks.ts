import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildImage } from '../../../image/build.ts';
import { reductions } from '../../../image/reductions/reductions.ts';
import { bootInstalled, finishInstall, installLimitSeconds } from '../guests/install.ts';
import { configParameter, consoleParameters } from '../harness/site.ts';
import type { World } from '../world.ts';
import { assertInstalled } from './install.ts';
import { target } from '../../../image/lib/target.ts';

/** An image that could not be made small. */

/** The image is larger, and so is what its programs need. */
const memoryMiB = 1024;

export const fallbackWorlds: World[] = [
  {
    name: 'fallen-back',
    about:
      "every part that makes the image smaller fell back to Debian's own: installs, encrypted; boots, unlocks",
    limitSeconds: 1800,
    script: async site => {
      const { image, fallbacks } = await buildImage({
        compression: 'quick',
        output: false,
        fallBack: reductions,
      });
      assert.deepEqual(
        fallbacks.map(({ part }) => part),
        reductions,
        'the build says what fell back',
      );
      const disk = site.disk('target', 4096);
      const config = await site.installConfig();
      const machine = await site.start({
        name: 'install',
        memoryMiB,
        disks: [disk],
        limitSeconds: installLimitSeconds + 120,
        boot: {
          from: 'kernel',
          kernel: join(image.path, target.kernel.image),
          initrd: join(image.path, 'initrd'),
          append: [...consoleParameters, configParameter(config)].join(' '),
        },
      });
      const { leaks } = await finishInstall(site, machine);
      assert.deepEqual([...leaks], [], 'secrets in the arguments or the environment of a process');
      const installed = await bootInstalled(site, { memoryMiB, disks: [disk] });
      await assertInstalled(site, installed.ssh, installed.unlockHostKey);
      await installed.machine.end();
    },
  },
];
