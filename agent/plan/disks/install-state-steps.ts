import { espFull } from '../nix/boot-loader.ts';
import {
  configurationProperty,
  journalFile,
  stageProperty,
  type JournalEntry,
  type JournalStage,
} from './install-state.ts';
import { byPartuuid, makeMountPoint } from './pool.ts';
import type { Step } from '../step.ts';
import { espMountpoint, targetRoot } from '../target.ts';

/** Steps that write the journal (journal.ts). */

/** What stays the same from stage to stage. */
export type JournalHead = Omit<JournalEntry, 'stage' | 'version'>;

/** Where an ESP is mounted while the target is not. */
export const espDirectory = '/run/dabei/esp';

/** On a fresh ESP, before there is a pool: the disk is this installation's from here on. */
export function claimEsp(head: JournalHead, espPartuuid: string): Step[] {
  const device = byPartuuid(espPartuuid);
  return [
    makeMountPoint(espDirectory),
    {
      kind: 'run',
      doing: `mounting the ESP ${espPartuuid} for the journal`,
      argv: ['mount', '-t', 'vfat', device, espDirectory],
      timeoutSeconds: 60,
    },
    writeEntry(head, 'partitioned', espDirectory),
    {
      kind: 'run',
      doing: `unmounting the ESP ${espPartuuid}`,
      argv: ['umount', espDirectory],
      timeoutSeconds: 60,
    },
  ];
}

/** After the last step of a stage, with the target mounted: first the pool, whose answer means that all of it is on disk. */
export function markDone(head: JournalHead, stage: JournalStage, poolName: string, espCount: number): Step[] {
  return [
    {
      kind: 'run',
      doing: `noting in the pool that ${stage} is done`,
      argv: [
        ...(['zfs', 'set', `${stageProperty}=${stage}`] as const),
        ...[`${configurationProperty}=${head.configuration}`, poolName],
      ],
      timeoutSeconds: 600,
    },
    ...Array.from({ length: espCount }, (_, index) =>
      writeEntry(head, stage, `${targetRoot}${espMountpoint(index)}`),
    ),
  ];
}

function writeEntry(head: JournalHead, stage: JournalStage, directory: string): Step {
  const entry: JournalEntry = { version: 1, stage, ...head };
  return {
    kind: 'write',
    doing: `noting on the ESP that ${stage} is done`,
    path: `${directory}/${journalFile(stage)}`,
    mode: 0o600,
    content: `${JSON.stringify(entry, null, 2)}\n`,
    whenFull: espFull(targetRoot),
  };
}
