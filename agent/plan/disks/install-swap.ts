import { createHash } from 'node:crypto';
import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { enoughMemoryBytes } from '../nix/nix-step.ts';
import { Secret } from '../../secret.ts';
import { byPartuuid } from './pool.ts';
import type { Step } from '../step.ts';
import { settle } from './wipe-disk.ts';

/**
 * Swap while installing, on the partitions that the installed system will swap to, encrypted with a key that is
 * nowhere but in the kernel: what Nix had in memory is unreadable afterwards.
 */

/** Above the -2 that the kernel gives by default (swapon(8)): what somebody swaps to on a slower disk comes after it. */
const priority = 10;

/**
 * Names below /dev/mapper, one for each partition; empty for a machine with enough RAM. Evaluating a configuration takes
 * 0.8 to 1 GB, nixpkgs not counted; somebody may ask for swap as well by having it done on the disk.
 */
export function installSwapNames(config: Config, facts: Facts, partuuids: readonly string[]): string[] {
  if (facts.memoryBytes >= enoughMemoryBytes && config.system.evaluateFirst) return [];
  return partuuids.map((_, index) => `dabei-swap-${index + 1}`);
}

/**
 * @param bytes of each partition
 * @param key at least 32 random bytes; every partition gets a key of its own derived from it
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
        // On standard input, since every process may read another's arguments.
        argv: ['dmsetup', 'create', name],
        stdin: cryptTable(byPartuuid(partuuids[index]!), bytes, key, index),
        timeoutSeconds: 60,
      },
      {
        kind: 'run',
        // udev makes the link, and dmsetup(8) waits for it only where udev's rules answer its cookie.
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

/** Machines with less RAM and no swap partition compress what they have: two thirds of it make up for twice as much. */
const zramBelowBytes = 2 ** 30;

/** What compressing brings beyond the RAM itself, in bytes: as much again, carefully reckoned. */
export const zramBytes = (memoryBytes: number): number => (memoryBytes < zramBelowBytes ? memoryBytes : 0);

/**
 * Swap in compressed memory, for small machines that get no swap partition. It needs no key, since it never leaves the
 * RAM (Documentation/admin-guide/blockdev/zram.rst).
 */
export function startZram(facts: Facts): Step[] {
  if (facts.memoryBytes >= zramBelowBytes) return [];
  return [
    {
      kind: 'run',
      doing: 'loading the module for compressed memory',
      argv: ['modprobe', 'zram'],
      timeoutSeconds: 60,
    },
    {
      kind: 'run',
      // An installation that is repeated by hand finds it in use, and its size cannot be set then.
      doing: 'turning off swap on /dev/zram0',
      argv: ['swapoff', '/dev/zram0'],
      timeoutSeconds: 300,
      // 4: it was not in use (swapoff(8)).
      accept: [4],
    },
    // udev looks at what is new, and the kernel resets nothing that somebody has open (zram_drv.c, reset_store).
    settle,
    {
      kind: 'kernel',
      doing: 'emptying the compressed memory',
      path: '/sys/block/zram0/reset',
      value: '1',
      // A new one is empty.
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

/** Failing is no harm: the machine reboots, and the key is gone with it. */
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
 * One line of a device-mapper table: start, length in sectors of 512 bytes, target; cipher, key in hex, IV offset,
 * device, offset, options (Documentation/admin-guide/device-mapper/dm-crypt.rst). XTS takes two keys of 256 bits. Without
 * work queues, what waits for its memory does the work itself: less waiting, and nothing to allocate where there is nothing.
 */
function cryptTable(device: string, bytes: number, key: Secret, index: number): Secret {
  const own = createHash('sha512').update(key.reveal()).update(String(index)).digest('hex');
  const options = ['allow_discards', 'no_read_workqueue', 'no_write_workqueue'];
  const table = `0 ${bytes / 512} crypt aes-xts-plain64 ${own} 0 ${device} 0 ${options.length} ${options.join(' ')}`;
  return new Secret(`${table}\n`);
}
