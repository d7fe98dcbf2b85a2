import { join } from 'node:path';
import { crossedTarget } from '../lib/crossing.ts';
import { BuildError } from '../lib/errors.ts';
import * as files from '../lib/files.ts';
import { runIn, type ChrootCommand } from '../lib/host.ts';
import { tell } from '../lib/progress.ts';
import { DabeiError } from '../../agent/errors.ts';
import type { Finished } from '../../agent/host/exec.ts';
import { needs, unpackAlone, type Packages } from './packages.ts';
import type { Need } from './needs.ts';

/**
 * Runs programs of the target while its image is built: directly where this machine is the target, otherwise by QEMU's
 * emulation of single programs (qemu-user(1)), which is a static program and needs nothing of the root that it runs in. The
 * kernel is not asked to start programs of another architecture (binfmt_misc), so an emulated program cannot start others.
 */

const name = 'emulator';

/** What to fetch for it. */
export const emulatorNeeds: readonly Need[] =
  crossedTarget === null ? [] : [needs.packages(name, [crossedTarget.qemu.user.package])];

/** @returns null where this machine is the target */
export async function unpackEmulator(): Promise<Packages | null> {
  return crossedTarget === null ? null : unpackAlone(name, [crossedTarget.qemu.user.package]);
}

/** Where the emulator's directory appears inside of a root. */
const place = '/emulator';

/** QEMU emulates threads on threads of its own; a run that hangs or breaks there may well succeed the next time. */
const tries = 3;
/** How many times longer a program may take than on a machine of its own: QEMU translates each instruction, into some ten. */
const slowness = 10;

/** Variables of the program alone: one such as LD_BIND_NOW would reach what enters the root, too. */
type Variables = Readonly<Record<string, string>>;

/**
 * Runs a program of the target inside a root, as `runIn` does for one of this machine. Emulated, there are three
 * tries, each with ten times the limit.
 * @param emulator of `unpackEmulator`
 * @param variables set by busybox, which the root must have if there are any, or by the emulator
 * @throws DabeiError as `runIn`
 */
export async function runTarget(
  emulator: Packages | null,
  command: ChrootCommand,
  variables: Variables = {},
): Promise<Finished> {
  if (emulator === null || crossedTarget === null) {
    const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const setting = set.length === 0 ? [] : ['/usr/bin/busybox', 'env', ...set];
    return runIn({ ...command, argv: [...setting, ...command.argv] });
  }
  const { program, package: from } = crossedTarget.qemu.user;
  const emulated = emulatedCommand(command, join(emulator.path, from, 'usr/bin'), program, variables);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runIn(emulated);
    } catch (error) {
      if (attempt === tries || !(error instanceof DabeiError)) throw error;
      tell(`${command.doing}: try ${attempt} of ${tries} under emulation failed: ${error.problem}`);
    }
  }
}

/**
 * Removes the empty directory that `runTarget` leaves in a root. Not for roots in the cache: another build may have the emulator mounted
 * there at this moment, and would lose it (rmdir(2) of a mount point in another namespace).
 */
export const removePlace = (root: string): void => files.remove(join(root, place));

/**
 * @param directory of the emulator, on this machine
 * @param emulator its file name there
 * @throws BuildError BUILD_STEP if the root has no such program
 */
export function emulatedCommand(
  command: ChrootCommand,
  directory: string,
  emulator: string,
  variables: Variables = {},
): ChrootCommand {
  const [program = '', ...rest] = command.argv;
  return {
    ...command,
    mounts: { ...command.mounts, [place]: directory },
    starter: [
      `${place}/${emulator}`,
      ...Object.entries(variables).flatMap(([name, value]) => ['-E', `${name}=${value}`]),
    ],
    argv: [program.includes('/') ? program : found(command.root, program), ...rest],
    timeoutSeconds: slowness * command.timeoutSeconds,
  };
}

/** The emulator looks for no program itself. */
function found(root: string, program: string): string {
  const path = ['/usr/sbin', '/usr/bin'].map(directory => `${directory}/${program}`);
  const there = path.find(candidate => files.kind(join(root, candidate)) !== null);
  if (there !== undefined) return there;
  throw new BuildError('BUILD_STEP', {
    doing: `looking for ${program}`,
    problem: `${root} does not have it in ${path.join(' or ')}`,
  });
}
