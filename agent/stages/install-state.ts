import type { Config } from '../config/schema.ts';
import type { Disk, Facts } from '../facts.ts';
import type { Doors } from '../host/doors.ts';
import { readPools } from '../host/machine/pools.ts';
import {
  configurationProperty,
  isBootLoader,
  installStateDirectory,
  latest,
  mayContinue,
  nothingFound,
  parseEntry,
  stageProperty,
  type Found,
  type InstallStateEntry,
  type PoolAnswer,
  type Trace,
} from '../plan/disks/install-state.ts';
import { isInstalledBy, readMark } from '../plan/disko/mark.ts';
import { espDirectory } from '../plan/disks/install-state-steps.ts';
import { askedOf, layOut, type Layout } from '../plan/disks/layout.ts';
import { byPartuuid } from '../plan/disks/pool.ts';
import { selectDisks } from '../plan/disks/select-disks.ts';

/**
 * Reads the install state of an earlier start from the selected disks, without writing to them; for a signed configuration, also the
 * highest serial on any disk: an older file may name another disk than the newer one did.
 */
export async function readInstallState(doors: Doors, config: Config, facts: Facts): Promise<Found> {
  const found = await readSelected(doors, config, facts);
  if (config.isSigned !== true) return found;
  let serial: number | null = null;
  for (const disk of facts.disks) {
    for (const { entries } of await readAllEsps(doors, disk)) {
      for (const entry of entries)
        if (entry.serial !== undefined) serial = Math.max(serial ?? 0, entry.serial);
    }
    const noted = await readNoted(doors, disk);
    if (noted !== null) serial = Math.max(serial ?? 0, noted);
  }
  return { ...found, serial };
}

async function readSelected(doors: Doors, config: Config, facts: Facts): Promise<Found> {
  if (config.disks === undefined) return nothingFound;
  const { members, refusals } = selectDisks(config.disks, facts.disks);
  // dabei does not read other disks, and decides nothing before the selection of disks is certain.
  if (refusals.some(({ code }) => code !== 'DISK_FOREIGN_DATA')) return nothingFound;
  if (members.every(({ contents }) => contents.length === 0)) return nothingFound;
  if (config.disks.layout === 'disko')
    return { ...nothingFound, isInstalled: await isMarked(doors, config, members) };
  const layout = layOut(config, members, facts);
  const traces: Trace[] = [];
  for (const disk of members) traces.push(await readEsps(doors, disk));
  const hasOwnPool = members.every(({ contents }, index) =>
    contents.some(
      ({ partUuid, signature }) => partUuid === layout.guids[index]!.zfs && signature === 'zfs_member',
    ),
  );
  const noEntry = traces.every(({ entry }) => entry === null);
  const asksPool = mayContinue(askedOf(layout, config.disks.wipe), traces) || (noEntry && hasOwnPool);
  return { traces, pool: asksPool ? await askPool(doors, layout) : null };
}

/** blkid(8): nothing was recognised. */
const nothingRecognised = 2;

/**
 * Whether any of the disks has the GUID that a finished installation of this configuration gave it.
 * @throws DabeiError COMMAND_FAILED if that is not known: then nothing may be erased
 */
async function isMarked({ exec }: Doors, config: Config, members: readonly Disk[]): Promise<boolean> {
  for (const disk of members) {
    const { stdout } = await exec.run({ ...readGuid(disk), accept: [nothingRecognised] });
    if (isInstalledBy(stdout, config, disk)) return true;
  }
  return false;
}

/** The serial in the GUID of a disk of the layout "disko"; null without one. As for ESPs, what cannot be read is no evidence. */
async function readNoted({ exec }: Doors, disk: Disk): Promise<number | null> {
  if (disk.contents.length === 0) return null;
  const { exitCode, stdout } = await exec.attempt(readGuid(disk));
  return exitCode === 0 ? (readMark(stdout)?.serial ?? null) : null;
}

function readGuid({ path }: Disk) {
  return {
    doing: `reading the disk GUID of ${path}`,
    // With signatures of two kinds on a disk, blkid ends with 8 and shows nothing, its table neither; so it looks for one kind.
    argv: ['blkid', '-p', '-n', 'minix', '-s', 'PTUUID', '-o', 'value', path],
    timeoutSeconds: 60,
  };
}

/** The latest entry on any ESP of the disk, and what else the ESPs contain. */
async function readEsps(doors: Doors, disk: Disk): Promise<Trace> {
  const found = await readAllEsps(doors, disk);
  return {
    disk: disk.path,
    entry: latest(found.flatMap(({ entries }) => entries)),
    bootLoader: found.some(({ bootLoader }) => bootLoader),
  };
}

async function readAllEsps(doors: Doors, disk: Disk): Promise<EspContents[]> {
  const esps = disk.contents.filter(
    ({ deviceType, signature, label }) => deviceType === 'part' && signature === 'vfat' && label === 'ESP',
  );
  const found: EspContents[] = [];
  for (const { device, mountPoints } of esps) {
    const [mounted] = mountPoints;
    found.push(mounted === undefined ? await readUnmounted(doors, device) : readEsp(doors, mounted));
  }
  return found;
}

type EspContents = { entries: readonly InstallStateEntry[]; bootLoader: boolean };

async function readUnmounted(doors: Doors, device: string): Promise<EspContents> {
  const { exec, files } = doors;
  files.makeDirectory(espDirectory);
  const mount = ['mount', '-t', 'vfat', '-o', 'ro', device, espDirectory];
  const { exitCode } = await exec.attempt({
    doing: `looking for an install state on ${device}`,
    argv: mount,
    timeoutSeconds: 60,
  });
  if (exitCode !== 0) return { entries: [], bootLoader: false };
  try {
    return readEsp(doors, espDirectory);
  } finally {
    await exec.attempt({ doing: `unmounting ${device}`, argv: ['umount', espDirectory], timeoutSeconds: 60 });
  }
}

function readEsp(doors: Doors, esp: string): EspContents {
  const { files } = doors;
  const entries = files
    .list(`${esp}/${installStateDirectory}`)
    .flatMap(name => readEntry(doors, `${esp}/${installStateDirectory}/${name}`) ?? []);
  return { entries, bootLoader: files.list(esp).some(isBootLoader) };
}

/** Also returns null for an unreadable file: it is not evidence, and must not prevent disks.wipe. */
function readEntry({ files }: Doors, path: string): InstallStateEntry | null {
  try {
    return parseEntry(files.readText(path) ?? '');
  } catch {
    return null;
  }
}

/** Imports the pool read-only, reads the last finished stage from it, tries the key, and exports the pool. */
async function askPool(doors: Doors, { pool, guids }: Layout): Promise<PoolAnswer> {
  const { name, key } = pool;
  const program = async (doing: string, argv: readonly string[], stdin?: typeof key) =>
    doors.exec.attempt({
      doing,
      argv,
      timeoutSeconds: 600,
      ...(stdin ? { stdin: stdin.secret } : {}),
    });
  await program('loading ZFS', ['modprobe', 'zfs']);
  // If a user repeats a failed installation by hand, the pool is still imported.
  const isImported = (await readPools(doors)).some(imported => imported.name === name);
  if (!isImported) {
    const devices = guids.flatMap(({ zfs }) => ['-d', byPartuuid(zfs)]);
    // -f: dabei sets the host id only once it is certain to use the pool. A read-only import writes nothing.
    const argv = [
      'zpool',
      'import',
      '-f',
      '-N',
      '-o',
      'readonly=on',
      '-o',
      'cachefile=none',
      ...devices,
      name,
    ];
    const { exitCode, stderr } = await program(`looking at the pool ${name}`, argv);
    if (exitCode !== 0) return { problem: `the pool cannot be imported (${lastLine(stderr)})` };
  }
  try {
    const { stdout } = await program(`reading the install state of the pool ${name}`, [
      ...['zfs', 'get', '-H', '-o', 'value', `${stageProperty},${configurationProperty}`, name],
    ]);
    const [stage = '', configuration = ''] = stdout.trim().split('\n');
    if (key !== null) {
      const opened = await program(`trying the key of ${name}`, ['zfs', 'load-key', '-n', name], key);
      if (opened.exitCode !== 0) return { problem: 'disks.key does not open the pool' };
    }
    return { stage, configuration };
  } finally {
    if (!isImported) await program(`exporting the pool ${name}`, ['zpool', 'export', name]);
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
