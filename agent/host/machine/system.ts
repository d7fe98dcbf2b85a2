import { cpu, system } from 'systeminformation';
import type { Machine } from '../../facts.ts';
import { withLimit } from '../clock.ts';

/**
 * The only door to systeminformation, and the only two of its functions in use. Each starts programs through a shell
 * and takes their absence for "unknown":
 *
 * - `system`: dmidecode, cat of /sys/devices/virtual/dmi/id/*, ls of /dev/disk/by-id, dmesg
 * - `cpu`: lscpu; else what Node reads from /proc/cpuinfo
 */

const limitSeconds = 5;

/** What the machine says of itself. Never throws: nothing that matters depends on it. */
export async function readMachine(): Promise<Machine> {
  const [board, processor] = await Promise.all([
    withLimit(system(), limitSeconds).catch(() => null),
    withLimit(cpu(), limitSeconds).catch(() => null),
  ]);
  return {
    vendor: known(board?.manufacturer),
    model: known(board?.model, 'Computer'),
    cpuVendor: known(processor?.vendor) ?? known(processor?.manufacturer),
    cpuModel: known(processor?.brand),
    virtualization: board?.virtual ? (board.virtualHost ?? true) : false,
  };
}

/** @param filler what the library says when it knows nothing */
function known(value: string | undefined, filler = '-'): string | null {
  const trimmed = value?.trim() ?? '';
  return trimmed === '' || trimmed === filler ? null : trimmed;
}
