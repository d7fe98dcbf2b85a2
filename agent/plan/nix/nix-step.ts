import type { Config } from '../../config/schema.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import { apart } from './apart.ts';
import type { RunStep } from '../step.ts';

/** Steps that start Nix: its settings and environment for a store below another root. */

export const minute = 60;
export const hour = 60 * minute;
const gibibyte = 2 ** 30;

/**
 * Minimum of MemTotal for an evaluation in RAM, without swap: an unpacked nixpkgs on a tmpfs (which can use half of the RAM), and
 * 1 GB for the evaluator.
 */
export const enoughMemoryBytes = 3 * gibibyte;

/**
 * Returns a function that makes steps, each of which starts Nix.
 * @param env environment variables of Nix
 * @param hidden directories to hide from Nix, because it evaluates other people's code (apart.ts)
 */
export function nixIn(env: Readonly<Record<string, string>>, hidden: readonly string[]) {
  return (doing: string, argv: readonly string[], timeoutSeconds: number, errorCode: ErrorCode): RunStep => ({
    kind: 'run',
    doing,
    argv: apart(hidden, argv),
    env,
    timeoutSeconds,
    progress: true,
    errorCode,
    remedy: remedies[errorCode],
    whenFull: full,
    whenKilled: killed,
  });
}

export type MakeNixStep = ReturnType<typeof nixIn>;

const remedies: Partial<Record<ErrorCode, string>> = {
  FLAKE_EVALUATION: 'correct the flake as the message says, then run: dabei install',
  FLAKE_BUILD:
    'check that the machine reaches its binary cache and that its clock is right, then run: dabei install',
  CLOSURE_COPY: 'check that the machine reaches its binary caches, then run: dabei install',
};

const full = {
  code: 'POOL_FULL' as const,
  remedy: 'check what uses the space: zfs list -o space; name larger disks, or install a smaller system',
};

const killed = {
  code: 'MEMORY_TOO_SMALL' as const,
  remedy:
    'if the kernel killed it for lack of memory (dmesg): start again with a larger disks.swap and disks.wipe, or give a ' +
    'system that was built elsewhere as system.storePath; else run: dabei install',
};

/** Environment variables that put Nix's own files below a directory. */
export function nixDirectories(work: string) {
  return { HOME: `${work}/home`, XDG_CACHE_HOME: `${work}/cache`, TMPDIR: `${work}/tmp` };
}

/**
 * Environment variables for Nix, including its settings (NIX_CONFIG).
 * @param directories the result of `nixDirectories`
 * @param substituters binary caches to use instead of the configured ones
 */
export function nixEnvironment(
  { system }: Config,
  facts: Facts,
  directories: Readonly<Record<string, string>>,
  substituters: readonly string[] | undefined = system.substituters,
): Record<string, string> {
  const keys = system.trustedPublicKeys;
  const caches: Record<string, string> = {
    ...(substituters === undefined ? {} : { substituters: substituters.join(' ') }),
    ...(keys === undefined ? {} : { 'trusted-public-keys': keys.join(' ') }),
    // The copy of a prebuilt system has longer waits of its own between attempts (RunStep.attempts).
    ...(system.storePath === undefined ? {} : { 'download-attempts': '5' }),
  };
  return { ...directories, NIX_CONFIG: nixSettings(facts.memoryBytes, caches) };
}

/** Text of a nix.conf for installing into a store below another root. */
export function nixSettings(memoryBytes: number, more: Readonly<Record<string, string>> = {}): string {
  const isSmall = memoryBytes < 2 * gibibyte;
  const settings: Record<string, string | number | boolean> = {
    'experimental-features': 'nix-command flakes',
    // Inputs have addresses, so Nix must not look up short names: neither in a list on the internet nor in the image's
    // registry.json, which is for people. Nix 2.26 would resolve an input without an address by that file.
    'flake-registry': '',
    'use-registries': false,
    // The installer has no build users. Nix can use its sandbox with a store below another root.
    'build-users-group': '',
    sandbox: true,
    'sandbox-fallback': false,
    // A flake must not change Nix's settings (nixConfig).
    'accept-flake-config': false,
    // The cache stores failures, too: Nix would report them even after the user has corrected the cause.
    'eval-cache': false,
    'max-jobs': isSmall ? 1 : 'auto',
    cores: 0,
    'connect-timeout': 20,
    'download-attempts': 8,
    'stalled-download-timeout': 60,
    // These limit downloads that wait in memory for the disk.
    'http-connections': isSmall ? 8 : 25,
    'max-substitution-jobs': isSmall ? 4 : 16,
    'download-buffer-size': (isSmall ? 8 : 64) * 2 ** 20,
    // ZFS commits whole transaction groups in order: a power cut loses the last seconds, never only a path's contents.
    'fsync-metadata': false,
    ...more,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n');
}
