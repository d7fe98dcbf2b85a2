import type { Doors } from '../../host/doors.ts';
import { efiVariable } from '../../plan/rescue/boot-menu.ts';
import { defaultVariables, overridesDefault } from '../../plan/rescue/trial.ts';

/** systemd-boot's EFI variables (https://systemd.io/BOOT_LOADER_INTERFACE/), where Linux has them. */

const directory = '/sys/firmware/efi/efivars';

/**
 * Writes a variable, and reads it back: the firmware may accept one and forget it. One that is there already is immutable, and needs an
 * ioctl before it can be written or removed (Documentation/filesystems/efivarfs.rst); no program of this system has it.
 * @throws Error
 */
export function storeVariable({ files }: Doors, name: string, value: string): void {
  const path = `${directory}/${name}`;
  const wanted = efiVariable(value);
  files.writeKernelBytes(path, wanted);
  if (files.readBytes(path)?.equals(wanted) !== true)
    throw new Error('the firmware did not keep the variable');
}

export interface Override {
  /** Of the variable, without its GUID. */
  name: string;
  /** By which bootctl(1) takes it away. */
  verb: string;
}

/**
 * Older defaults that would start another entry of one of these ESPs.
 * @param wanted name of the entry's file
 */
export function overridesOf({ files }: Doors, esps: readonly string[], wanted: string): Override[] {
  const entries = esps.flatMap(esp => files.list(`${esp}/loader/entries`));
  return defaultVariables.flatMap(({ name, guid, verb }) => {
    const value = files.readBytes(`${directory}/${name}-${guid}`)?.subarray(4) ?? null;
    return overridesDefault(value, entries, wanted) ? [{ name, verb }] : [];
  });
}

/** For people. */
export function tellOverrides(overrides: readonly Override[]): string {
  const [{ name, verb }] = overrides as [Override];
  return `an EFI variable, ${name}, has another default; remove it, in the installed system, with: bootctl ${verb} ""`;
}
