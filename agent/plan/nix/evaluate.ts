import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { writeHostFlake } from '../host-flake/host-flake.ts';
import { startZram, zramBytes } from '../disks/install-swap.ts';
import { installerSecrets } from './apart.ts';
import {
  enoughMemoryBytes,
  hour,
  minute,
  nixDirectories,
  nixEnvironment,
  nixIn,
  type MakeNixStep,
} from './nix-step.ts';
import type { Step } from '../step.ts';
import type { TargetStorage } from '../target.ts';
import { checkFlake, sshDisabled } from './toplevel-expression.ts';

/** Evaluates the system: first in RAM, to find errors before dabei touches a disk, and then on the target. */

const directory = '/run/dabei/evaluation';
const flake = `${directory}/flake`;
/** Nix's cache of fetched inputs: the evaluation on the target uses it again. */
const fetched = `${directory}/cache`;

/** Whether dabei evaluates the system in RAM, before it changes the disks. */
export function evaluatesFirst({ system }: Config, { memoryBytes }: Facts): boolean {
  return system.storePath === undefined && system.evaluateFirst && memoryBytes >= enoughMemoryBytes;
}

/** Peak of an evaluation with garbage collection, 804 MB (NIX_SHOW_STATS, nixpkgs 26.11pre), plus Nix itself. */
const evaluationBytes = 850 * 2 ** 20;

/**
 * Warns if the memory is too small for NixOS. This is not a refusal, because a small flake needs only a few megabytes.
 * @param swapBytes swap on the disks during the installation
 * @returns sentences without a full stop
 */
export function evaluationWarnings(
  config: Config,
  { memoryBytes }: Pick<Facts, 'memoryBytes'>,
  swapBytes: number,
): string[] {
  if (config.system.storePath !== undefined) return [];
  const total = memoryBytes + (swapBytes > 0 ? swapBytes : zramBytes(memoryBytes));
  if (total >= evaluationBytes) return [];
  const has = `${formatBytes(memoryBytes)} of RAM and ${formatBytes(total - memoryBytes)} of swap`;
  return [
    `evaluating NixOS takes about ${formatBytes(evaluationBytes)} of memory, and the machine has ${has}: increase disks.swap, ` +
      'or give a system that was built elsewhere as system.storePath',
  ];
}

/**
 * Builds nothing of the system, and writes only to RAM.
 * @param more further steps with the evaluated flake, before its memory is released
 */
export function planEvaluation(
  config: Config,
  facts: Facts,
  storage: TargetStorage,
  more: (nix: MakeNixStep, place: Place) => Step[] = () => [],
): Step[] {
  const root = `${directory}/root`;
  const directories = { ...nixDirectories(directory), XDG_CACHE_HOME: fetched };
  const nix = nixIn(nixEnvironment(config, facts, directories), installerSecrets(root, config.system.flake));
  const place: Place = {
    root,
    flake,
    check: `${directory}/check`,
    derivation: `${directory}/toplevel.drv`,
    memoryBytes: facts.memoryBytes,
  };
  const isDisko = config.disks?.layout === 'disko';
  const tooLarge = isDisko ? layoutTooLargeForRam : tooLargeForRam;
  return [
    ...(isDisko ? startZram(facts, enoughMemoryBytes) : []),
    {
      kind: 'run',
      doing: 'removing what an earlier evaluation left',
      argv: ['rm', '-rf', directory],
      timeoutSeconds: 10 * 60,
    },
    {
      kind: 'run',
      doing: 'making directories for an evaluation in RAM',
      argv: ['mkdir', '-p', root, ...Object.values(directories)],
      timeoutSeconds: 10,
    },
    ...writeHostFlake(config, facts, storage, flake),
    ...[...lockAndEvaluate(nix, config, facts.system, place), ...more(nix, place)].map(step =>
      step.kind === 'run'
        ? {
            ...step,
            whenFull: tooLarge,
            whenKilled: tooLarge,
            // Shorter than the return timer (returnAfterSeconds in agent/limits.ts), which expires without a login.
            timeoutSeconds: 15 * minute,
          }
        : step,
    ),
    {
      kind: 'run',
      doing: 'releasing the memory of the evaluation',
      argv: ['rm', '-rf', root],
      timeoutSeconds: 10 * 60,
    },
  ];
}

const tooLargeForRam = {
  code: 'MEMORY_TOO_SMALL' as const,
  remedy:
    'set system.evaluateFirst to false: evaluation then happens after the disks are erased, with swap; or give ' +
    'a system that was built elsewhere as system.storePath',
};

/** Only the evaluation shows the disks, so dabei cannot evaluate later instead. */
const layoutTooLargeForRam = {
  code: 'MEMORY_TOO_SMALL' as const,
  remedy:
    'give a system that was built elsewhere as system.storePath, with its disko script as system.diskoScript',
};

/** Errors of pure evaluation, in the words of Nix 2.26 (libexpr/eval.cc, primops.cc, primops/fetchTree.cc). */
const impure = {
  pattern:
    /pure evaluation mode|on unlocked flake reference|attribute '(currentTime|currentSystem)' missing|will not fetch unlocked input/,
  code: 'FLAKE_IMPURE' as const,
  remedy:
    'have the flake read only its own files and locked inputs: no absolute paths, no <nixpkgs>, a hash for everything that is ' +
    'fetched; pass the system where it uses builtins.currentSystem. To check it: nix build FLAKE#nixosConfigurations.' +
    'NAME.config.system.build.toplevel, without --impure. Then run: dabei install',
};

/** The flake is right, but nobody could reach its machine. Nix quotes the expression beside every error, so "error:" counts. */
const noLogin = {
  pattern: new RegExp(`error: ${sshDisabled.replaceAll('.', '\\.')}`),
  code: 'NO_LOGIN' as const,
  remedy:
    'set services.openssh.enable to true in the flake; if there is another way to log in, set system.allowDisabledSsh. Then run: ' +
    'dabei install',
};

/** Copies the lock file of an evaluation in RAM to `target`, a path of the target. */
export function keepLock(target: string): Step {
  return {
    kind: 'run',
    doing: 'keeping the lock file of the inputs',
    argv: ['cp', `${flake}/flake.lock`, target],
    timeoutSeconds: 10,
    // A flake without inputs has no lock file.
    optional: true,
  };
}

/** Environment variables for Nix on the target, after an evaluation in RAM. */
export function fetchedAlready(): Record<string, string> {
  return { XDG_CACHE_HOME: fetched };
}

export interface Place {
  /** Directory that contains the Nix store. */
  root: string;
  /** Directory of the host flake. */
  flake: string;
  /** Directory of the flake around the host flake (toplevel-expression.ts). */
  check: string;
  /** Path of the link to the derivation, which Nix creates. */
  derivation: string;
  /** RAM, and swap on disks. */
  memoryBytes: number;
}

/** An evaluation of NixOS allocates 0.9 GB, of which 0.6 GB are in use at the end (NIX_SHOW_STATS, nixpkgs 26.11pre). */
const heapBytes = 2 ** 30;

/**
 * Avoids garbage collection, if the memory suffices, by a large initial heap (bdwgc, docs/README.environment). A collection visits
 * the whole heap, so each one would read all swapped pages back into RAM.
 */
function largeHeap(memoryBytes: number): Record<string, string> {
  return memoryBytes < 1.4 * heapBytes ? {} : { GC_INITIAL_HEAP_SIZE: String(heapBytes) };
}

/**
 * Locks the host flake and evaluates it to a derivation. The evaluation is a separate process, which takes 0.8 to 1 GB: its memory is
 * free when Nix begins to fetch the system, and its failure has the code FLAKE_EVALUATION instead of FLAKE_BUILD.
 * @param system the machine's system in Nix's notation (`nixSystem` of arch.ts)
 */
export function lockAndEvaluate(
  nix: MakeNixStep,
  config: Config,
  system: string,
  { root, flake, check, derivation, memoryBytes }: Place,
): Step[] {
  const evaluation = nix(
    'evaluating the system',
    [
      ...['nix', 'build', '--store', root, '--out-link', derivation, '--no-write-lock-file'],
      `path:${check}#derivation`,
    ],
    hour,
    'FLAKE_EVALUATION',
  );
  return [
    nix(
      'fetching and locking the inputs of the host flake',
      ['nix', 'flake', 'lock', '--store', root, `path:${flake}`],
      hour,
      'FLAKE_EVALUATION',
    ),
    {
      kind: 'write',
      doing: 'writing the expression to evaluate',
      path: `${check}/flake.nix`,
      mode: 0o644,
      content: checkFlake(config, system, flake),
    },
    { ...evaluation, env: { ...evaluation.env, ...largeHeap(memoryBytes) }, whenSaying: [noLogin, impure] },
  ];
}
