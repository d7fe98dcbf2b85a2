import type { Config } from '../../config/schema.ts';
import type { Facts } from '../../facts.ts';
import type { Closure } from './closure.ts';
import { fetchedAlready, lockAndEvaluate } from './evaluate.ts';
import { installerSecrets } from './apart.ts';
import { hour, minute, nixDirectories, nixEnvironment, nixIn, type MakeNixStep } from './nix-step.ts';
import type { RunStep, Step } from '../step.ts';
import { flakeDirectory, targetRoot, workDirectory } from '../target.ts';

/** Makes a system profile in the target's store from the host flake, with the same result as nixos-install(8). */

/** The profile whose newest generation the boot loader starts. */
const systemProfile = `${targetRoot}/nix/var/nix/profiles/system`;

const store = ['--store', targetRoot];
/** Protects the system from the garbage collector until the profile does. */
const toplevel = `${workDirectory}/toplevel`;

/**
 * Locks, evaluates, fetches or builds the system, and makes it the target's system profile.
 * @param from closure: the prebuilt system to copy instead; evaluated: an evaluation in RAM has already fetched the inputs;
 *   swapBytes: swap on the disks during the installation
 */
export function planInstall(
  config: Config,
  facts: Facts,
  {
    closure,
    evaluated = false,
    swapBytes = 0,
  }: { closure?: Closure | undefined; evaluated?: boolean; swapBytes?: number } = {},
): Step[] {
  const directories = { ...nixDirectories(workDirectory), ...(evaluated ? fetchedAlready() : {}) };
  const nix = nixIn(
    nixEnvironment(config, facts, directories, closure?.substituters),
    installerSecrets(targetRoot, config.system.flake),
  );
  return [
    {
      kind: 'run',
      doing: 'making directories for Nix on the target',
      argv: ['mkdir', '-p', ...Object.values(directories), `${targetRoot}/var/log`],
      timeoutSeconds: 10,
    },
    ...(closure ? [copy(nix, closure)] : evaluateAndBuild(nix, config, facts, swapBytes)),
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

function evaluateAndBuild(nix: MakeNixStep, config: Config, facts: Facts, swapBytes: number): Step[] {
  const place = {
    root: targetRoot,
    flake: `${targetRoot}${flakeDirectory}`,
    check: `${workDirectory}/check`,
    derivation: `${workDirectory}/toplevel.drv`,
    memoryBytes: facts.memoryBytes + swapBytes,
  };
  return [
    ...lockAndEvaluate(nix, config, facts.system, place),
    nix(
      'fetching and building the system',
      ['nix-store', ...store, '--realise', place.derivation, '--add-root', toplevel],
      6 * hour,
      'FLAKE_BUILD',
    ),
  ];
}

/** Copies a prebuilt system. Nix checks every signature and every hash again, and leaves no incomplete path behind. */
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
    // Complete paths stay, so another attempt continues the copy.
    attempts: 5,
  };
}

export function pointRootsInside(root: string): RunStep {
  return {
    kind: 'run',
    doing: 'pointing the roots of the garbage collector into the installed system',
    // Nix created the link with the profiles' path in the installer.
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
