/**
 * Limits that this program and the shell of the kexec bundle both need: image/media/bundle/lib/limits.sh is made of them
 * (`shellLimits`), and test/unit/limits.test.ts compares the two. Limits of a configuration are in config/limits.ts.
 */

const mebibyte = 2 ** 20;

/** For an installation, and for a rescue system. */
export interface ByKind<T> {
  install: T;
  rescue: T;
}

/** RAM of virtual machines in which the image was seen to work, less what firmware keeps for itself; in bytes. */
export const leastRamBytes: ByKind<number> = { install: 250 * mebibyte, rescue: 154 * mebibyte };

/**
 * The same as the kernel's own MemTotal, which is less (proc_meminfo(5)): that of a virtual machine of 224 MiB to install.
 * The test system was installed in 184; more disks and cards take some, too.
 */
export const leastMemTotalBytes: ByKind<number> = { install: 200 * mebibyte, rescue: 118 * mebibyte };

/** kexec itself, its tables, and what goes on while it loads. */
export const loadingSlackBytes = 12 * mebibyte;

/** MemTotal from which `run` hands over its kernel, 4 MB, unless the configuration wants no rescue entry, and for nixos-anywhere. */
export const carryKernelBytes = 384 * mebibyte;

/** MemAvailable from which Node's libraries are unpacked ahead: 70 MiB, which the kernel may drop again. /init has the same figure. */
export const readAheadBytes = 256 * mebibyte;

/** What is appended to the initrd lies in RAM up to so many times: in the initrd, unpacked, and where Nix takes it. */
export const copiesOfAppended = 3;

/**
 * /nix of the rescue system that nixos-anywhere fills before a disk is mounted (agent/plan/nix/store-in-ram.ts). From MemTotal of
 * `leastMemTotalBytes.install` up to `belowBytes`, it is a compressed file system in RAM of MemTotal less `besideBytes`; above,
 * the overlay's tmpfs takes half of MemTotal, uncompressed.
 */
export const storeInRam = {
  belowBytes: 2 * 1024 * mebibyte,
  /** For the kernel, the image, sshd, Nix, and ZFS or LUKS of disko's script. With 224 MiB, a full one had I/O errors. */
  besideBytes: 256 * mebibyte,
  leastBytes: 32 * mebibyte,
  /**
   * How much more fits than the file system has. Debian's programs and libraries, 264 MB, were compressed to
   * 111 MB by zstd at level 3 in extents of 128 KiB, each in whole sectors of 4 KiB.
   */
  percent: 225,
  /** Programs that more room than this is enough for: a closure of disko's script had 381 MB. */
  enoughBytes: 1024 * mebibyte,
} as const;

/** COMMAND_LINE_SIZE is 2048 on every architecture of arch.ts, with a NUL at the end (asm/setup.h). */
export const longestCommandLineBytes = 2047;

/** Passphrases that ZFS takes (zfs-change-key(8), keyformat). */
export const passphraseBytes = { least: 8, most: 512 } as const;

/** Until the machine restarts into the old system where nobody logs in: before disks are touched, much may be fetched. */
export const returnAfterSeconds: ByKind<number> = { install: 2700, rescue: 900 };

/**
 * Between the last output of `run` and the jump: the SSH client has to get the exit status. sshd sends it in one packet as soon
 * as `run` has closed its output, and the network works until a second after this delay (`leave` in jump.sh). TCP repeats a lost
 * packet after about 0.2, 0.6 and 1.4 s (RFC 6298, with Linux's minimum of 200 ms: TCP_RTO_MIN in include/net/tcp.h).
 */
export const jumpDelaySeconds = 2;

/** Vdev types of the pool (zpoolconcepts(7)). */
export const poolLayouts = ['single', 'mirror', 'raidz1', 'raidz2', 'raidz3'] as const;

/** "disko": no pool of ours, but what the flake's own disko script makes of the disks. */
export const layouts = [...poolLayouts, 'disko'] as const;

/** The text of image/media/bundle/lib/limits.sh. */
export function shellLimits(): string {
  const values: Record<string, string | number> = {
    least_install_kib: leastMemTotalBytes.install / 1024,
    least_rescue_kib: leastMemTotalBytes.rescue / 1024,
    loading_slack_kib: loadingSlackBytes / 1024,
    read_ahead_kib: readAheadBytes / 1024,
    copies_of_appended: copiesOfAppended,
    store_below_kib: storeInRam.belowBytes / 1024,
    store_beside_kib: storeInRam.besideBytes / 1024,
    store_least_kib: storeInRam.leastBytes / 1024,
    store_percent: storeInRam.percent,
    store_enough_kib: storeInRam.enoughBytes / 1024,
    longest_command_line: longestCommandLineBytes,
    least_passphrase: passphraseBytes.least,
    most_passphrase: passphraseBytes.most,
    return_after_install: returnAfterSeconds.install,
    return_after_rescue: returnAfterSeconds.rescue,
    jump_delay: jumpDelaySeconds,
    layouts: `'${layouts.join(' ')}'`,
  };
  return [
    '# Limits of agent/limits.ts, of which this file is made (shellLimits). Kibibytes, bytes and seconds.',
    '# shellcheck shell=sh disable=SC2034 # Used by the other parts.',
    ...Object.entries(values).map(([name, value]) => `${name}=${value}`),
    '',
  ].join('\n');
}
