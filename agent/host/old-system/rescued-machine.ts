import { paths } from '../../paths.ts';
import { parseMachine, type RescuedMachine } from '../../plan/rescue/machine.ts';
import type { Doors } from '../doors.ts';

/**
 * The machine that this rescue system belongs to, from the archive of its boot entry.
 * @param directory directory with the files of the initramfs
 * @returns null if this start has no such archive; the reason if its file cannot be used
 */
export function readRescuedMachine(
  { files }: Doors,
  directory: string = paths.bootDirectory,
): RescuedMachine | { problem: string } | null {
  const text = files.readText(`${directory}/dabei/machine.json`);
  return text === null ? null : parseMachine(text);
}
