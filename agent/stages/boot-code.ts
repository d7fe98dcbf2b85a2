import { DabeiError } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { mountsBelow } from '../plan/disko/mounts.ts';
import type { BootCodeStep } from '../plan/step.ts';

/** Whether the firmware will find what the boot loader's installer reported as installed. */

/** The BIOS starts these bytes of a disk (UEFI 2.10, 5.2.1: BootCode); the rest of the sector is its partition table. */
const bootCodeBytes = 440;

/** Variables of the firmware, each with 4 bytes of attributes before its value (Documentation/filesystems/efivarfs.rst). */
const variables = '/sys/firmware/efi/efivars';

/**
 * Looks at all disks. One that can start the machine is enough; the others get a warning.
 * @throws DabeiError BOOT_LOADER if there is none
 */
export function checkBootCode(doors: Doors, step: BootCodeStep): void {
  const { doing, disks, remedy } = step;
  if (step.firmware === 'uefi') {
    const esps = espsOf(doors, step.root);
    if (esps.some(({ startable }) => startable)) {
      for (const { mountPoint, startable } of esps)
        if (!startable)
          doors.log({
            event: 'warning',
            text: `the firmware finds nothing to start on the FAT at ${mountPoint}`,
          });
      return;
    }
    const problem = `no ESP below ${step.root} has a program in EFI/BOOT, and no boot entry of the firmware names a program on one`;
    throw new DabeiError('BOOT_LOADER', { doing, problem, remedy });
  }
  const without = disks.filter(disk => !hasBootCode(doors, disk));
  const problem = `the BIOS finds nothing to start on ${without.join(', ')}: the first ${bootCodeBytes} bytes are empty`;
  if (without.length === disks.length) throw new DabeiError('BOOT_LOADER', { doing, problem, remedy });
  if (without.length > 0) doors.log({ event: 'warning', text: problem });
}

function hasBootCode({ files }: Doors, disk: string): boolean {
  const sector = files.readStart(disk, 512);
  return sector?.subarray(0, bootCodeBytes).some(byte => byte !== 0) ?? false;
}

/** Each mounted FAT, and whether the firmware finds a program on it: by the path for removable media, or by a boot entry. */
function espsOf({ files }: Doors, root: string): { mountPoint: string; startable: boolean }[] {
  const mounts = mountsBelow(files.readText('/proc/self/mountinfo') ?? '', root);
  const esps = mounts
    .filter(({ fsType }) => fsType === 'vfat')
    .map(({ mountPoint }) => `${root}${mountPoint}`);
  const entries = files
    .list(variables)
    .filter(name => /^Boot[0-9A-F]{4}-/i.test(name))
    .map(name => upperCase(files.readBytes(`${variables}/${name}`) ?? Buffer.alloc(0)));
  const isProgram = (path: string) => files.readStart(path, 2)?.toString('latin1') === 'MZ';
  return esps.map(esp => {
    const programs = files
      .walk(`${esp}/EFI`)
      .filter(path => /\.efi$/i.test(path) && isProgram(`${esp}/EFI/${path}`));
    const isNamed = (path: string) => {
      // A file path of a device path: UCS-2 (UEFI 2.10, 10.3.5.4). FAT ignores case.
      const wanted = upperCase(Buffer.from(`\\EFI\\${path.replaceAll('/', '\\')}`, 'utf16le'));
      return entries.some(entry => entry.includes(wanted));
    };
    return {
      mountPoint: esp,
      startable: programs.some(path => /^BOOT\/BOOT\w+\.EFI$/i.test(path) || isNamed(path)),
    };
  });
}

/** Bytes as text, with ASCII letters in upper case. */
function upperCase(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[a-z]/g, letter => letter.toUpperCase());
}
