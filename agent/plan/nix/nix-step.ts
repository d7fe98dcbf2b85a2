import type { Config } from '../../config/schema.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import { apart } from './apart.ts';
import type { RunStep } from '../step.ts';

/** How Nix is started: settings and environment for installing into a store below another root. */

export const minute = 60;
export const hour = 60 * minute;
const gibibyte = 2 ** 30;

/**
 * MemTotal from which a system is evaluated in RAM, and without swap: nixpkgs unpacked on a tmpfs (which takes half of the
 * RAM at most), and the evaluator's own GB.
 */
export const enoughMemoryBytes = 3 * gibibyte;

/**
 * Makes steps that start Nix with an environment.
 * @param hidden directories that it does not see, since code of others is evaluated beside them
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

/** Nix's own files below a directory, as environment variables. */
export function nixDirectories(work: string) {
  return { HOME: `${work}/home`, XDG_CACHE_HOME: `${work}/cache`, TMPDIR: `${work}/tmp` };
}

/**
 * @param directories as `nixDirectories` gives them
 * @param substituters instead of the configuration's
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
    // A prebuilt system is tried again as a whole, after longer waits.
    ...(system.storePath === undefined ? {} : { 'download-attempts': '5' }),
  };
  return { ...directories, NIX_CONFIG: nixSettings(facts.memoryBytes, caches) };
}

/** Text of a nix.conf for installing into a store below another root. */
export function nixSettings(memoryBytes: number, more: Readonly<Record<string, string>> = {}): string {
  const isSmall = memoryBytes < 2 * gibibyte;
  const settings: Record<string, string | number | boolean> = {
    'experimental-features': 'nix-command flakes',
    // Nothing is looked up by a short name in a list on the internet: inputs have addresses.
    'flake-registry': '',
    // An initrd has no build users; a store below another root has the sandbox.
    'build-users-group': '',
    sandbox: true,
    'sandbox-fallback': false,
    // What a flake says about Nix's own settings (nixConfig) is the flake's wish alone.
    'accept-flake-config': false,
    // A failure would be remembered, and told again after its cause is gone.
    'eval-cache': false,
    'max-jobs': isSmall ? 1 : 'auto',
    cores: 0,
    'connect-timeout': 20,
    'download-attempts': 8,
    'stalled-download-timeout': 60,
    // Downloads that wait in memory for the disk.
    'http-connections': isSmall ? 8 : 25,
    'max-substitution-jobs': isSmall ? 4 : 16,
    'download-buffer-size': (isSmall ? 8 : 64) * 2 ** 20,
    // ZFS writes in the order of its transaction groups: a power cut takes the last seconds, never a path's content alone.
    'fsync-metadata': false,
    ...more,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n');
}
