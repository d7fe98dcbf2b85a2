import assert from 'node:assert/strict';
import {
  installed,
  panics,
  powerCutInStage1,
  staysInRescue,
  withoutInit,
  type Guest,
} from '../../guests/trial.ts';
import { patchDisk } from '../../harness/disk.ts';
import type { World } from '../../world.ts';

/** Each disk of a mirror has a GRUB of its own, and the BIOS picks one. */

export const trialMirrorWorlds: World[] = [
  {
    name: 'trial-mirror-bios',
    about: 'first boot on trial on a mirror, by GRUB, and the BIOS starts from the other disk the next time: no disk starts it again',
    limitSeconds: 3600,
    expected: [/Kernel panic - not syncing/],
    script: async site => {
      const disks = [site.disk('first', 4096), site.disk('second', 4096)];
      const guest: Guest = { memoryMiB: 1024, firmware: 'bios', disks };
      const swapped: Guest = { ...guest, disks: disks.toReversed() };
      const restore = await installed(site, guest, {
        disks: { devices: ['/dev/vda', '/dev/vdb'], layout: 'mirror' },
      });

      // Stage 1 has noted on both disks that it started.
      await powerCutInStage1(site, guest, 'first-disk');
      await staysInRescue(site, swapped, 'swapped');

      // GRUB noted it on its own disk alone, so each disk starts it once.
      await restore();
      for (const { file } of disks) assert.ok(patchDisk(file, ...withoutInit) > 0);
      await panics(site, guest, 'panic-first');
      await panics(site, swapped, 'panic-second');
      await staysInRescue(site, guest, 'after-panic');
    },
  },
]; // prettier-ignore
