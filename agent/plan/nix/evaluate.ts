import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import { formatBytes } from '../../format.ts';
import { writeHostFlake } from '../host-flake/host-flake.ts';
import { zramBytes } from '../disks/install-swap.ts';
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
import { checkFlake } from './toplevel-expression.ts';

/** Evaluation of the system: in RAM, to see that it is one at all before a disk is touched, and then on the target. */

const directory = '/run/dabei/evaluation';
const flake = `${directory}/flake`;
/** What was fetched is not fetched again for the target. */
const fetched = `${directory}/cache`;

/** Whether a wrong flake is found while the disks are still as they were. */
export function evaluatesFirst({ system }: Config, { memoryBytes }: Facts): boolean {
  return system.storePath === undefined && system.evaluateFirst && memoryBytes >= enoughMemoryBytes;
}

/** The peak, where the evaluator looks for what is no longer in use: 804 MB (NIX_SHOW_STATS, nixpkgs 26.11pre); Nix itself. */
const evaluationBytes = 850 * 2 ** 20;

/**
 * A small flake evaluates in a few megabytes, so this is no refusal.
 * @param swapBytes on the disks, while installing
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

/** Nothing is built, and all that is written is in RAM. */
export function planEvaluation(config: Config, facts: Facts, storage: TargetStorage): Step[] {
  const root = `${directory}/root`;
  const directories = { ...nixDirectories(directory), XDG_CACHE_HOME: fetched };
  const nix = nixIn(nixEnvironment(config, facts, directories), installerSecrets(root, config.system.flake));
  return [
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
    ...lockAndEvaluate(nix, config, facts.system, {
      root,
      flake,
      check: `${directory}/check`,
      derivation: `${directory}/toplevel.drv`,
      memoryBytes: facts.memoryBytes,
    }).map(step =>
      step.kind === 'run'
        ? {
            ...step,
            whenFull: tooLargeForRam,
            whenKilled: tooLargeForRam,
            // Before the time is over after which the old system returns (image/media/bundle/lib/options.sh).
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

/** What pure evaluation refuses, as Nix 2.26 says it (libexpr/eval.cc, primops.cc, primops/fetchTree.cc). */
const impure = {
  pattern:
    /pure evaluation mode|on unlocked flake reference|attribute '(currentTime|currentSystem)' missing|will not fetch unlocked input/,
  code: 'FLAKE_IMPURE' as const,
  remedy:
    'have the flake read only its own files and locked inputs: no absolute paths, no <nixpkgs>, a hash for everything that is ' +
    'fetched; pass the system where it uses builtins.currentSystem. To check it: nix build FLAKE#nixosConfigurations.' +
    'NAME.config.system.build.toplevel, without --impure. Then run: dabei install',
};

/** What the target gets of an evaluation in RAM: what its inputs were locked to. */
export function keepLock(target: string): Step {
  return {
    kind: 'run',
    doing: 'keeping the lock file of the inputs',
    argv: ['cp', `${flake}/flake.lock`, target],
    timeoutSeconds: 10,
    // A flake without inputs has none.
    optional: true,
  };
}

/** Environment variables for Nix on the target. */
export function fetchedAlready(): Record<string, string> {
  return { XDG_CACHE_HOME: fetched };
}

export interface Place {
  /** Nix's store is below it. */
  root: string;
  /** Directory of the host flake. */
  flake: string;
  /** Directory of the flake around it. */
  check: string;
  /** The link that is made to the derivation. */
  derivation: string;
  /** RAM, and swap on disks. */
  memoryBytes: number;
}

/** All that evaluating a NixOS allocates is 0.9 GB, of which 0.6 GB are in use at the end (NIX_SHOW_STATS, nixpkgs 26.11pre). */
const heapBytes = 2 ** 30;

/**
 * Where there is room, the evaluator starts with so much that it never looks for what is no longer in use: it would look at
 * everything, and bring back all that lies in swap, again and again (bdwgc, docs/README.environment).
 */
function largeHeap(memoryBytes: number): Record<string, string> {
  return memoryBytes < 1.4 * heapBytes ? {} : { GC_INITIAL_HEAP_SIZE: String(heapBytes) };
}

/**
 * Evaluation is a process of its own that leaves a derivation behind: it takes 0.8 to 1 GB, which are free again when
 * fetching begins, and its failure is FLAKE_EVALUATION while everything after it is FLAKE_BUILD.
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
    { ...evaluation, env: { ...evaluation.env, ...largeHeap(memoryBytes) }, whenSaying: [impure] },
  ];
}
