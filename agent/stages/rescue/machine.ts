import { DabeiError } from '../../errors.ts';
import type { Doors } from '../../host/doors.ts';
import { readRescuedMachine } from '../../host/old-system/rescued-machine.ts';
import type { RescuedMachine } from '../../plan/rescue/machine.ts';

/**
 * The machine that this rescue system belongs to.
 * @throws DabeiError RESCUE_MACHINE if this start has no archive of a rescue entry, or one that cannot be read
 */
export function rescuedMachine(doors: Doors, doing: string): RescuedMachine {
  const machine = readRescuedMachine(doors);
  if (machine !== null && !('problem' in machine)) return machine;
  throw new DabeiError('RESCUE_MACHINE', {
    doing,
    problem:
      machine === null
        ? 'this system was not started from the rescue entry of an installed machine'
        : `the machine of this rescue entry cannot be read: ${machine.problem}`,
    remedy:
      'import the pool by hand: zpool import -N -R /mnt; zfs load-key -a; mount -t zfs POOL/local/root /mnt',
  });
}

/** The pool of dabei's own layouts, with the datasets to mount. @throws DabeiError RESCUE_MACHINE if the flake lays out the disks */
export function poolOf(machine: RescuedMachine, doing: string): NonNullable<RescuedMachine['pool']> {
  if (machine.pool !== null) return machine.pool;
  throw new DabeiError('RESCUE_MACHINE', {
    doing,
    problem: `the flake of ${machine.hostName} lays out the disks itself, and only it knows how to mount them`,
    remedy: "mount them at /mnt by hand, or with the flake's disko script in the mode mount",
  });
}

/** Mount points of this system (proc_pid_mounts(5)); blanks in them are escaped, and dabei's have none. */
export function mountPoints({ files }: Doors): Set<string> {
  const lines = (files.readText('/proc/self/mounts') ?? '').split('\n');
  return new Set(lines.flatMap(line => line.split(' ')[1] ?? []));
}
