import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { paths } from '../../paths.ts';
import { efiVariable, oneShotVariable } from '../../plan/rescue/boot-menu.ts';
import {
  defaultVariable,
  grubEntry,
  grubVariable,
  overridesRescue,
  rescueEntryId,
  trialFiles,
} from '../../plan/rescue/trial.ts';
import type { TrialStep } from '../../plan/step.ts';
import { endTrial } from './end-trial.ts';

/** The last thing that an installation does to the boot loaders, if the first boot is on trial. */

const variables = '/sys/firmware/efi/efivars';

/**
 * Without a boot menu that knows of the trial, and where the firmware has another default, there is none. Where the firmware keeps no
 * variable, the rescue system starts the installed one.
 */
export function beginTrial(doors: Doors, { doing, firmware, esps }: TrialStep): void {
  const { files, log } = doors;
  const problem = firmware === 'uefi' ? uefiProblem(doors, esps) : biosProblem(doors, esps);
  files.remove(paths.noTrial);
  if (problem !== null) {
    endTrial(doors, esps);
    files.writeAtomic(paths.noTrial, `${problem}\n`, 0o600);
    log({ event: 'warning', text: `the first boot is not on trial: ${problem}` });
    return;
  }
  if (firmware === 'bios') return;
  const path = `${variables}/${oneShotVariable}`;
  const wanted = efiVariable(trialFiles.systemdBootEntry.split('/').at(-1)!);
  try {
    files.writeKernelBytes(path, wanted);
    // The firmware may accept a variable and forget it.
    if (files.readBytes(path)?.equals(wanted)) return;
    throw new Error('the firmware did not keep the variable');
  } catch (thrown) {
    log({
      event: 'note',
      text: `the rescue system will start the installed one, because an EFI variable cannot be written: ${asDabeiError(thrown, doing).problem}`,
    });
  }
}

function uefiProblem({ files }: Doors, esps: readonly string[]): string | null {
  const older = files.readBytes(`${variables}/${defaultVariable}`)?.subarray(4) ?? null;
  for (const esp of esps) {
    const isReady =
      files.exists(`${esp}/${trialFiles.systemdBootEntry}`) &&
      new RegExp(`^default ${rescueEntryId}$`, 'm').test(files.readText(`${esp}/loader/loader.conf`) ?? '');
    if (!isReady) return `the boot menu on ${esp} does not know of it`;
    if (overridesRescue(older, files.list(`${esp}/loader/entries`)))
      return 'an EFI variable, LoaderEntryDefault, has another default; remove it, in the installed system, with: bootctl set-default ""';
  }
  return null;
}

function biosProblem({ files }: Doors, esps: readonly string[]): string | null {
  const isReady = (esp: string) =>
    grubEntry(files.readText(`${esp}/grub/grub.cfg`) ?? '', trialFiles.grubId) !== null &&
    (files.readText(`${esp}/grub/grubenv`) ?? '').includes(`\n${grubVariable}=pending\n`);
  const missing = esps.find(esp => !isReady(esp));
  return missing === undefined ? null : `the boot menu on ${missing} does not know of it`;
}
