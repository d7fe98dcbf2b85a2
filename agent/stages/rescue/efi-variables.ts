import { asDabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { efiVariable, oneShotVariable } from '../../plan/rescue/boot-menu.ts';
import { defaultVariables, overridesDefault } from '../../plan/rescue/trial.ts';

/** systemd-boot's EFI variables (https://systemd.io/BOOT_LOADER_INTERFACE/), where Linux has them. */

const directory = '/sys/firmware/efi/efivars';

/**
 * Linux makes variables immutable that it finds in the firmware: without that, some machines were lost by `rm -rf /`
 * (Documentation/filesystems/efivarfs.rst).
 */
async function makeMutable({ exec }: Doors, path: string): Promise<void> {
  await exec.run({ doing: `changing ${path}`, argv: ['chattr', '-i', path], timeoutSeconds: 10 });
}

/**
 * Writes a variable, and reads it back: the firmware may accept one and forget it.
 * @throws Error
 */
export async function storeVariable(doors: Doors, name: string, value: string): Promise<void> {
  const { files } = doors;
  const path = `${directory}/${name}`;
  const wanted = efiVariable(value);
  if (files.exists(path)) await makeMutable(doors, path);
  files.writeKernelBytes(path, wanted);
  if (files.readBytes(path)?.equals(wanted) !== true)
    throw new Error('the firmware did not keep the variable');
}

/**
 * Removes older defaults of the firmware that would start another entry of one of these ESPs.
 * @param wanted the entry, without a counter
 * @param alsoOnce whether an entry that was chosen for the next start gives way, too
 * @returns why one stays, for people; null if none does
 */
export async function removeOverrides(
  doors: Doors,
  esps: readonly string[],
  wanted: string,
  alsoOnce = false,
): Promise<string | null> {
  const { files, log } = doors;
  const entries = esps.flatMap(esp => files.list(`${esp}/loader/entries`));
  const defaults = defaultVariables.map(({ name, guid }) => `${name}-${guid}`);
  for (const variable of [...(alsoOnce ? [oneShotVariable] : []), ...defaults]) {
    const [name] = variable.split('-', 1);
    const path = `${directory}/${variable}`;
    if (!overridesDefault(files.readBytes(path)?.subarray(4) ?? null, entries, wanted)) continue;
    try {
      await makeMutable(doors, path);
      files.remove(path);
    } catch (thrown) {
      const { problem } = asDabeiError(thrown, `removing ${path}`);
      return `an EFI variable, ${name}, has another default, and cannot be removed: ${problem}`;
    }
    log({ event: 'note', text: `an EFI variable, ${name}, had another default, and is removed` });
  }
  return null;
}
