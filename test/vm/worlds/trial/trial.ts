import * as files from '../../../../image/lib/files.ts';
import {
  endsInInstalled,
  failsAndIsConfirmed,
  installed,
  logIn,
  minutes,
  panicsUntilRescue,
  seconds,
  start,
  staysInRescue,
} from '../../guests/trial.ts';
import { variablesOf, type Guest } from '../../guests/kept.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** The first boot on trial: one installation, whose disk then ends in different ways. */

/** Both firmwares' worlds start a kernel that cannot find its init. */
const expected = [/Kernel panic - not syncing/];

const guestOf = (site: Site, firmware: 'uefi' | 'bios'): Guest => ({
  ...{ memoryMiB: 1024, firmware },
  disks: [site.disk('target', 4096)],
});

export const trialWorlds: World[] = [
  {
    name: 'trial-uefi',
    about:
      'first boot on trial: a login in stage 1 confirms it; a power cut, an initrd that panics and lost variables end in the rescue system, or in one start',
    limitSeconds: 5400,
    expected,
    script: async site => {
      const guest = guestOf(site, 'uefi');
      const restore = await installed(site, guest);
      await failsAndIsConfirmed(site, guest);

      // The variable is lost: the rescue system starts it, and a login in stage 1 confirms it.
      await restore();
      files.remove(variablesOf(site));
      const started = await start(site, guest, 'lost-variable');
      await started.console.waitFor(/the boot loader did not start the installed system on trial/, seconds);
      await logIn(site, started);
      await started.end();
      await endsInInstalled(site, guest, 'after-login');

      await restore();
      await panicsUntilRescue(site, guest);
    },
  },
  {
    name: 'trial-bios',
    about:
      'first boot on trial, by GRUB: a power cut ends in the rescue system; a login in stage 1 confirms it; a kernel that panics is started once',
    limitSeconds: 5400,
    expected,
    script: async site => {
      const guest = guestOf(site, 'bios');
      const restore = await installed(site, guest);
      await failsAndIsConfirmed(site, guest);

      await restore();
      const started = await start(site, guest, 'login');
      await logIn(site, started);
      await started.end();
      await endsInInstalled(site, guest, 'after-login');

      await restore();
      await panicsUntilRescue(site, guest);
    },
  },
  ...(['bios', 'uefi'] as const).map((firmware): World => ({
    name: firmware === 'bios' ? 'trial-nobody' : `trial-nobody-${firmware}`,
    about:
      'first boot on trial, and nobody logs in, or stage 1 has no driver for the network card: the machine is in the rescue system',
    limitSeconds: 4800,
    script: async site => {
      const guest = guestOf(site, firmware);
      const restore = await installed(site, guest);
      const machine = await start(site, guest, 'nobody', minutes * 60 + 900);
      await machine.console.waitFor(/nobody has logged in within 10 minutes/, minutes * 60 + 300);
      await machine.waitForEnd(180);
      await staysInRescue(site, guest, 'rescue');

      // Another card than the one that the machine was installed with.
      await restore();
      const other: Guest = { ...guest, network: { model: 'e1000e' } };
      const alone = await start(site, other, 'without-driver');
      await alone.console.waitFor(/stage 1 has no network: restarting into the rescue system/, 600);
      await alone.waitForEnd(180);
      await staysInRescue(site, guest, 'rescue-without-driver');
    },
  })),
];
