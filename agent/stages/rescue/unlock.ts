import { asDabeiError, DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { memoryBytes } from '../../host/machine/facts.ts';
import {
  importPool,
  loadKey,
  lockMachine,
  mountMachine,
  prepareImport,
  readOnlyHelps,
  unsupportedFeatures,
} from '../../plan/rescue/unlock.ts';
import { targetRoot } from '../../plan/target.ts';
import { executeSteps } from '../execute.ts';
import { mountPoints, poolOf, rescuedMachine } from './machine.ts';

/** Opens the machine that this rescue system belongs to, and closes it again. */

const doing = 'unlocking the installed system';
/** As long as somebody may look for the passphrase. */
const passphraseSeconds = 600;

/**
 * Imports the pool, asks for its passphrase on the terminal, and mounts everything at /mnt. What is done already stays as it is.
 * @returns sentences for people
 * @throws DabeiError RESCUE_MACHINE; RESCUE_UNLOCK
 */
export async function unlockMachine(doors: Doors): Promise<string[]> {
  const machine = rescuedMachine(doors, doing);
  const pool = poolOf(machine, doing);
  const told: string[] = [];
  try {
    if (!(await isImported(doors, pool.name))) {
      await executeSteps(doors, prepareImport(machine, memoryBytes(doors)));
      told.push(...(await importEither(doors, pool.name)));
    }
    if ((await propertyOf(doors, 'keystatus', pool.name)) === 'unavailable') {
      const exitCode = await doors.exec.interactive({ doing, argv: loadKey(pool.name), timeoutSeconds: passphraseSeconds }); // prettier-ignore
      if (exitCode !== 0) throw failed('the passphrase does not open the pool', 'run "dabei unlock" again');
    }
    await executeSteps(doors, mountMachine(machine, pool, mountPoints(doors)));
  } catch (thrown) {
    throw asUnlock(thrown);
  }
  const readOnly = (await propertyOf(doors, 'readonly', `${pool.name}/local/root`)) === 'on';
  return [
    ...told,
    `${machine.hostName} is mounted at ${targetRoot}${readOnly ? ', read-only' : ''}`,
    'next: "dabei enter" opens a shell in it; "dabei lock" unmounts it and exports the pool',
  ];
}

/** A pool that has features this ZFS does not know can often be read, but not written to. */
async function importEither({ exec }: Doors, pool: string): Promise<string[]> {
  const { argv, timeoutSeconds } = importPool(pool, false);
  const first = await exec.attempt({ doing, argv, timeoutSeconds });
  if (first.exitCode === 0) return [];
  const said = first.stderr + first.stdout;
  if (!unsupportedFeatures.test(said))
    throw failed(
      first.stderr.trim() || `zpool import ended with exit code ${first.exitCode}`,
      'check which disks are there: zpool import -d /dev/disk/by-partuuid; lsblk',
    );
  const features = featuresIn(said);
  if (!readOnlyHelps.test(said))
    throw failed(
      `the pool ${pool} has features that this rescue system does not have, and cannot even read: ${features}`,
      'start a newer nix-dabei, by PXE or from a medium; "dabei rescue-entry" there renews the entry',
    );
  await exec.run({ doing, argv: importPool(pool, true).argv, timeoutSeconds });
  return [
    `the pool ${pool} has features that this rescue system can only read, so it is imported read-only: ${features}`,
  ];
}

/** Lines such as "org.openzfs:raidz_expansion (Support for raidz expansion)". */
function featuresIn(text: string): string {
  return [...text.matchAll(/^\s*([a-z.]+:[a-z0-9_]+)\b/gm)].map(([, name]) => name).join(', ') || 'unknown';
}

async function isImported({ exec }: Doors, pool: string): Promise<boolean> {
  const argv = ['zpool', 'list', '-H', '-o', 'name', pool];
  return (await exec.attempt({ doing, argv, timeoutSeconds: 60 })).exitCode === 0;
}

async function propertyOf({ exec }: Doors, property: string, dataset: string): Promise<string> {
  const argv = ['zfs', 'get', '-H', '-o', 'value', property, dataset];
  return (await exec.attempt({ doing, argv, timeoutSeconds: 60 })).stdout.trim();
}

/**
 * Unmounts the installed system and exports its pool, as before a restart.
 * @throws DabeiError RESCUE_MACHINE; POOL_EXPORT if something still uses it
 */
export async function lockAgain(doors: Doors): Promise<string[]> {
  const machine = rescuedMachine(doors, 'locking the installed system');
  const pool = poolOf(machine, 'locking the installed system');
  if (!(await isImported(doors, pool.name))) return [`the pool ${pool.name} is not imported`];
  await executeSteps(doors, lockMachine(pool.name, mountPoints(doors).has(targetRoot)));
  return [`the pool ${pool.name} is exported, and the passphrase forgotten`];
}

function failed(problem: string, remedy: string): DabeiError {
  return new DabeiError('RESCUE_UNLOCK', { doing, problem, remedy });
}

function asUnlock(thrown: unknown): DabeiError {
  const error = asDabeiError(thrown, doing);
  if (error.code === 'RESCUE_UNLOCK' || error.code === 'INTERNAL') return error;
  const { problem, remedy } = error;
  return new DabeiError('RESCUE_UNLOCK', {
    doing: error.doing,
    problem,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}
