import { arch, rowOf, type Arch } from '../../agent/arch.ts';
import { BuildError } from './errors.ts';
import { checkout } from './host.ts';

/**
 * What this process builds, or tests, an image for: `--arch NAME`, otherwise the machine that it runs on. The whole process
 * works for one architecture, as for one cache.
 */
export const target: Arch = targetOf(process.argv);

/** Whether a compiler of this machine makes code for another one. */
export const isCrossed = target !== arch;

/** Where the image for an architecture is put: out/, and below it those that are not for this machine, whose files have the same names. */
export const outputOf = (row: Arch): string =>
  row === arch ? checkout('out') : checkout('out', row.machine);

/** The image that this process builds or tests. */
export const output: string = outputOf(target);

/**
 * @param argv a command line; the last `--arch` wins, as with util.parseArgs
 * @throws DabeiError USAGE
 */
export function targetOf(argv: readonly string[]): Arch {
  const at = argv.findLastIndex(word => word === '--arch' || word.startsWith('--arch='));
  if (at < 0) return arch;
  const word = argv[at]!;
  return rowOf(word.includes('=') ? word.slice('--arch='.length) : (argv[at + 1] ?? ''));
}

/** @throws BuildError USAGE for an architecture of which the build cannot make all parts */
export function requireWhole({ machine, lacks }: Pick<Arch, 'machine' | 'lacks'>): void {
  if (lacks === null) return;
  throw new BuildError('USAGE', {
    doing: `building an image for ${machine}`,
    problem: `the build does not make all parts of it yet: ${lacks}`,
    remedy: '--kernel-only builds what there is of it, the kernel and ZFS; --fetch-only fetches the rest',
  });
}
