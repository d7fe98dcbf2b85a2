import { target, isCrossed } from './target.ts';
import type { Arch } from '../../agent/arch.ts';

/**
 * How programs of this machine make files for the target: Debian's cross compiler, and a sysroot with the target's headers and
 * libraries (gcc(1), --sysroot). On the target itself, every function returns what it is given.
 */

/** The target, where this machine only makes files for it; null on the target itself. */
export const crossedTarget: Arch | null = isCrossed ? target : null;

/** Where the sysroot is mounted while something is built. */
export const sysroot = '/sysroot';

/** A program of gcc or binutils that reads or writes files of the target. */
export const tool = (name: string): string => toolFor(crossedTarget, name);

/** @param crossed null: this machine is the target */
export const toolFor = (crossed: Pick<Arch, 'triplet'> | null, name: string): string =>
  crossed === null ? name : `${crossed.triplet}-${name}`;

/** The compiler with its headers and libraries, as one word of `make` and of ./configure. */
const compilerFor = (crossed: Pick<Arch, 'triplet'>): string =>
  `${toolFor(crossed, 'gcc')} --sysroot=${sysroot}`;

/** Variables that ./configure and `make` read; empty on the target itself. pkg-config(1) describes its own. */
export function environmentFor(
  crossed: Pick<Arch, 'triplet' | 'libraries'> | null,
): Readonly<Record<string, string>> {
  if (crossed === null) return {};
  return {
    CC: compilerFor(crossed),
    AR: toolFor(crossed, 'ar'),
    PKG_CONFIG_LIBDIR: `${sysroot}/${crossed.libraries}/pkgconfig:${sysroot}/usr/share/pkgconfig`,
    PKG_CONFIG_SYSROOT_DIR: sysroot,
  };
}

/**
 * A command of a recipe, as it is for the target: ./configure of autoconf gets --host (autoconf.info, "Specifying Target
 * Triplets"), cmake a system name and a compiler (cmake-toolchains(7), "Cross Compiling for Linux"), `make` the compiler, which
 * some makefiles set themselves. Others stay.
 */
export function commandFor(
  crossed: Pick<Arch, 'machine' | 'triplet'> | null,
  argv: readonly string[],
): readonly string[] {
  if (crossed === null) return argv;
  const program = argv.find(word => word !== 'env' && !/^[A-Z]+=/.test(word));
  const after = (more: readonly string[]) => {
    const at = argv.indexOf(program ?? '') + 1;
    return [...argv.slice(0, at), ...more, ...argv.slice(at)];
  };
  if (program === './configure') return after([`--host=${crossed.triplet}`]);
  if (program === 'make') return [...argv, `CC=${compilerFor(crossed)}`];
  if (program !== 'cmake') return argv;
  const only = (kind: string, mode: string) => `-DCMAKE_FIND_ROOT_PATH_MODE_${kind}=${mode}`;
  return after([
    ...['-DCMAKE_SYSTEM_NAME=Linux', `-DCMAKE_SYSTEM_PROCESSOR=${crossed.machine}`],
    ...[`-DCMAKE_C_COMPILER=${toolFor(crossed, 'gcc')}`, `-DCMAKE_SYSROOT=${sysroot}`],
    ...[only('PROGRAM', 'NEVER'), only('LIBRARY', 'ONLY'), only('INCLUDE', 'ONLY')],
  ]);
}
