import { createHash } from 'node:crypto';
import { z } from 'zod';
import { givenText } from '../../config/given.ts';
import type { Config } from '../../config/schema.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';

/**
 * What an installation remembers of itself on the disks that it makes, and what a later start makes of that.
 *
 * After each of the stages below, the stage is told to the pool as a user property, then to every ESP as a file of its
 * own. A power cut may come at any moment, so:
 *
 * - `zfs set` returns when its transaction group is on disk, and with it everything that was written to the pool before
 *   (module/zfs/dsl_synctask.c). What the property says is true of the whole pool.
 * - FAT has no journal: a file that is replaced may be neither the old nor the new one. So each stage has a file that is
 *   written once, and an unreadable one counts for nothing.
 * - Files on the ESP are readable without a pool. They hold no passphrase and no hash of one: that could be tried out.
 */

/** "partitioned": the disk belongs to this installation, and nothing on it is of value yet. */
export const recordedStages = ['partitioned', 'nuke-disk', 'host-flake', 'install', 'boot-loader'] as const;
export type RecordedStage = (typeof recordedStages)[number];

/** Below the root of an ESP. */
export const installStateDirectory = 'dabei';
/** User properties of the pool's root dataset (zfsprops(7)): the stage that is done, and by which configuration. */
export const stageProperty = 'dabei:stage';
export const configurationProperty = 'dabei:configuration';

const entrySchema = z.object({
  version: z.literal(1),
  stage: z.enum(recordedStages),
  configuration: z.string(),
  layout: z.string(),
  partitions: z.array(z.string()),
});

/** One file on an ESP; the same on all members. */
export type InstallStateEntry = z.output<typeof entrySchema>;

export function installStateFile(stage: RecordedStage): string {
  return `${installStateDirectory}/${recordedStages.indexOf(stage) + 1}-${stage}.json`;
}

/** @returns null for what a power cut left half written, and for other versions */
export function parseEntry(text: string): InstallStateEntry | null {
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** How far an installation was: the latest of its entries. */
export function latest(entries: readonly InstallStateEntry[]): InstallStateEntry | null {
  return [...entries].sort((a, b) => rank(b.stage) - rank(a.stage))[0] ?? null;
}

/**
 * What makes two configurations the same to the install state. Secrets count by their presence: whether the passphrase is the
 * right one is asked of the pool. Host keys are left out, since without any the installer makes new ones at every start.
 */
export function configurationHash({ given, ...config }: Config): string {
  // One that was not read from anywhere is what its values are.
  return hash(given ?? givenText(JSON.parse(JSON.stringify(config))));
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What was found on one of the chosen disks. */
export interface Trace {
  /** Kernel path of the disk. */
  disk: string;
  entry: InstallStateEntry | null;
  /** Whether an ESP of it holds what boot loaders put there. */
  bootLoader: boolean;
}

/** At the root of an ESP: systemd-boot's, GRUB's, and the kernels that NixOS copies there. */
export function isBootLoader(name: string): boolean {
  return ['efi', 'loader', 'grub', 'kernels'].includes(name.toLowerCase());
}

/** What the pool of an unfinished installation says when it is looked at without being changed. */
export type PoolAnswer = { stage: string; configuration: string } | { problem: string };

export interface Found {
  traces: readonly Trace[];
  /** null where it was not asked. */
  pool: PoolAnswer | null;
}

export const nothingFound: Found = { traces: [], pool: null };

/** The installation that is planned now. */
export interface Asked {
  configuration: string;
  layout: string;
  members: readonly { disk: Disk; partitions: readonly string[] }[];
  wipe: boolean;
}

export type Beginning =
  /** Nothing of an installation is there, or nothing that counts. */
  | { kind: 'fresh'; warning?: string }
  | { kind: 'restart'; because: string }
  | { kind: 'resume'; at: 'host-flake' | 'boot-loader'; because: string }
  | { kind: 'refuse'; reason: DabeiError };

export interface Decision {
  beginning: Beginning;
  /** Disks that hold nothing but an unfinished installation: they are not somebody's data. */
  own: ReadonlySet<string>;
}

/**
 * What a start makes of what an earlier one left.
 *
 * INVARIANT: until the stage "install" is done no boot loader is on the disks, so the system was never started, and
 * everything may be made anew. From then on it may have been: only the boot loader is installed again, which changes
 * nothing of a system that is in use, and nothing is erased unless disks.wipe says so. Somebody may have installed one by
 * hand where this program had stopped: what lies on the ESPs counts, too.
 */
export function decide(asked: Asked, found: Found): Decision {
  const entries = found.traces.flatMap(({ entry }) => (entry === null ? [] : [entry]));
  const far = latest(entries);
  const own = ownDisks(asked, found);
  if (far === null) {
    // Somebody has tidied the ESP up, or it cannot be read: the pool knows.
    const { pool } = found;
    if (
      pool !== null &&
      'stage' in pool &&
      isBootable(pool.stage) &&
      pool.configuration === asked.configuration
    )
      return { beginning: { kind: 'refuse', reason: installedAlready() }, own };
    const because = 'an earlier installation stopped after it had partitioned the disks';
    return { beginning: own.size > 0 ? { kind: 'restart', because } : { kind: 'fresh' }, own };
  }
  const same = far.configuration === asked.configuration;
  if (far.stage === 'boot-loader') {
    const warning = 'a finished installation of another configuration will be erased';
    const beginning: Beginning = same
      ? { kind: 'refuse', reason: installedAlready() }
      : { kind: 'fresh', ...(asked.wipe ? { warning } : {}) };
    return { beginning, own };
  }
  const done = found.pool !== null && 'stage' in found.pool ? found.pool.stage : '';
  const byHand =
    !isBootable(far.stage) && !isBootable(done) && found.traces.some(({ bootLoader }) => bootLoader);
  const hindrance =
    whatHinders(asked, found, far) ??
    (byHand ? 'a boot loader is present that this installation had not yet installed' : null);
  if (hindrance === null) {
    // The pool is noted in first: power may be cut, or the ESP full, before it is the ESP's turn.
    const stage = isBootable(done) ? done : far.stage;
    const at = isBootable(stage) ? 'boot-loader' : 'host-flake';
    return { beginning: { kind: 'resume', at, because: `${stage} was completed` }, own };
  }
  if ((far.stage === 'install' || byHand) && !asked.wipe) {
    return { beginning: { kind: 'refuse', reason: perhapsInUse(hindrance) }, own };
  }
  return { beginning: { kind: 'restart', because: hindrance }, own };
}

/** Whether it is worth asking the pool: everything else is as it was. */
export function mayContinue(asked: Asked, traces: readonly Trace[]): boolean {
  const far = latest(traces.flatMap(({ entry }) => (entry === null ? [] : [entry])));
  return far !== null && far.stage !== 'boot-loader' && differs(asked, traces, far) === null;
}

function whatHinders(asked: Asked, { traces, pool }: Found, far: InstallStateEntry): string | null {
  const difference = differs(asked, traces, far);
  if (difference !== null) return difference;
  if (pool === null) return 'the pool was not examined';
  if ('problem' in pool) return pool.problem;
  if (pool.configuration !== asked.configuration) return 'the pool belongs to another installation';
  return null;
}

function differs(asked: Asked, traces: readonly Trace[], far: InstallStateEntry): string | null {
  if (far.stage === 'partitioned') return 'the pool was not complete';
  if (far.configuration !== asked.configuration) return 'the configuration has changed';
  if (far.layout !== asked.layout) return 'the disk layout has changed';
  const without = asked.members.find(
    ({ disk }) => !traces.some(trace => trace.disk === disk.path && trace.entry !== null),
  );
  return without === undefined ? null : `${without.disk.path} was not part of the earlier installation`;
}

/**
 * Disks of which every partition belongs to an installation that no boot loader can have started; also those that are
 * partitioned as planned, with nothing on any partition: the install state is the first thing that is written there.
 */
function ownDisks(asked: Asked, { traces }: Found): Set<string> {
  const own = new Set<string>();
  for (const { disk, partitions } of asked.members) {
    const { entry, bootLoader } = traces.find(trace => trace.disk === disk.path) ?? nothingOn(disk.path);
    const parts = disk.contents.filter(({ deviceType }) => deviceType === 'part');
    const isPartOf = (guids: readonly string[]) =>
      parts.length > 0 && parts.every(({ partUuid }) => partUuid !== null && guids.includes(partUuid));
    const isBlank = parts.every(({ signature }) => signature === null || signature === 'vfat');
    const isOwn =
      entry === null
        ? isPartOf(partitions) && isBlank
        : !isBootable(entry.stage) && isPartOf(entry.partitions);
    if (isOwn && !bootLoader) own.add(disk.path);
  }
  return own;
}

const nothingOn = (disk: string): Trace => ({ disk, entry: null, bootLoader: false });

/** Whether a boot loader may be on the disks. */
function isBootable(stage: string): boolean {
  return stage === 'install' || stage === 'boot-loader';
}

function rank(stage: RecordedStage): number {
  return recordedStages.indexOf(stage);
}

function installedAlready(): DabeiError {
  return new DabeiError('DISK_INSTALLED', {
    doing: 'reading the install state on the disks',
    problem: 'this exact configuration is already installed',
    remedy:
      'boot the machine from its disk; to erase it and install again, set disks.wipe to true ' +
      'and raise disks.generation',
  });
}

function perhapsInUse(hindrance: string): DabeiError {
  return new DabeiError('DISK_INSTALLED', {
    doing: 'reading the install state on the disks',
    problem: `the disks hold an installation without a finished boot loader, which cannot be resumed: ${hindrance}`,
    remedy:
      'use the configuration of that installation; or, if you do not need its data, set disks.wipe to true',
  });
}
