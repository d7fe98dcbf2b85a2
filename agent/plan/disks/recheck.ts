import type { Config } from '../../config/schema.ts';
import { DabeiError, Refusals } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { describeDisk, stablePath } from './describe-disk.ts';
import { layOut } from './layout.ts';
import { selectDisks } from './select-disks.ts';

/**
 * What is looked at once more right before the first write: planning and evaluating take time, and some controllers look for
 * their disks for longer.
 */

const remedy = 'keep the disks attached and unused, then run: dabei install';

/**
 * A disk that came in the meantime may have what was planned for another one: the name of the pool, a GUID, or all that a
 * selector asks for.
 * @param facts those that were planned with
 * @param planned members as they were
 * @param present all disks as they are now
 * @throws DabeiError DISK_CHANGED; Refusals for what would be refused by now
 */
export function recheckDisks(
  config: Config,
  facts: Facts,
  planned: readonly Disk[],
  present: readonly Disk[],
): void {
  requireUnchanged(planned, present);
  if (config.disks === undefined) return;
  const paths = planned.map(({ path }) => path);
  const { refusals, members } = selectDisks(config.disks, present, new Set(paths));
  if (refusals.length > 0) throw new Refusals(refusals);
  const other = members.find(({ path }, index) => path !== paths[index]);
  if (other !== undefined)
    throw new DabeiError('DISK_CHANGED', {
      doing: 'choosing the disks again before erasing them',
      problem: `${describeDisk(other)} now matches the selector instead`,
      remedy,
    });
  const guids = (disks: readonly Disk[]) =>
    JSON.stringify(layOut(config, members, { ...facts, disks }).guids);
  if (guids(facts.disks) !== guids(present))
    throw new DabeiError('DISK_CHANGED', {
      doing: 'choosing GUIDs again before erasing the disks',
      problem: 'a disk that appeared in the meantime already uses one of the planned partition GUIDs',
      remedy,
    });
}

function requireUnchanged(planned: readonly Disk[], present: readonly Disk[]): void {
  for (const disk of planned) {
    const now = present.find(({ path }) => path === disk.path);
    const link = stablePath(disk);
    const isSame =
      now !== undefined &&
      (link === now.path || now.aliases.includes(link)) &&
      (['sizeBytes', 'model', 'serial', 'wwn', 'contents'] as const).every(
        name => JSON.stringify(now[name]) === JSON.stringify(disk[name]),
      );
    if (isSame) continue;
    throw new DabeiError('DISK_CHANGED', {
      doing: `checking ${link} again before erasing it`,
      problem: now ? `it was ${describeDisk(disk)}, and is now ${describeDisk(now)}` : `${disk.path} is gone`,
      remedy,
    });
  }
}
