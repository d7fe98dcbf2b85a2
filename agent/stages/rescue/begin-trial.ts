import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { paths } from '../../paths.ts';
import { oneShotVariable } from '../../plan/rescue/boot-menu.ts';
import { grubEntry, grubVariable, rescueEntryId, trialFiles } from '../../plan/rescue/trial.ts';
import type { TrialStep } from '../../plan/step.ts';
import { removeOverrides, storeVariable } from './efi-variables.ts';
import { endTrial } from './end-trial.ts';

/** The last thing that an installation does to the boot loaders, if the first boot is on trial. */

/**
 * Without a boot menu that knows of the trial, and where the firmware keeps another default, there is none. Where the firmware keeps no
 * variable, the rescue system starts the installed one.
 */
export async function beginTrial(doors: Doors, { doing, firmware, esps }: TrialStep): Promise<void> {
  const { files, log } = doors;
  const problem = firmware === 'uefi' ? await uefiProblem(doors, esps) : biosProblem(doors, esps);
  files.remove(paths.noTrial);
  if (problem !== null) {
    endTrial(doors, esps);
    files.writeAtomic(paths.noTrial, `${problem}\n`, 0o600);
    log({ event: 'warning', text: `the first boot is not on trial: ${problem}` });
    return;
  }
  if (firmware === 'bios') return;
  try {
    await storeVariable(doors, oneShotVariable, trialFiles.systemdBootEntry.split('/').at(-1)!);
  } catch (thrown) {
    log({
      event: 'note',
      text: `the rescue system will start the installed one, because an EFI variable cannot be written: ${asDabeiError(thrown, doing).problem}`,
    });
  }
}

async function uefiProblem(doors: Doors, esps: readonly string[]): Promise<string | null> {
  const { files } = doors;
  const missing = esps.find(
    esp =>
      !files.exists(`${esp}/${trialFiles.systemdBootEntry}`) ||
      !new RegExp(`^default ${rescueEntryId}$`, 'm').test(files.readText(`${esp}/loader/loader.conf`) ?? ''),
  );
  if (missing !== undefined) return `the boot menu on ${missing} does not know of it`;
  return removeOverrides(doors, esps, rescueEntryId);
}

function biosProblem({ files }: Doors, esps: readonly string[]): string | null {
  const isReady = (esp: string) =>
    grubEntry(files.readText(`${esp}/grub/grub.cfg`) ?? '', trialFiles.grubId) !== null &&
    (files.readText(`${esp}/grub/grubenv`) ?? '').includes(`\n${grubVariable}=pending\n`);
  const missing = esps.find(esp => !isReady(esp));
  return missing === undefined ? null : `the boot menu on ${missing} does not know of it`;
}
