import assert from 'node:assert/strict';
import { installed, seconds, start, staysInRescue } from '../../guests/trial.ts';
import type { Guest } from '../../guests/kept.ts';
import { patchDisk } from '../../harness/disk.ts';
import type { Machine } from '../../harness/machine/machine.ts';
import type { Site } from '../../harness/site.ts';
import { timeScale } from '../../harness/time-scale.ts';
import type { World } from '../../world.ts';

/** The first boot hangs, on a machine with a watchdog and on one without. */

/** The kernel's driver has 30 s, twice: it warns, then it resets (drivers/watchdog/i6300esb.c). */
const watchdogSeconds = 60;

export const trialHangWorlds: World[] = (['bios', 'uefi'] as const).map(firmware => ({
  name: firmware === 'bios' ? 'trial-hang' : `trial-hang-${firmware}`,
  about:
    'first boot on trial, and stage 1 hangs: a watchdog restarts the machine, without one a power cycle does, and the rescue system stays',
  limitSeconds: 4800,
  script: async site => {
    const guest: Guest = { memoryMiB: 1024, firmware, disks: [site.disk('target', 4096)] };
    const guarded: Guest = { ...guest, watchdog: true };
    const told = /^installed: .*; if the first boot hangs, the watchdog i6300esb restarts the machine/m;
    const restore = await installed(site, guarded, { told });
    // By UEFI, the rescue system starts it once more: it hung before it could note that it was started.
    const starts = firmware === 'uefi' ? ['by-loader', 'by-kexec'] : ['by-loader'];

    hangs(guest);
    for (const by of starts) {
      const reset = await hang(site, guarded, `hang-${by}`);
      await reset.waitForEnd(3 * watchdogSeconds);
    }
    await staysInRescue(site, guarded, 'after-reset');

    await restore();
    hangs(guest);
    for (const by of starts) {
      const still = await hang(site, guest, `without-watchdog-${by}`);
      await assert.rejects(still.waitForEnd((2 * watchdogSeconds) / timeScale), /did not end/);
      await still.end();
    }
    await staysInRescue(site, guest, 'after-power-cycle');
  },
}));

/** What the boot menu starts on trial, and nothing else, hangs. */
function hangs({ disks }: Guest): void {
  assert.ok(patchDisk(disks[0]!.file, 'oops=panic', 'tiny.hang1') > 0);
}

async function hang(site: Site, guest: Guest, name: string): Promise<Machine> {
  const machine = await start(site, guest, name);
  await machine.console.waitFor(/stage 1: hangs/, seconds);
  return machine;
}
