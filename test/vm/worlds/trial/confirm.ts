import assert from 'node:assert/strict';
import { withGrubVariable } from '../../../../agent/plan/rescue/boot-menu.ts';
import { grubVariable, trialFiles, withoutTrialDefault } from '../../../../agent/plan/rescue/trial.ts';
import * as files from '../../../../image/lib/files.ts';
import { variablesOf, type Guest } from '../../guests/kept.ts';
import { endsInInstalled, installed, staysInRescue } from '../../guests/trial.ts';
import { openEsp, type Esp } from '../../harness/esp.ts';
import type { World } from '../../world.ts';

/** The power fails while a trial is confirmed: the ESP as each step leaves it, and where the machine ends. */

type Change = (esp: Esp) => Promise<void>;

interface Cut {
  name: string;
  /** From a trial that has started. */
  changes: readonly Change[];
  /** "rescue": nothing says yet that it was confirmed. "by rescue" and "by itself": who ends the trial. */
  then: 'rescue' | 'by rescue' | 'by itself';
}

const state =
  (word: string): Change =>
  esp =>
    esp.write(trialFiles.state, `${word}\n`);
const beside =
  (word: string): Change =>
  esp =>
    esp.write(`${trialFiles.state}.new`, `${word}\n`);
const noState: Change = esp => esp.remove(trialFiles.state);

/** Rewrites a file that has to be there. */
const rewrite =
  (path: string, change: (text: string) => string | null): Change =>
  async esp => {
    const before = await esp.read(path);
    const after = before === null ? null : change(before);
    assert.ok(after !== null, `${path} can be changed`);
    await esp.write(path, after);
  };
const grub = (value: string | null) =>
  rewrite('grub/grubenv', text => withGrubVariable(text, grubVariable, value));

/** What each firmware's default is made of: at first that of a trial that has started, then that of NixOS. */
const byFirmware: Readonly<Record<'uefi' | 'bios', { started: Change[]; ended: Change[]; last: Change[] }>> =
  {
    uefi: {
      started: [],
      ended: [rewrite('loader/loader.conf', withoutTrialDefault)],
      last: [esp => esp.remove(trialFiles.systemdBootEntry)],
    },
    bios: { started: [grub('started')], ended: [grub(null)], last: [] },
  };

export const trialConfirmWorlds: World[] = (['uefi', 'bios'] as const).map(firmware => ({
  name: `trial-confirm-cut-${firmware}`,
  about:
    'the power fails at every step of confirming: before the first, the rescue system stays; after it, the installed system is the default',
  limitSeconds: 5400,
  script: async site => {
    const guest: Guest = { memoryMiB: 1024, firmware, disks: [site.disk('target', 4096)] };
    const restore = await installed(site, guest);
    for (const { name, changes, then } of cutsOf(firmware)) {
      await restore();
      // systemd-boot removed its variable when it started the installed system.
      files.remove(variablesOf(site));
      const esp = await openEsp(guest.disks[0]!.file);
      for (const change of changes) await change(esp);
      if (then === 'rescue') {
        await staysInRescue(site, guest, name);
        continue;
      }
      const said = then === 'by itself' ? /nix-dabei trial: confirmed: after a power cut/ : undefined;
      await endsInInstalled(site, guest, name, said);
      assert.equal(await esp.read(trialFiles.state), null, `${name}: the trial is over`);
    }
  },
}));

function cutsOf(firmware: 'uefi' | 'bios'): Cut[] {
  const { started, ended, last } = byFirmware[firmware];
  const confirmed = [...started, state('confirmed')];
  return [
    { name: 'beside', changes: [...started, state('started'), beside('confirmed')], then: 'rescue' },
    { name: 'renaming', changes: [...started, noState, beside('confirmed')], then: 'by rescue' },
    { name: 'confirmed', changes: confirmed, then: 'by rescue' },
    { name: 'default', changes: [...confirmed, ...ended], then: 'by itself' },
    ...(last.length === 0
      ? []
      : [{ name: 'entry', changes: [...confirmed, ...ended, ...last], then: 'by itself' } as const]),
  ];
}
