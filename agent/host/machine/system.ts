import { mem } from 'systeminformation/lib/memory.js';
import { cleanLine } from '../../clean-text.ts';
import type { Machine } from '../../facts.ts';
import type { Memory } from '../../hardware/hardware.ts';
import { isVirtualMachine } from '../../config/sources/seed/smbios.ts';
import { withLimit } from '../clock.ts';
import type { Doors } from '../doors.ts';
import { detectVirtualization } from './virtualization.ts';

/**
 * Reads the names of the machine and the processor from sysfs and /proc. systeminformation's `system` and `cpu` would start dmidecode,
 * lscpu, cat and dmesg through a shell, and dabei never uses a shell. dabei uses only systeminformation's `mem`, which reads a file
 * (test/unit/host/machine/system.test.ts).
 */

const limitSeconds = 5;

/**
 * @param root directory that contains sys/ and proc/; a test has its own
 * @returns the known names, null for others; no decision depends on them
 */
export function readMachine({ files }: Doors, root = ''): Machine {
  const read = (path: string) => known(files.readText(`${root}${path}`));
  // DMI (Documentation/ABI/testing/sysfs-class-dmi); machines without it have a device tree.
  const dmi = (name: string) => read(`/sys/class/dmi/id/${name}`);
  const model = dmi('product_name') ?? read('/sys/firmware/devicetree/base/model');
  const vendor = dmi('sys_vendor');
  const cpuinfo = files.readText(`${root}/proc/cpuinfo`) ?? '';
  const field = (name: string) => known(new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? null);
  const cpuVendor = field('vendor_id') ?? armNames.implementers[field('CPU implementer') ?? ''] ?? null;
  return {
    vendor,
    model,
    cpuVendor: processorVendors[cpuVendor ?? ''] ?? cpuVendor,
    cpuModel:
      field('model name') ?? armNames.parts[`${field('CPU implementer')} ${field('CPU part')}`] ?? null,
    virtualization: detectVirtualization({
      names: [model, vendor, dmi('board_vendor'), dmi('bios_vendor')].filter(name => name !== null),
      hypervisorFlag: /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo) || isVirtualMachine(smbios(files, root)),
      clocks: read('/sys/devices/system/clocksource/clocksource0/available_clocksource')?.split(' ') ?? [],
      hypervisorType: read('/sys/hypervisor/type'),
    }),
  };
}

/** The structure that is looked for is one of the first, and most tables have a few kilobytes. */
const smbiosBytes = 65_536;

function smbios(files: Doors['files'], root: string): Buffer {
  try {
    return files.readStart(`${root}/sys/firmware/dmi/tables/DMI`, smbiosBytes) ?? Buffer.alloc(0);
  } catch {
    // Only root may read it.
    return Buffer.alloc(0);
  }
}

/** CPUID's vendor strings (arch/x86/kernel/cpu) -> common names. */
const processorVendors: Readonly<Record<string, string>> = { GenuineIntel: 'Intel', AuthenticAMD: 'AMD' };

/** An ARM kernel has numbers only, of which these belong to servers (asm/cputype.h of that architecture). */
const armNames: Readonly<Record<'implementers' | 'parts', Readonly<Record<string, string>>>> = {
  implementers: { '0x41': 'ARM', '0x46': 'Fujitsu', '0x48': 'HiSilicon', '0x4e': 'NVIDIA', '0x6d': 'Microsoft', '0xc0': 'Ampere' },
  parts: {
    '0x41 0xd07': 'Cortex-A57',
    '0x41 0xd08': 'Cortex-A72',
    '0x41 0xd0c': 'Neoverse N1',
    '0x41 0xd40': 'Neoverse V1',
    '0x41 0xd49': 'Neoverse N2',
    '0x41 0xd4f': 'Neoverse V2',
    '0x48 0xd01': 'Kunpeng 920',
    '0x6d 0xd49': 'Cobalt 100',
    '0xc0 0xac3': 'AmpereOne',
    '0xc0 0xac4': 'AmpereOne A',
  },
}; // prettier-ignore

/** Placeholders of firmware vendors that board vendors did not replace. */
const filler =
  /^(to be filled( by o\.?e\.?m\.?)?|o\.?e\.?m\.?|default string|((system|chassis|base ?board|product) )?(manufacturer|(product )?name|serial( ?number)?|version)|not (specified|applicable|available|provided)|n\/?a|none|null|empty|unknown|invalid|0?123456789(0|abcdef)?|[0x.*-]+|f{8,})$/i;

/** A text of the firmware; null if it is empty or a placeholder. */
export function known(value: string | null): string | null {
  // Strings of a device tree end with a NUL.
  const line = cleanLine((value ?? '').replace(/\0/g, '').trim());
  return line === '' || filler.test(line) ? null : line;
}

/** Sizes in bytes; null if /proc/meminfo cannot be read within `limitSeconds`. */
export async function readMemory(): Promise<Memory | null> {
  const read = await withLimit(mem(), limitSeconds).catch(() => null);
  if (read === null) return null;
  const { total, available, swaptotal } = read;
  return { totalBytes: total, availableBytes: available, swapBytes: swaptotal };
}
