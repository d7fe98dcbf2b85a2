import { createHash } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { enoughMemoryBytes } from '../nix/nix-step.ts';
import { Secret } from '../../secret.ts';
import { byPartuuid } from './pool.ts';
import type { Step } from '../step.ts';
import { settle } from './wipe-disk.ts';

/**
 * Swap during the installation, on the swap partitions of the installed system. It is encrypted with a random key that no disk
 * holds. After a reboot nobody can read the memory that Nix had swapped out.
 */

/** Above the negative priorities that the kernel assigns by default (swapon(8)), so the kernel uses this swap first. */
const priority = 10;

/**
 * Chooses the names below /dev/mapper, one for each swap partition. A machine with enough RAM gets none, unless
 * system.evaluateFirst is false. Evaluating a configuration takes 0.8 to 1 GB of RAM, without nixpkgs itself.
 */
export function installSwapNames(config: Config, facts: Facts, partuuids: readonly string[]): string[] {
  if (facts.memoryBytes >= enoughMemoryBytes && config.system.evaluateFirst) return [];
  return partuuids.map((_, index) => `dabei-swap-${index + 1}`);
}

/**
 * @param names from installSwapNames
 * @param partuuids GUIDs of the swap partitions, in the order of `names`
 * @param bytes size of each partition
 * @param key at least 32 random bytes, from which dabei derives a separate key for each partition
 */
export function startInstallSwap(
  names: readonly string[],
  partuuids: readonly string[],
  bytes: number,
  key: Secret,
): Step[] {
  if (names.length === 0) return [];
  return [
    {
      kind: 'run',
      doing: 'loading the module for encrypted block devices',
      argv: ['modprobe', 'dm-crypt'],
      timeoutSeconds: 60,
    },
    ...names.flatMap((name, index): Step[] => [
      {
        kind: 'run',
        doing: `encrypting the swap partition ${partuuids[index]!} with a random key`,
        // dmsetup reads the table from standard input, because every process can read the arguments of another (proc(5)).
        argv: ['dmsetup', 'create', name],
        stdin: cryptTable(byPartuuid(partuuids[index]!), bytes, key, index),
        timeoutSeconds: 60,
      },
      {
        kind: 'run',
        // udev creates the link. dmsetup(8) waits for the link only if udev's rules complete the cookie of dmsetup.
        doing: `waiting for /dev/mapper/${name}`,
        argv: ['udevadm', 'wait', '--timeout=60', `/dev/mapper/${name}`],
        timeoutSeconds: 90,
      },
      {
        kind: 'run',
        doing: `formatting /dev/mapper/${name} as swap`,
        argv: ['mkswap', `/dev/mapper/${name}`],
        timeoutSeconds: 60,
      },
      {
        kind: 'run',
        doing: `swapping to /dev/mapper/${name}`,
        argv: ['swapon', '--priority', String(priority), `/dev/mapper/${name}`],
        timeoutSeconds: 60,
      },
    ]),
  ];
}

/**
 * A machine with less RAM and no swap partition swaps to compressed memory. The device holds twice the RAM. At a compression
 * ratio of 3:1 this occupies two thirds of the RAM.
 */
const zramBelowBytes = 2 ** 30;

/** Bytes that compressed memory adds to the RAM, by a cautious estimate: once the RAM, or 0 where no zram is used. */
export const zramBytes = (memoryBytes: number): number => (memoryBytes < zramBelowBytes ? memoryBytes : 0);

/**
 * Swap in compressed memory, for small machines without a swap partition. It needs no key, because its contents never leave the
 * RAM (Documentation/admin-guide/blockdev/zram.rst).
 * @param belowBytes machines with as much RAM need none
 */
export function startZram(facts: Facts, belowBytes = zramBelowBytes): Step[] {
  if (facts.memoryBytes >= belowBytes) return [];
  return [
    {
      kind: 'run',
      doing: 'loading the module for compressed memory',
      argv: ['modprobe', 'zram'],
      timeoutSeconds: 60,
    },
    {
      kind: 'run',
      // If somebody repeats an installation, the device is already in use, and the kernel then refuses to change its size.
      doing: 'turning off swap on /dev/zram0',
      argv: ['swapoff', '/dev/zram0'],
      timeoutSeconds: 300,
      // 4: the system call failed (swapoff(8)), here because the device was not in use.
      accept: [4],
    },
    // udev opens a new device, and the kernel refuses to reset a device that is open (zram_drv.c, reset_store).
    settle,
    {
      kind: 'kernel',
      doing: 'emptying the compressed memory',
      path: '/sys/block/zram0/reset',
      value: '1',
      // A new device is empty already.
      optional: true,
    },
    {
      kind: 'kernel',
      doing: 'compressing memory with zstd',
      path: '/sys/block/zram0/comp_algorithm',
      value: 'zstd',
      optional: true,
    },
    {
      kind: 'kernel',
      doing: 'setting the size of the compressed memory before compression',
      path: '/sys/block/zram0/disksize',
      value: String(2 * Math.floor(facts.memoryBytes / 2 ** 20) * 2 ** 20),
    },
    {
      kind: 'run',
      doing: 'formatting /dev/zram0 as swap',
      argv: ['mkswap', '/dev/zram0'],
      timeoutSeconds: 60,
    },
    {
      kind: 'run',
      doing: 'swapping to /dev/zram0',
      argv: ['swapon', '--priority', '100', '/dev/zram0'],
      timeoutSeconds: 60,
    },
  ];
}

/** A failure does no harm: the machine reboots next, and the kernel loses the key. */
export function stopInstallSwap(names: readonly string[]): Step[] {
  return names.flatMap((name): Step[] => [
    {
      kind: 'run',
      doing: `turning off swap on /dev/mapper/${name}`,
      argv: ['swapoff', `/dev/mapper/${name}`],
      timeoutSeconds: 300,
      optional: true,
    },
    {
      kind: 'run',
      doing: `removing /dev/mapper/${name} and its key`,
      argv: ['dmsetup', 'remove', '--retry', name],
      timeoutSeconds: 60,
      optional: true,
    },
  ]);
}

/**
 * One line of a device-mapper table: start and length in sectors of 512 bytes, target, cipher, key in hex, IV offset, device,
 * offset, options (Documentation/admin-guide/device-mapper/dm-crypt.rst). XTS takes two keys of 256 bits. Without work queues,
 * the process that waits for a page encrypts it itself: it waits less, and needs no extra memory when memory is short.
 */
function cryptTable(device: string, bytes: number, key: Secret, index: number): Secret {
  const own = createHash('sha512').update(key.reveal()).update(String(index)).digest('hex');
  const options = ['allow_discards', 'no_read_workqueue', 'no_write_workqueue'];
  const table = `0 ${bytes / 512} crypt aes-xts-plain64 ${own} 0 ${device} 0 ${options.length} ${options.join(' ')}`;
  return new Secret(`${table}\n`);
}
