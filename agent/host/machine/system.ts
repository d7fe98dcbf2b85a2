import { mem } from 'systeminformation/lib/memory.js';
import { cleanLine } from '../../clean-text.ts';
import type { Machine } from '../../facts.ts';
import type { Memory } from '../../hardware/hardware.ts';
import { withLimit } from '../clock.ts';
import type { Doors } from '../doors.ts';
import { detectVirtualization } from './virtualization.ts';

/**
 * What the machine is. The firmware's names and the processor's are read from sysfs and /proc: systeminformation's `system` and
 * `cpu` start dmidecode, lscpu, cat and dmesg through a shell, and nothing in dabei goes through a shell. Its `mem`, the only
 * one in use, reads a file (test/unit/host/machine/system.test.ts).
 */

const limitSeconds = 5;

/**
 * @param root where the file tree with sys/ and proc/ is; a test has its own
 * @returns what is known; nothing that matters depends on it
 */
export function readMachine({ files }: Doors, root = ''): Machine {
  const read = (path: string) => known(files.readText(`${root}${path}`));
  // Documentation/ABI/testing/sysfs-class-dmi; machines without DMI have a device tree.
  const dmi = (name: string) => read(`/sys/class/dmi/id/${name}`);
  const model = dmi('product_name') ?? read('/sys/firmware/devicetree/base/model');
  const vendor = dmi('sys_vendor');
  const cpuinfo = files.readText(`${root}/proc/cpuinfo`) ?? '';
  const field = (name: string) => known(new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? null);
  const cpuVendor = field('vendor_id');
  return {
    vendor,
    model,
    cpuVendor: processorVendors[cpuVendor ?? ''] ?? cpuVendor,
    cpuModel: field('model name'),
    virtualization: detectVirtualization({
      names: [model, vendor, dmi('board_vendor'), dmi('bios_vendor')].filter(name => name !== null),
      hypervisorFlag: /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
      clocks: read('/sys/devices/system/clocksource/clocksource0/available_clocksource')?.split(' ') ?? [],
      hypervisorType: read('/sys/hypervisor/type'),
    }),
  };
}

/** What CPUID says (arch/x86/kernel/cpu), as people call it. */
const processorVendors: Readonly<Record<string, string>> = { GenuineIntel: 'Intel', AuthenticAMD: 'AMD' };

/** Board makers leave the examples of the firmware's maker in place. */
const filler =
  /^(to be filled by o\.e\.m\.|default string|system (manufacturer|product name)|not specified|none|-)$/i;

function known(value: string | null): string | null {
  // A device tree's texts end with a NUL.
  const line = cleanLine((value ?? '').replace(/\0/g, '').trim());
  return line === '' || filler.test(line) ? null : line;
}

/** Bytes; null where /proc/meminfo cannot be read in time. */
export async function readMemory(): Promise<Memory | null> {
  const read = await withLimit(mem(), limitSeconds).catch(() => null);
  if (read === null) return null;
  const { total, available, swaptotal } = read;
  return { totalBytes: total, availableBytes: available, swapBytes: swaptotal };
}
