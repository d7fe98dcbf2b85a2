import { createHash } from 'node:crypto';
import { z } from 'zod';
import { givenText } from '../../config/given.ts';
import type { Config } from '../../config/schema.ts';
import { DabeiError, reasonsOf } from '../../errors.ts';
import type { Disk } from '../../facts.ts';

/**
 * What an installation records about itself on its disks, and what a later start does with these records.
 *
 * After each of the stages below, dabei records the stage first in the pool, as a user property, then on every ESP, in a
 * separate file. Power may be cut at any moment, so:
 *
 * - `zfs set` returns when its transaction group is on disk, and with it everything that was written to the pool before
 *   (module/zfs/dsl_synctask.c). If the property names a stage, all files of that stage are in the pool.
 * - FAT has no journal: after a power cut, a replaced file may have neither the old nor the new contents. So each stage has its
 *   own file, which is written once, and dabei ignores a file that it cannot read.
 * - Everybody can read the ESP without the pool's key. The files have no passphrase and no hash of a passphrase, because a hash
 *   would allow guesses to be tested.
 */

/** "partitioned": the disk belongs to this installation, and has no data of value yet. */
export const recordedStages = ['partitioned', 'nuke-disk', 'host-flake', 'install', 'boot-loader'] as const;
export type RecordedStage = (typeof recordedStages)[number];

/** Directory below the root of an ESP. */
export const installStateDirectory = 'dabei';
/** User properties of the pool's root dataset (zfsprops(7)): the last stage that finished, and the hash of its configuration. */
export const stageProperty = 'dabei:stage';
export const configurationProperty = 'dabei:configuration';

const entrySchema = z.object({
  version: z.literal(1),
  stage: z.enum(recordedStages),
  configuration: z.string(),
  layout: z.string(),
  partitions: z.array(z.string()),
  /** Of a signed configuration (serial.ts). */
  serial: z.number().optional(),
});

/** Contents of one file on an ESP, the same on all members. */
export type InstallStateEntry = z.output<typeof entrySchema>;

export function installStateFile(stage: RecordedStage): string {
  return `${installStateDirectory}/${recordedStages.indexOf(stage) + 1}-${stage}.json`;
}

/** @returns null for a file that a power cut left incomplete, and for another version of the format */
export function parseEntry(text: string): InstallStateEntry | null {
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** @returns the entry of the last stage, or null if there is none */
export function latest(entries: readonly InstallStateEntry[]): InstallStateEntry | null {
  return [...entries].sort((a, b) => rank(b.stage) - rank(a.stage))[0] ?? null;
}

/**
 * The hash by which the install state compares configurations. For secrets it only counts whether they are present; the pool
 * itself rejects a wrong passphrase. Host keys are not part of it, because without configured ones dabei makes new ones at
 * every start.
 */
export function configurationHash({ given, ...config }: Config): string {
  // A configuration that was not read from a source has no `given`; its values stand for it.
  return hash(given ?? givenText(JSON.parse(JSON.stringify(config))));
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The records that dabei found on one of the chosen disks. */
export interface Trace {
  /** Kernel path of the disk. */
  disk: string;
  entry: InstallStateEntry | null;
  /** Whether an ESP of the disk has files of a boot loader. */
  bootLoader: boolean;
}

/**
 * Whether a boot loader made this directory at the root of an ESP: systemd-boot or GRUB, or NixOS for copies of its kernels.
 * FAT does not distinguish upper and lower case.
 */
export function isBootLoader(name: string): boolean {
  return ['efi', 'loader', 'grub', 'kernels'].includes(name.toLowerCase());
}

/** The properties of the pool of an unfinished installation, read without changing the pool, or why they cannot be read. */
export type PoolAnswer = { stage: string; configuration: string } | { problem: string };

export interface Found {
  traces: readonly Trace[];
  /** null: the pool was not examined. */
  pool: PoolAnswer | null;
  /** With the layout "disko": a disk says that this configuration is installed. */
  isInstalled?: boolean;
  /** The highest serial of a signed configuration that is noted on any disk; null: none is. */
  serial?: number | null;
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
  /** The disks have no installation that dabei could resume or restart. */
  | { kind: 'fresh'; warning?: string }
  | { kind: 'restart'; because: string }
  | { kind: 'resume'; at: 'host-flake' | 'boot-loader'; because: string }
  | { kind: 'refuse'; reason: DabeiError };

export interface Decision {
  beginning: Beginning;
  /** Paths of disks that hold nothing but an unfinished installation, and so no data of anybody. */
  own: ReadonlySet<string>;
}

/**
 * Decides how to begin, from the records of an earlier start.
 *
 * INVARIANT: until the stage "install" is done, no boot loader is on the disks. The system was never started, and dabei may
 * erase and repeat everything. After that stage the system may have been started and used: dabei then only installs the boot
 * loader again, which changes nothing else of that system, and erases nothing unless disks.wipe allows it. After dabei has
 * stopped, somebody may have installed a boot loader by hand; therefore dabei also looks for boot loaders on the ESPs.
 */
export function decide(asked: Asked, found: Found): Decision {
  const entries = found.traces.flatMap(({ entry }) => (entry === null ? [] : [entry]));
  const far = latest(entries);
  const own = ownDisks(asked, found);
  if (far === null) {
    // Somebody has deleted the files, or the ESPs cannot be read. The property of the pool still names the stage.
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
    // The stage is recorded in the pool first. Power may have been cut, or an ESP was full, before the ESPs had it, too.
    const stage = isBootable(done) ? done : far.stage;
    const at = isBootable(stage) ? 'boot-loader' : 'host-flake';
    return { beginning: { kind: 'resume', at, because: `${stage} was completed` }, own };
  }
  if ((far.stage === 'install' || byHand) && !asked.wipe) {
    return { beginning: { kind: 'refuse', reason: perhapsInUse(hindrance) }, own };
  }
  return { beginning: { kind: 'restart', because: hindrance }, own };
}

/** Whether the traces allow to resume, as far as the ESPs show. Only then does dabei examine the pool. */
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
 * Finds disks on which every partition belongs to an installation that cannot have been started. A disk with no partitions other
 * than the planned ones, each of them empty or just formatted as FAT, counts as well: the install state is the first file that
 * dabei writes to a new ESP, so an earlier start stopped before that.
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

const alreadyInstalled = 'this exact configuration is already installed';

/** Whether nothing but that stands against the installation. */
export const isInstalledAlready = (error: DabeiError): boolean =>
  reasonsOf(error).every(({ code, problem }) => code === 'DISK_INSTALLED' && problem === alreadyInstalled);

export function installedAlready(): DabeiError {
  return new DabeiError('DISK_INSTALLED', {
    doing: 'reading the install state on the disks',
    problem: alreadyInstalled,
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
