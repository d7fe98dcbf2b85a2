import { espFull } from '../nix/boot-loader.ts';
import {
  configurationProperty,
  installStateFile,
  stageProperty,
  type InstallStateEntry,
  type RecordedStage,
} from './install-state.ts';
import { byPartuuid, makeMountPoint } from './pool.ts';
import type { Step } from '../step.ts';
import { espMountpoint, targetRoot, unmountAttempts } from '../target.ts';

/** Steps that write the install state (install-state.ts). */

/** The fields of an entry that do not change from stage to stage. */
export type InstallStateHead = Omit<InstallStateEntry, 'stage' | 'version'>;

/** Mount point of an ESP while the target is not mounted. */
export const espDirectory = '/run/dabei/esp';

/** Writes the entry "partitioned" to a new ESP, before the pool exists. From then on the disk belongs to this installation. */
export function claimEsp(head: InstallStateHead, espPartuuid: string): Step[] {
  const device = byPartuuid(espPartuuid);
  return [
    makeMountPoint(espDirectory),
    {
      kind: 'run',
      doing: `mounting the ESP ${espPartuuid} for the install state`,
      argv: ['mount', '-t', 'vfat', device, espDirectory],
      timeoutSeconds: 60,
    },
    writeEntry(head, 'partitioned', espDirectory),
    {
      kind: 'run',
      doing: `unmounting the ESP ${espPartuuid}`,
      argv: ['umount', espDirectory],
      timeoutSeconds: 60,
      attempts: unmountAttempts,
    },
  ];
}

/**
 * Records a stage after its last step, while the target is mounted.
 * INVARIANT: the pool comes first. When `zfs set` returns, everything that was written to the pool before is on disk
 * (install-state.ts).
 */
export function markDone(
  head: InstallStateHead,
  stage: RecordedStage,
  poolName: string,
  espCount: number,
): Step[] {
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

function writeEntry(head: InstallStateHead, stage: RecordedStage, directory: string): Step {
  const entry: InstallStateEntry = { version: 1, stage, ...head };
  return {
    kind: 'write',
    doing: `noting on the ESP that ${stage} is done`,
    path: `${directory}/${installStateFile(stage)}`,
    mode: 0o600,
    content: `${JSON.stringify(entry, null, 2)}\n`,
    whenFull: espFull(targetRoot),
  };
}
