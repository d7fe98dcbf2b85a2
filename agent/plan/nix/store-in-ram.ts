import { leastMemTotalBytes, storeInRam } from '../../limits.ts';
import type { Step } from '../step.ts';

/**
 * /nix/store of a rescue system with little memory. nixos-anywhere copies disko's script with all of its programs there, before any
 * disk is mounted.
 *
 * btrfs compresses what is written and then looks for space, so a full file system is ENOSPC for the program that writes. A device
 * that compresses has its limit (zram's mem_limit) below the file system: there, the kernel has accepted the data, cannot write
 * it back, and loses it. So the device is no larger than the memory that may be used, even by data that cannot be compressed,
 * and the kernel never has to look for a process to kill. zram instead of a file on tmpfs, because discarded blocks are free again.
 *
 * Nix's database stays outside: SQLite makes a file when it opens one (SQLITE_IOERR_SHMSIZE), so in a full file system nobody could
 * delete anything. What Nix reserves for that is a file of one letter, which the compression leaves nothing of.
 */

/** /dev/zram0 is for swap (startZram in plan/disks/install-swap.ts). */
const device = 'zram1';
const place = '/run/dabei/store';

/**
 * Size of the file system in bytes; null where /nix stays on the overlay's tmpfs.
 * @param memoryBytes MemTotal
 */
export function storeBytes(memoryBytes: number): number | null {
  if (memoryBytes < leastMemTotalBytes.install || memoryBytes >= storeInRam.belowBytes) return null;
  const bytes = Math.max(memoryBytes - storeInRam.besideBytes, storeInRam.leastBytes);
  return Math.floor(bytes / 2 ** 20) * 2 ** 20;
}

/**
 * Bytes of programs that fit into /nix, before compression; an estimate. 0: not even a rescue system with nothing in it has memory
 * for an installation.
 * @param memoryBytes MemTotal
 */
export function roomForPrograms(memoryBytes: number): number {
  if (memoryBytes >= storeInRam.belowBytes) return memoryBytes / 2;
  return ((storeBytes(memoryBytes) ?? 0) * storeInRam.percent) / 100;
}

/**
 * What to say before the old system is left, as image/media/bundle/lib/preflight.sh does. The size of the closure is known to
 * nixos-anywhere alone, and only later.
 * @param memoryBytes MemTotal of either system
 * @returns sentences without a full stop
 */
export function roomWarnings(memoryBytes: number): string[] {
  const room = roomForPrograms(memoryBytes);
  if (room >= storeInRam.enoughBytes) return [];
  if (room === 0)
    return [
      "the memory has no room for disko's programs, which nixos-anywhere copies into RAM: use its option --no-disko-deps",
    ];
  return [
    `about ${Math.floor(room / 2 ** 20)} MiB of disko's programs fit into RAM, where nixos-anywhere copies them before a disk is touched: ` +
      'larger ones end with "No space left on device", and its option --no-disko-deps copies none',
  ];
}

/**
 * Mounts a compressed file system in RAM over /nix/store, where the memory is little. What the image has there stays visible below.
 * @param memoryBytes MemTotal
 */
export function planStore(memoryBytes: number): Step[] {
  const bytes = storeBytes(memoryBytes);
  const run = (doing: string, argv: readonly [string, ...string[]]): Step => ({
    kind: 'run',
    doing,
    argv,
    timeoutSeconds: 30,
  });
  // Programs may fill the overlay's tmpfs, too.
  if (memoryBytes >= storeInRam.belowBytes)
    return [
      run("making a directory for Nix's database", ['mkdir', '-p', '/nix/var']),
      run("giving Nix's database room of its own", [
        ...(['mount', '-t', 'tmpfs', '-o', 'nosuid,nodev,mode=755', 'tmpfs', '/nix/var'] as const),
      ]),
    ];
  if (bytes === null) return [];
  return [
    run('loading the modules for a compressed file system in RAM', ['modprobe', 'zram', 'num_devices=2']),
    {
      kind: 'kernel',
      // btrfs has compressed the data already.
      doing: `choosing the faster compression for /dev/${device}`,
      path: `/sys/block/${device}/comp_algorithm`,
      value: 'lz4',
      optional: true,
    },
    {
      kind: 'kernel',
      doing: `setting the size of /dev/${device}`,
      path: `/sys/block/${device}/disksize`,
      value: String(bytes),
    },
    run(`formatting /dev/${device}`, [
      // Groups of blocks for data and metadata alike, of which each is there once (mkfs.btrfs(8)).
      ...(['mkfs.btrfs', '--quiet', '--mixed', '--data', 'single', '--metadata', 'single'] as const),
      `/dev/${device}`,
    ]),
    run('making a directory for it', ['mkdir', '-p', place, '/nix/store']),
    // discard=async gave no memory back within 12 s of a deletion.
    run(`mounting /dev/${device}`, [
      ...(['mount', '-t', 'btrfs', '-o', 'noatime,compress-force=zstd:3,discard=sync'] as const),
      ...[`/dev/${device}`, place],
    ]),
    run('making the layers of /nix/store', ['mkdir', '-m', '755', `${place}/upper`, `${place}/work`]),
    run('mounting it over /nix/store', [
      ...(['mount', '-t', 'overlay', '-o'] as const),
      ...[`lowerdir=/nix/store,upperdir=${place}/upper,workdir=${place}/work`, 'overlay', '/nix/store'],
    ]),
    // The overlay has mounts of its own (ovl_get_upper in fs/overlayfs/super.c); this one would only be in the way of a shutdown.
    run('hiding its layers', ['umount', place]),
  ];
}
