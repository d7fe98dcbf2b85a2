import type { Doors } from '../../host/doors.ts';
import { mountPartition } from '../../plan/rescue/unlock.ts';
import { executeSteps } from '../execute.ts';
import { mountPoints } from './machine.ts';

/** ESPs that somebody has to look at or to change, wherever they are mounted. */

const espDirectory = '/run/dabei/esps';

/**
 * Mounts each device that is there, also one that is mounted elsewhere, and unmounts it afterwards.
 * @param devices paths of partitions
 */
export async function withEsps<T>(
  doors: Doors,
  devices: readonly string[],
  work: (esps: readonly string[]) => T | Promise<T>,
): Promise<T> {
  const before = mountPoints(doors);
  const mounted: string[] = [];
  try {
    for (const [index, device] of devices.entries()) {
      const path = `${espDirectory}/${index + 1}`;
      if (!doors.files.exists(device)) continue;
      doors.files.makeDirectory(path, 0o700);
      if (!before.has(path)) await executeSteps(doors, [mountPartition(device, path)]);
      mounted.push(path);
    }
    return await work(mounted);
  } finally {
    for (const path of mounted.toReversed())
      await doors.exec.attempt({ doing: `unmounting ${path}`, argv: ['umount', path], timeoutSeconds: 60 });
  }
}
