import type { Config } from '../../config/schema.ts';
import { DabeiError, Refusals } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { describeDisk, stablePath } from './describe-disk.ts';
import { layOut } from './layout.ts';
import { selectDisks } from './select-disks.ts';

/**
 * Checks the disks again right before the first write. Planning and evaluating take time, and some controllers need longer
 * than that to detect all their disks.
 */

const remedy = 'keep the disks attached and unused, then run: dabei install';

/**
 * Compares the disks that are present now with the planned ones. A disk that appeared after planning may have the pool name or a
 * partition GUID of the plan, or may match a selector instead of the planned disk.
 * @param facts the facts from which the plan was made
 * @param planned the members of the plan, as they were when the plan was made
 * @param present all disks as they are now
 * @throws DabeiError DISK_CHANGED
 * @throws Refusals with every reason for which selectDisks would refuse the disks now
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
  if (config.disks.layout === 'disko') {
    requireNoneNew(facts.disks, present);
    return;
  }
  const guids = (disks: readonly Disk[]) =>
    JSON.stringify(layOut(config, members, { ...facts, disks }).guids);
  if (guids(facts.disks) !== guids(present))
    throw new DabeiError('DISK_CHANGED', {
      doing: 'choosing GUIDs again before erasing the disks',
      problem: 'a disk that appeared in the meantime already uses one of the planned partition GUIDs',
      remedy,
    });
}

/** Every disk but the chosen ones is protected from the disko script; one that nobody knew of would not be. */
function requireNoneNew(planned: readonly Disk[], present: readonly Disk[]): void {
  const fresh = present.find(disk => planned.every(({ path }) => path !== disk.path));
  if (fresh === undefined) return;
  throw new DabeiError('DISK_CHANGED', {
    doing: 'looking for disks again before running the disko script',
    problem: `${describeDisk(fresh)} appeared in the meantime`,
    remedy: 'run: dabei install',
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
