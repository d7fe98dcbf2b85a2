import assert from 'node:assert/strict';
import { installed, panics, powerCutInStage1, staysInRescue, withoutInit } from '../../guests/trial.ts';
import type { Guest } from '../../guests/kept.ts';
import { patchDisk } from '../../harness/disk.ts';
import type { World } from '../../world.ts';

/** Each disk of a mirror has a boot loader of its own, and the firmware picks one. */

export const trialMirrorWorlds: World[] = (['bios', 'uefi'] as const).map(firmware => ({
  name: `trial-mirror-${firmware}`,
  about:
    'first boot on trial on a mirror, and the firmware starts from the other disk the next time, or one disk is gone: no disk starts it again',
  limitSeconds: 4800,
  expected: [/Kernel panic - not syncing/],
  script: async site => {
    const disks = [site.disk('first', 4096), site.disk('second', 4096)];
    const guest: Guest = { memoryMiB: 1024, firmware, disks };
    const swapped: Guest = { ...guest, disks: disks.toReversed() };
    const restore = await installed(site, guest, {
      changes: { disks: { devices: ['/dev/vda', '/dev/vdb'], layout: 'mirror' } },
    });

    // Stage 1 has noted on both disks that it started.
    await powerCutInStage1(site, guest, 'first-disk');
    await staysInRescue(site, swapped, 'swapped');
    await staysInRescue(site, { ...guest, disks: [disks[1]!] }, 'second-alone');

    // GRUB noted it on its own disk alone, so each disk starts it once. By UEFI, the second start is by the rescue system.
    await restore();
    for (const { file } of disks) assert.ok(patchDisk(file, ...withoutInit) > 0);
    await panics(site, guest, 'panic-first');
    await panics(site, swapped, 'panic-second');
    await staysInRescue(site, guest, 'after-panic');
  },
}));
