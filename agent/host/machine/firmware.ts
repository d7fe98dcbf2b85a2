import type { Facts } from '../../facts.ts';
import { capturedFirmware } from '../old-system/captured.ts';
import type { Doors } from '../doors.ts';

/** Determines whether the machine starts by BIOS or UEFI, and whether this is certain. */

export interface FirmwareSigns {
  /** /sys/firmware/efi exists. */
  efi: boolean;
  /** /sys/firmware/efi/fw_platform_size: "64" or "32". */
  platformSize: string | null;
  /** The firmware that `run` determined on the old system. */
  captured: 'bios' | 'uefi' | null;
  /** /proc/sys/kernel/bootloader_type: the program that loaded this kernel. */
  bootloaderType: string | null;
  /** Names in /sys/firmware/acpi/tables. */
  acpiTables: readonly string[];
}

/** Value of the type's bits 4 and up for both kexec system calls (Documentation/arch/x86/boot.rst, type_of_loader). */
const kexec = 0xd;
/** ACPI tables of a PC that UEFI has started: boot graphics (ACPI 6.5, 5.2.23), and UEFI's own (UEFI 2.10, O). */
const uefiTables = ['BGRT', 'UEFI'];

type Firmware = Pick<Facts, 'firmware' | 'firmwareBits' | 'firmwareDoubt'>;

export function judgeFirmware(signs: FirmwareSigns): Firmware {
  const { efi, platformSize, captured, bootloaderType, acpiTables } = signs;
  if (efi) return { firmware: 'uefi', firmwareBits: platformSize?.trim() === '32' ? 32 : 64 };
  if (captured !== null) return { firmware: captured };
  // A kernel that the firmware or a boot loader started always knows whether the machine has UEFI. A kernel that kexec started knows
  // only what kexec passed on, and kexec passes on nothing without EFI's runtime services (efi=noruntime).
  const byKexec = Number(bootloaderType?.trim() ?? 0) >> 4 === kexec;
  const table = byKexec ? acpiTables.find(name => uefiTables.includes(name)) : undefined;
  if (table === undefined) return { firmware: 'bios' };
  const firmwareDoubt = `kexec started this kernel without information about UEFI, but the firmware has the ACPI table ${table}`;
  return { firmware: 'bios', firmwareDoubt };
}

/** @param boot directory of the files that `run` has appended, or will append, to the initrd */
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
