import { defaultVariables } from '../../../../agent/plan/rescue/trial.ts';
import { efiVariable, oneShotVariable } from '../../../../agent/plan/rescue/boot-menu.ts';
import * as files from '../../../../image/lib/files.ts';
import {
  endsInInstalled,
  installed,
  logIn,
  powerCutInStage1,
  seconds,
  start,
  staysInRescue,
} from '../../guests/trial.ts';
import { variablesOf, type Guest } from '../../guests/kept.ts';
import type { Ssh } from '../../harness/ssh.ts';
import type { World } from '../../world.ts';

/** EFI variables that cannot be written, and those of an earlier system. */

const directory = '/sys/firmware/efi/efivars';
const [{ name, guid }] = defaultVariables;

/** What somebody set for the machine's old system. */
const set = (ssh: Ssh, variable: string, value: string) =>
  ssh.run(`cat >${directory}/${variable}`, { stdin: efiVariable(value), seconds: 60 });
const oldDefault = (ssh: Ssh, pattern: string) => set(ssh, `${name}-${guid}`, pattern);

export const trialVariablesWorlds: World[] = [
  {
    name: 'trial-variables-uefi',
    about:
      'first boot on trial: variables are read-only, so the rescue system starts it; an older default that fits no entry does not matter; one that fits is removed',
    limitSeconds: 5400,
    script: async site => {
      const guestOn = (disk: string): Guest => ({
        ...{ memoryMiB: 1024, firmware: 'uefi' },
        disks: [site.disk(disk, 4096)],
      });

      const readOnly = guestOn('read-only');
      await installed(site, readOnly, {
        told: /the rescue system will start the installed one, because an EFI variable cannot be written: [^]*^installed: .*; it is on trial/m,
        untold: /the first boot is not on trial/,
        meanwhile: async ssh => {
          await oldDefault(ssh, 'nixos-generation-7.conf');
          await ssh.run(`mount -o remount,ro ${directory}`, { seconds: 60 });
        },
      });
      const started = await start(site, readOnly, 'started-by-rescue');
      await started.console.waitFor(/the boot loader did not start the installed system on trial/, seconds);
      await logIn(site, started);
      await started.end();
      await endsInInstalled(site, readOnly, 'after-login');

      files.remove(variablesOf(site));
      const foreign = guestOn('fits-nothing');
      await installed(site, foreign, { meanwhile: ssh => oldDefault(ssh, 'nixos-generation-7.conf') });
      await powerCutInStage1(site, foreign, 'started-by-loader');
      await staysInRescue(site, foreign, 'rescue');

      files.remove(variablesOf(site));
      const older = guestOn('fits');
      await installed(site, older, {
        told: /an EFI variable, LoaderEntryDefault, had another default, and is removed[^]*^installed: .*; it is on trial/m,
        untold: /the rescue system will start the installed one/,
        meanwhile: async ssh => {
          await oldDefault(ssh, 'nixos-*.conf');
          await set(ssh, oneShotVariable, 'nixos-generation-7.conf');
        },
      });
      await powerCutInStage1(site, older, 'instead-of-older');
      await staysInRescue(site, older, 'after-older');
    },
  },
];
