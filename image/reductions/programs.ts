import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { runIn } from '../lib/host.ts';
import { unpackSource, type Packages } from '../debian/packages.ts';

/**
 * Static programs for the old system, which may have another libc, or an older one, or neither program at all. Debian has
 * them only linked against libraries, so they are built from Debian's source packages, without the libraries that they can
 * do without.
 */

interface StaticProgram {
  /** Debian's source package. */
  source: string;
  /** The Debian release that it is taken from; without it, the image's own. */
  release?: string;
  why: string;
  /** In the source tree, in order. */
  commands: readonly (readonly string[])[];
  /** The result, inside of the source tree. */
  built: string;
  name: string;
}

const jobs = `-j${availableParallelism()}`;
const small = 'CFLAGS=-Os -ffunction-sections -fdata-sections';
const linking = 'LDFLAGS=-static -Wl,--gc-sections';

export const staticPrograms: readonly StaticProgram[] = [
  {
    source: 'kexec-tools',
    why: 'loads kernel and initrd into the running kernel, and jumps; bzImage is unpacked by itself, so no zlib and no lzma',
    commands: [
      // Reading the initrd would be one more copy of it in RAM, beside the file and the kernel's own; a mapping is none.
      [
        ...['sed', '--in-place', 's/slurp_file(ramdisk,/slurp_file_mmap(ramdisk,/'],
        ...['kexec/arch/i386/kexec-bzImage.c', 'kexec/arch/x86_64/kexec-bzImage64.c'],
      ],
      ['env', small, linking, './configure', '--quiet', '--without-zlib', '--without-lzma', '--without-xen'],
      ['make', '--silent', jobs],
    ],
    built: 'build/sbin/kexec',
    name: 'kexec',
  },
  {
    source: 'iproute2',
    // The newer source is not on every mirror; the JSON of both is the same.
    release: 'bookworm',
    why: 'writes links, addresses, routes and rules down as JSON',
    commands: [
      ['sh', './configure'],
      // With plugins it would have to be dynamic.
      ['env', small, 'make', '--silent', jobs, 'SUBDIRS=lib ip', 'SHARED_LIBS=n', linking, 'CCOPTS='],
    ],
    built: 'ip/ip',
    name: 'ip',
  },
];

/** Leaves the program under its name, stripped. */
export async function buildStaticProgram(program: StaticProgram, tools: Packages): Promise<Built> {
  const { source: from, release, commands, built, name } = program;
  const source = await unpackSource(from, tools, release);
  const inputs = ['static program 1', JSON.stringify(commands), built, name, tools, source];
  return cached(`static-${name}`, inputs, async directory => {
    const make = (argv: readonly string[]) =>
      runIn({
        doing: `building ${name}`,
        root: tools.path,
        mounts: { '/build': directory },
        argv: ['env', `--chdir=/build/${from}`, ...argv],
        timeoutSeconds: 1800,
      });
    files.copy(join(source.path, from), join(directory, from));
    for (const argv of commands) await make(argv);
    await make(['strip', '--strip-all', '-o', `/build/${name}`, built]);
    files.remove(join(directory, from));
    // One that does not start on its own is found here and not on a machine.
    await runIn({
      doing: `starting ${name} once`,
      root: tools.path,
      mounts: { '/build': directory },
      argv: [`/build/${name}`, name === 'ip' ? '-Version' : '--version'],
      timeoutSeconds: 20,
    });
  });
}
