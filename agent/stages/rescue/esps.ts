import { asDabeiError, type DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { mountPartition } from '../../plan/rescue/unlock.ts';
import { executeSteps } from '../execute.ts';
import { mountPoints } from './machine.ts';

/** ESPs that somebody has to look at or to change, wherever they are mounted. */

const espDirectory = '/run/dabei/esps';

/**
 * Mounts each device that is there, also one that is mounted elsewhere, and unmounts it afterwards. One that cannot be mounted is left out
 * if another can.
 * @param devices paths of partitions
 * @param work gets the mount points, and the device of each
 * @param how "looking" writes nothing: mounting vfat for writing marks it as in use (fs/fat/inode.c, fat_set_state). The kernel refuses
 *   that for a device that is mounted for writing elsewhere, and then it is no matter.
 */
export async function withEsps<T>(
  doors: Doors,
  devices: readonly string[],
  work: (esps: readonly string[], devices: readonly string[]) => T | Promise<T>,
  how: 'looking' | 'writing' = 'writing',
): Promise<T> {
  const before = mountPoints(doors);
  const mounted: string[] = [];
  const present: string[] = [];
  const failures: DabeiError[] = [];
  try {
    for (const [index, device] of devices.entries()) {
      const path = `${espDirectory}/${index + 1}`;
      if (!doors.files.exists(device)) continue;
      doors.files.makeDirectory(path, 0o700);
      try {
        const isSeen = before.has(path) || (how === 'looking' && (await mountToLook(doors, device, path)));
        if (!isSeen) await executeSteps(doors, [mountPartition(device, path)]);
      } catch (thrown) {
        failures.push(asDabeiError(thrown, `mounting ${device}`));
        continue;
      }
      mounted.push(path);
      present.push(device);
    }
    const [failure] = failures;
    if (failure !== undefined && mounted.length === 0) throw failure;
    // The other disk of a mirror has the same.
    for (const { message } of failures) doors.log({ event: 'warning', text: message });
    return await work(mounted, present);
  } finally {
    for (const path of mounted.toReversed())
      await doors.exec.attempt({ doing: `unmounting ${path}`, argv: ['umount', path], timeoutSeconds: 60 });
  }
}

async function mountToLook({ exec }: Doors, device: string, path: string): Promise<boolean> {
  const { doing, timeoutSeconds } = mountPartition(device, path);
  const argv = ['mount', '-t', 'vfat', '-o', 'ro,umask=0077', device, path] as const;
  return (await exec.attempt({ doing, argv, timeoutSeconds })).exitCode === 0;
}
