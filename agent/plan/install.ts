import type { Config } from '../config/schema.ts';
import type { ErrorCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Closure } from './closure.ts';
import type { RunStep, Step } from './step.ts';
import { flakeDirectory, targetRoot, workDirectory } from './target.ts';
import { toplevelExpression } from './toplevel-expression.ts';

/** What Nix does: from the host flake to a system profile in the target's store, as nixos-install(8) leaves it. */

/** The profile whose newest generation the boot loader starts. */
export const systemProfile = `${targetRoot}/nix/var/nix/profiles/system`;

const store = ['--store', targetRoot];
/** A root of the garbage collector until the profile is one. */
const toplevel = `${workDirectory}/toplevel`;

const gibibyte = 2 ** 30;
const minute = 60;
const hour = 60 * minute;

/**
 * Locks, evaluates, fetches or builds, and makes the result the target's system profile.
 *
 * Evaluation is a process of its own that leaves a derivation behind: it takes some 740 MB, which are free again when
 * fetching begins, and its failure is FLAKE_EVALUATION while everything after it is FLAKE_BUILD.
 * @param closure of a system that was built elsewhere: it is copied instead
 */
export function planInstall(config: Config, facts: Facts, closure?: Closure): Step[] {
  const nix = nixIn(nixEnvironment(config, facts, closure?.substituters));
  return [
    {
      kind: 'run',
      doing: 'making directories for Nix on the target',
      argv: ['mkdir', '-p', ...Object.values(directories), `${targetRoot}/var/log`],
      timeoutSeconds: 10,
    },
    ...(closure ? [copy(nix, closure)] : evaluateAndBuild(nix, config, facts.system)),
    nix(
      'setting the system profile',
      ['nix-env', ...store, '--profile', systemProfile, '--set', toplevel],
      10 * minute,
      'FLAKE_BUILD',
    ),
    pointRootsInside(targetRoot),
    {
      kind: 'run',
      doing: "removing Nix's working files from the target",
      argv: ['rm', '-rf', workDirectory],
      timeoutSeconds: 10 * minute,
    },
    ...markAsNixos(targetRoot),
  ];
}

type MakeNixStep = ReturnType<typeof nixIn>;

function evaluateAndBuild(nix: MakeNixStep, config: Config, system: string): Step[] {
  const derivation = `${workDirectory}/toplevel.drv`;
  return [
    nix(
      'fetching and locking the inputs of the host flake',
      ['nix', 'flake', 'lock', ...store, `path:${targetRoot}${flakeDirectory}`],
      hour,
      'FLAKE_EVALUATION',
    ),
    nix(
      'evaluating the system',
      ['nix-instantiate', ...store, '--add-root', derivation, '--expr', toplevelExpression(config, system)],
      hour,
      'FLAKE_EVALUATION',
    ),
    nix(
      'fetching and building the system',
      ['nix-store', ...store, '--realise', derivation, '--add-root', toplevel],
      6 * hour,
      'FLAKE_BUILD',
    ),
  ];
}

/** Nothing is evaluated. Nix compares every signature and every hash once more, and leaves nothing half copied behind. */
function copy(nix: MakeNixStep, { toplevel: path, paths, narBytes }: Closure): Step {
  const quiet = ['--log-format', 'internal-json'];
  return {
    ...nix(
      'copying the prebuilt system',
      ['nix-store', ...store, ...quiet, '--realise', path, '--add-root', toplevel],
      6 * hour,
      'CLOSURE_COPY',
    ),
    copies: { paths, bytes: narBytes },
    // What has arrived stays.
    attempts: 5,
  };
}

/** Makes steps that start Nix with an environment. */
export function nixIn(env: Readonly<Record<string, string>>) {
  return (doing: string, argv: readonly string[], timeoutSeconds: number, errorCode: ErrorCode): RunStep => ({
    kind: 'run',
    doing,
    // A fresh /proc: Nix's sandbox needs one on which nothing is mounted (user_namespaces(7), "fully visible"), and
    // /proc/cmdline is covered here.
    argv: ['unshare', '--fork', '--kill-child', '--pid', '--mount-proc', ...argv],
    env,
    timeoutSeconds,
    progress: true,
    errorCode,
    remedy: remedies[errorCode],
  });
}

export function pointRootsInside(root: string): RunStep {
  return {
    kind: 'run',
    doing: 'pointing the roots of the garbage collector into the installed system',
    // Nix made it with the path that the profiles have here.
    argv: ['ln', '-sfn', '/nix/var/nix/profiles', `${root}/nix/var/nix/gcroots/profiles`],
    timeoutSeconds: 10,
  };
}

export function markAsNixos(root: string): Step[] {
  return [
    {
      kind: 'write',
      doing: 'marking the target as a NixOS system',
      path: `${root}/etc/NIXOS`,
      mode: 0o644,
      content: '',
    },
    {
      kind: 'run',
      doing: 'linking /etc/mtab for the boot loader',
      argv: ['ln', '-sfn', '/proc/mounts', `${root}/etc/mtab`],
      timeoutSeconds: 10,
    },
  ];
}

const remedies: Partial<Record<ErrorCode, string>> = {
  FLAKE_EVALUATION: 'correct the flake that the message is about, then run: dabei install',
  FLAKE_BUILD:
    'see that the machine reaches its binary cache and has the time right, then run: dabei install',
  CLOSURE_COPY: 'see that the machine reaches its binary caches, then run: dabei install',
};

const directories = {
  HOME: `${workDirectory}/home`,
  XDG_CACHE_HOME: `${workDirectory}/cache`,
  TMPDIR: `${workDirectory}/tmp`,
};

function nixEnvironment(
  { system }: Config,
  facts: Facts,
  substituters: readonly string[] | undefined = system?.substituters,
): Record<string, string> {
  const keys = system?.trustedPublicKeys;
  const caches: Record<string, string> = {
    ...(substituters === undefined ? {} : { substituters: substituters.join(' ') }),
    ...(keys === undefined ? {} : { 'trusted-public-keys': keys.join(' ') }),
    // A prebuilt system is tried again as a whole, after longer waits.
    ...(system?.storePath === undefined ? {} : { 'download-attempts': '5' }),
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
