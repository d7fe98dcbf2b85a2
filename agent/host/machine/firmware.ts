import type { Facts } from '../../facts.ts';
import { capturedFirmware } from '../old-system/captured.ts';
import type { Doors } from '../doors.ts';

/** By which firmware the machine starts, and how certain that is. */

export interface FirmwareSigns {
  /** /sys/firmware/efi is there. */
  efi: boolean;
  /** /sys/firmware/efi/fw_platform_size: "64" or "32". */
  platformSize: string | null;
  /** What `run` saw on the system that it left. */
  captured: 'bios' | 'uefi' | null;
  /** /proc/sys/kernel/bootloader_type: which program loaded this kernel. */
  bootloaderType: string | null;
  /** Names in /sys/firmware/acpi/tables. */
  acpiTables: readonly string[];
}

/** Bits 4 and up of the type; both kexec calls use it (Documentation/arch/x86/boot.rst, type_of_loader). */
const kexec = 0xd;
/** Tables that the firmware of a PC has where UEFI started it: boot graphics, and UEFI's own (ACPI 6.5, 5.2.23; UEFI 2.10, O). */
const uefiTables = ['BGRT', 'UEFI'];

type Firmware = Pick<Facts, 'firmware' | 'firmwareBits' | 'firmwareDoubt'>;

export function judgeFirmware(signs: FirmwareSigns): Firmware {
  const { efi, platformSize, captured, bootloaderType, acpiTables } = signs;
  if (efi) return { firmware: 'uefi', firmwareBits: platformSize?.trim() === '32' ? 32 : 64 };
  if (captured !== null) return { firmware: captured };
  // A kernel that firmware or a boot loader started would know. One that kexec started knows what it was handed, and without
  // EFI's runtime services (efi=noruntime) that is nothing.
  const byKexec = Number(bootloaderType?.trim() ?? 0) >> 4 === kexec;
  const table = byKexec ? acpiTables.find(name => uefiTables.includes(name)) : undefined;
  if (table === undefined) return { firmware: 'bios' };
  const firmwareDoubt = `kexec started this kernel without information about UEFI, but the firmware has the ACPI table ${table}`;
  return { firmware: 'bios', firmwareDoubt };
}

/** @param boot directory of the files that were appended to the initrd, or will be */
export function readFirmware(doors: Doors, boot: string | undefined): Firmware {
  const { files } = doors;
  return judgeFirmware({
    efi: files.exists('/sys/firmware/efi'),
    platformSize: files.readText('/sys/firmware/efi/fw_platform_size'),
    captured: capturedFirmware(doors, boot),
    bootloaderType: files.readText('/proc/sys/kernel/bootloader_type'),
    acpiTables: files.list('/sys/firmware/acpi/tables'),
  });
}
