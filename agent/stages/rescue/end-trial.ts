import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { withGrubVariable } from '../../plan/rescue/boot-menu.ts';
import { grubVariable, trialFiles, withoutTrialDefault, type TrialState } from '../../plan/rescue/trial.ts';

/**
 * The installed system is the default of all ESPs again. As in nix/host-flake/trial-state.sh: "confirmed" first, and the state goes
 * last, so that whoever finds it after a power cut does this again. What one ESP does not take, another may.
 * @throws DabeiError FILE if no ESP takes it
 */
export function endTrial(doors: Doors, esps: readonly string[]): void {
  writeTrial(doors, esps, 'confirmed');
  const failures = esps.flatMap(esp => {
    try {
      endOn(doors, esp);
      return [];
    } catch (thrown) {
      return [asDabeiError(thrown, `ending the trial on ${esp}`)];
    }
  });
  const [failure] = failures;
  if (failure !== undefined && failures.length === esps.length) throw failure;
  for (const { message } of failures) doors.log({ event: 'warning', text: message });
}

/** Writes a state to each ESP that has one; where that fails, the others have it. */
export function writeTrial({ files, log }: Doors, esps: readonly string[], state: TrialState): void {
  for (const esp of esps) {
    const path = `${esp}/${trialFiles.state}`;
    if (!files.exists(path)) continue;
    try {
      files.writeAtomic(path, `${state}\n`, 0o600);
    } catch {
      try {
        // A full ESP has no room for a file beside it.
        files.writeKernelBytes(path, Buffer.from(`${state}\n`));
      } catch (thrown) {
        log({ event: 'warning', text: asDabeiError(thrown, `writing ${path}`).message });
      }
    }
  }
}

function endOn({ files }: Doors, esp: string): void {
  const change = (path: string, changed: (text: string) => string | null) => {
    const text = files.readText(path);
    const now = text === null ? null : changed(text);
    if (now !== null && now !== text) files.writeAtomic(path, now, 0o600);
  };
  // The entry first: it leaves room for the other file, should the ESP be full.
  files.remove(`${esp}/${trialFiles.systemdBootEntry}`);
  change(`${esp}/loader/loader.conf`, withoutTrialDefault);
  change(`${esp}/grub/grubenv`, text => withGrubVariable(text, grubVariable, null));
  for (const file of [`${trialFiles.state}.new`, trialFiles.state]) files.remove(`${esp}/${file}`);
}
