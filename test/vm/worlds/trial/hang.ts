import assert from 'node:assert/strict';
import { installed, seconds, start, staysInRescue, type Guest } from '../../guests/trial.ts';
import { patchDisk } from '../../harness/disk.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { Site } from '../../harness/site.ts';
import { timeScale } from '../../harness/time-scale.ts';
import type { World } from '../../world.ts';

/** The first boot hangs, on a machine with a watchdog and on one without. */

/** The kernel's driver has 30 s, twice: it warns, then it resets (drivers/watchdog/i6300esb.c). */
const watchdogSeconds = 60;

export const trialHangWorlds: World[] = [
  {
    name: 'trial-hang',
    about:
      'first boot on trial, and stage 1 hangs: a watchdog restarts the machine, without one a power cycle does, and the rescue system stays',
    limitSeconds: 3600,
    script: async site => {
      const guest: Guest = { memoryMiB: 1024, firmware: 'bios', disks: [site.disk('target', 4096)] };
      const guarded: Guest = { ...guest, watchdog: true };
      const told = /^installed: .*; if the first boot hangs, the watchdog i6300esb restarts the machine/m;
      const restore = await installed(site, guarded, {}, told);

      const reset = await hang(site, guarded, 'hang');
      await reset.waitForEnd(3 * watchdogSeconds);
      await staysInRescue(site, guarded, 'after-reset');

      await restore();
      const still = await hang(site, guest, 'hang-without-watchdog');
      await assert.rejects(still.waitForEnd((2 * watchdogSeconds) / timeScale), /did not end/);
      await still.end();
      await staysInRescue(site, guest, 'after-power-cycle');
    },
  },
];

async function hang(site: Site, guest: Guest, name: string): Promise<Machine> {
  assert.ok(patchDisk(guest.disks[0]!.file, 'oops=panic', 'tiny.hang1') > 0);
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/stage 1: hangs/, seconds);
  return machine;
}
