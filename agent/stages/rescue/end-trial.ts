import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { withGrubVariable } from '../../plan/rescue/boot-menu.ts';
import { grubVariable, trialFiles, withoutTrialDefault, type TrialState } from '../../plan/rescue/trial.ts';

/**
 * The installed system is the default of all ESPs again. As in nix/host-flake/trial-state.sh: "confirmed" first, and the state goes
 * last, so that whoever finds it after a power cut does this again.
 */
export function endTrial(doors: Doors, esps: readonly string[]): void {
  writeTrial(doors, esps, 'confirmed');
  for (const esp of esps) endOn(doors, esp);
}

/** Writes a state to each ESP that has one; where that fails, the others have it. */
export function writeTrial({ files, log }: Doors, esps: readonly string[], state: TrialState): void {
  for (const esp of esps) {
    const path = `${esp}/${trialFiles.state}`;
    try {
      if (files.exists(path)) files.writeAtomic(path, `${state}\n`, 0o600);
    } catch (thrown) {
      log({ event: 'warning', text: asDabeiError(thrown, `writing ${path}`).message });
    }
  }
}

function endOn({ files }: Doors, esp: string): void {
  const change = (path: string, changed: (text: string) => string | null) => {
    const text = files.readText(path);
    const now = text === null ? null : changed(text);
    if (now !== null && now !== text) files.writeAtomic(path, now, 0o600);
  };
  change(`${esp}/loader/loader.conf`, withoutTrialDefault);
  change(`${esp}/grub/grubenv`, text => withGrubVariable(text, grubVariable, null));
  for (const file of [trialFiles.systemdBootEntry, `${trialFiles.state}.new`, trialFiles.state])
    files.remove(`${esp}/${file}`);
}
