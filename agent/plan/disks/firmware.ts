import { DabeiError } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { rowOf } from '../../arch.ts';

/** Checks whether the firmware of this machine can start the installed system from its disks. */

export interface FirmwareFaults {
  /** The machine could start from none of its disks. */
  refusals: DabeiError[];
  /** The machine could start only from some of its disks. */
  warnings: string[];
}

type Firmware = Pick<Facts, 'system' | 'firmware' | 'firmwareBits' | 'firmwareDoubt'>;

/** @param members the disks that dabei installs to */
export function firmwareFaults(members: readonly Disk[], machine: Firmware): FirmwareFaults {
  if (machine.firmware === 'bios' && rowOf(machine.system).grubBiosTarget === null)
    return { refusals: [withoutUefi(machine)], warnings: [] };
  const sectors = sectorFaults(members, machine.firmware);
  return { refusals: [...typeRefusals(machine), ...sectors.refusals], warnings: sectors.warnings };
}

function withoutUefi({ system }: Firmware): DabeiError {
  return new DabeiError('FIRMWARE_NO_UEFI', {
    doing: 'choosing a boot loader',
    problem: `this machine (${system}) was not started by UEFI, and dabei installs no other boot loader for it`,
    remedy:
      'start it by UEFI: where the firmware is U-Boot, with its command bootefi; where the kernel has efi=noruntime or is a real-time kernel, with efi=runtime',
  });
}

function typeRefusals({ system, firmwareBits, firmwareDoubt }: Firmware): DabeiError[] {
  const refusals: DabeiError[] = [];
  const doing = 'choosing a boot loader';
  const { efiFile } = rowOf(system);
  // firmwareBits is fw_platform_size (Documentation/ABI/testing/sysfs-firmware-efi). UEFI 2.10, section 3.5.1.1, has the names
  // of the boot files.
  if (firmwareBits === 32) {
    refusals.push(
      new DabeiError('FIRMWARE_32BIT', {
        doing,
        problem: `the UEFI of this machine is 32-bit and looks for ${efiFile.other ?? 'another file'}; the installed system has only ${efiFile.own}`,
        remedy: 'start the machine by BIOS (its setup calls that CSM or legacy), or use another machine',
      }),
    );
  }
  if (firmwareDoubt !== undefined) {
    refusals.push(
      new DabeiError('FIRMWARE_UNKNOWN', {
        doing,
        problem: `dabei cannot determine whether this machine starts by BIOS or UEFI: ${firmwareDoubt}`,
        remedy: 'start this image by PXE, or with `run` of the kexec bundle, which notes the firmware',
      }),
    );
  }
  return refusals;
}

/**
 * GRUB's first stage works with sectors of 512 bytes, as do the BIOSes that load it (grub-core/boot/i386/pc/boot.S). FAT, the file
 * system of the ESP, allows sectors of up to 4096 bytes (fatgen103, BPB_BytsPerSec). disks.esp is large enough for FAT32 with
 * sectors of 4096 bytes.
 */
function sectorFaults(members: readonly Disk[], firmware: Facts['firmware']): FirmwareFaults {
  const usable = firmware === 'uefi' ? [512, 4096] : [512];
  const other = members.filter(({ logicalSectorBytes }) => !usable.includes(logicalSectorBytes));
  if (other.length === 0) return { refusals: [], warnings: [] };
  const text = other.map(disk => `${disk.path} has sectors of ${disk.logicalSectorBytes} bytes`).join(', ');
  // A sector size that FAT does not allow makes an ESP impossible. If a BIOS cannot read one disk, it can start from another.
  const isImpossible = other.some(({ logicalSectorBytes }) => ![512, 4096].includes(logicalSectorBytes));
  if (!isImpossible && other.length < members.length)
    return { refusals: [], warnings: [`${text}, from which a BIOS cannot start`] };
  return {
    refusals: [
      new DabeiError('DISK_SECTORS', {
        doing: 'choosing disks to start from',
        problem: isImpossible
          ? `${text}; an ESP can have 512 or 4096`
          : `${text}, and this machine starts by BIOS, which reads sectors of 512 bytes`,
        remedy: isImpossible
          ? 'format the disk with sectors of 512 or 4096 bytes (nvme format, sg_format), or use another one'
          : 'start the machine by UEFI (its setup calls the other mode CSM or legacy), or use another disk',
      }),
    ],
    warnings: [],
  };
}
