import { librarySet, sysrootSet } from '../debian/package-sets.ts';
import { unpack, type Packages } from '../debian/packages.ts';
import { crossedTarget, environmentFor, sysroot as sysrootPlace } from '../lib/crossing.ts';
import { runIn } from '../lib/host.ts';

/** What libraries and programs are compiled with. */
export interface LibraryTools {
  programs: Packages;
  /** The target's headers and libraries; null: they are among the programs. */
  sysroot: Packages | null;
}

export async function unpackLibraryTools(): Promise<LibraryTools> {
  const programs = await unpack(librarySet);
  return { programs, sysroot: sysrootSet === null ? null : await unpack(sysrootSet) };
}

/** As inputs of what is built with them. */
export const partsOf = ({ programs, sysroot }: LibraryTools): Packages[] =>
  sysroot === null ? [programs] : [programs, sysroot];

/**
 * kexec-tools makes a program for its own build, which runs on this machine: `make` must not give it the compiler that it is told to use
 * (make.info, "Target-specific"). None on the target itself.
 */
export const kexecBuildTool: readonly (readonly string[])[] =
  crossedTarget === null
    ? []
    : [['sed', '--in-place', 's/^$(BIN_TO_HEX): CC=/$(BIN_TO_HEX): override CC=/', 'util/Makefile']];

/** Runs one command of a recipe in the source tree. */
export type MakeCommand = (argv: readonly string[]) => Promise<unknown>;

/**
 * @param directory of this machine, which appears as /build
 * @param source the source tree, inside
 */
export function makeIn(
  { programs, sysroot }: LibraryTools,
  directory: string,
  doing: string,
  source: string,
): MakeCommand {
  return argv =>
    runIn({
      doing,
      root: programs.path,
      mounts: { '/build': directory, ...(sysroot === null ? {} : { [sysrootPlace]: sysroot.path }) },
      argv: ['env', `--chdir=${source}`, ...argv],
      env: environmentFor(crossedTarget),
      timeoutSeconds: 1800,
    });
}
