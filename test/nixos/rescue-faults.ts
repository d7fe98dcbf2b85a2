import type { RuntimeInfo } from '../../agent/plan/host-flake/runtime-info.ts';

/** What the rescue entry (nix/host-flake/rescue.nix) makes of a system; store paths without their hashes. */
export interface RescueValues {
  systemdBoot: string;
  grub: string;
  grubEntries: string;
  checks: Record<string, string>;
}

/** One line for each thing that does not hold. */
export function rescueFaults({ rescue, disks, firmware }: RuntimeInfo, found: RescueValues): string[] {
  const all = [found.systemdBoot, found.grub, found.grubEntries, ...Object.values(found.checks)].join('\n');
  if (!rescue)
    return /dabei-rescue|nix-dabei/.test(all) ? ['something of a rescue entry that nobody asked for'] : [];
  const fault = (about: string, holds: boolean) => (holds ? [] : [`rescue entry: ${about}`]);
  const esps = disks.map(({ espMountpoint }) => espMountpoint).join(' ');
  if (firmware === 'uefi') {
    const [write, copy] = ['dabei-rescue write /boot', '/bin/rsync '].map(text =>
      found.systemdBoot.indexOf(text),
    );
    return [
      ...fault('it is not written', write! >= 0),
      ...fault('it is not copied to the other disks', disks.length === 1 || copy! > write!),
      ...fault(
        'it does not give way',
        found.checks['dabeiRescue']?.includes(`dabei-rescue room "$1" /boot`) === true,
      ),
      ...fault('GRUB has it', found.grubEntries === ''),
    ];
  }
  return [
    ...fault('it is not written', found.grub.includes(`dabei-rescue write ${esps} ||`)),
    ...fault(
      'it is not in the menu',
      found.grubEntries.includes('if [ -f /dabei/grub.cfg ]; then\n  source /dabei/grub.cfg\nfi\n'),
    ),
    ...fault(
      'it does not give way',
      found.checks['dabeiRescue']?.includes(`dabei-rescue room "$1" ${esps}`) === true,
    ),
  ];
}
