import type { RunStep, Step } from '../step.ts';
import { targetRoot, type TargetMember } from '../target.ts';
import { partitionNumbers, type MemberGuids } from '../disks/partitions.ts';
import { byPartuuid } from '../disks/pool.ts';

/**
 * A disk that is copied to many machines (`disks.copies`). Nothing that the installed system is built from may name one copy, so it asks
 * the files here which disk is its own, and which host id it has; the first start of a copy replaces them (nix/host-flake/copies.nix).
 */

/** Directory of these files in the installed system, and in its initrd. */
const copyDirectory = '/etc/dabei';

/** Link to the whole disk, for GRUB; udev makes it in the installed system (nix/host-flake/copies.nix). */
const ownDisk = '/dev/dabei/disk';

/** One line for the disk and for each partition: GUID, number in the partition table, and name; 0 is the disk. */
export function describeOwnDisk(guids: MemberGuids): string {
  const rows = [
    [guids.disk, 0, 'disk'],
    [guids.biosBoot, partitionNumbers.biosBoot, 'bios-boot'],
    [guids.esp, partitionNumbers.esp, 'esp'],
    ...(guids.swap === null ? [] : [[guids.swap, partitionNumbers.swap, 'swap']]),
    [guids.zfs, partitionNumbers.zfs, 'zfs'],
  ];
  return rows.map(row => `${row.join(' ')}\n`).join('');
}

/**
 * Writes what the image is known by. As long as the file "copy" is not empty, the next start is the first one of a copy.
 * @param own of `describeOwnDisk`
 */
export function writeCopyFiles(own: string, hostId: string): Step[] {
  const directory = `${targetRoot}${copyDirectory}`;
  return [
    ...['own', 'copy'].map((name): Step => ({
      kind: 'write',
      doing: `writing ${name} for the first start of a copy`,
      path: `${directory}/${name}`,
      mode: 0o644,
      content: own,
    })),
    {
      kind: 'run',
      doing: 'writing the host id that copies replace',
      argv: ['zgenhostid', '-f', '-o', `${directory}/hostid`, hostId],
      timeoutSeconds: 10,
    },
  ];
}

/** GRUB finds the disk by the same name as on every copy. */
export function linkOwnDisk(disk: string): Step[] {
  const run = (doing: string, argv: RunStep['argv']): Step => ({
    kind: 'run',
    doing,
    argv,
    timeoutSeconds: 10,
  });
  return [
    run('making the directory of links to the own disk', ['mkdir', '-p', '/dev/dabei']),
    run('linking the own disk for the boot loader', ['ln', '-sfn', disk, ownDisk]),
  ];
}

/** What must not be the same on two machines (https://systemd.io/BUILDING_IMAGES/); each copy makes its own. */
const ofOneMachine = [
  '/etc/machine-id',
  '/var/lib/systemd/random-seed',
  '/var/lib/systemd/credential.secret',
  '/boot/loader/random-seed',
  ...['ed25519', 'rsa', 'ecdsa'].flatMap(type => [
    `/etc/ssh/ssh_host_${type}_key`,
    `/etc/ssh/ssh_host_${type}_key.pub`,
  ]),
];

/**
 * Leaves a disk that is to be copied: without the installation's own host keys, machine id and seeds, and without the random bytes of
 * swap, which would only make the image larger.
 * @param finish the steps that leave any disk
 */
export function leaveImage(finish: readonly Step[], members: readonly TargetMember[]): Step[] {
  return [
    {
      kind: 'run',
      doing: 'removing what each copy makes for itself',
      argv: ['rm', '-f', ...ofOneMachine.map(path => `${targetRoot}${path}`)],
      timeoutSeconds: 60,
    },
    ...finish,
    ...members.flatMap(({ swapPartuuid }): Step[] =>
      swapPartuuid === null
        ? []
        : [
            {
              kind: 'run',
              doing: 'discarding what was swapped out',
              argv: ['blkdiscard', '--force', byPartuuid(swapPartuuid)],
              timeoutSeconds: 600,
              optional: true,
            },
          ],
    ),
  ];
}
