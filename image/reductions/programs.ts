import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { commandFor, crossedTarget, tool } from '../lib/crossing.ts';
import { target } from '../lib/target.ts';
import { runTarget } from '../debian/emulator.ts';
import { unpackSource, type Packages } from '../debian/packages.ts';
import { kexecBuildTool, makeIn, partsOf, type LibraryTools } from './library-tools.ts';

/**
 * Static programs for the old system, which may lack them, or have another libc or an older one. Debian has them only
 * dynamically linked, so the build compiles them from Debian's source packages, without optional libraries.
 */

interface StaticProgram {
  /** Debian's source package. */
  source: string;
  /** The Debian release to take the source from; the default is the image's own. */
  release?: string;
  why: string;
  /** Run in the source tree, in this order. */
  commands: readonly (readonly string[])[];
  /** Path of the result in the source tree. */
  built: string;
  name: string;
}

const jobs = `-j${availableParallelism()}`;
const small = 'CFLAGS=-Os -ffunction-sections -fdata-sections';
const linking = 'LDFLAGS=-static -Wl,--gc-sections';

/** A bzImage unpacks itself. */
const withoutZlib = target.kernel.zboot ? [] : ['--without-zlib'];

/** Reading the initrd would put a third copy into RAM, beside the file and the kernel's own; mapping it does not. */
const mapped = (from: string, sources: readonly string[]): readonly string[] => [
  ...['sed', '--in-place', `s/slurp_file(${from},/slurp_file_mmap(${from},/`],
  ...sources.map(name => `kexec/arch/${name}`),
];

/**
 * For a kernel that kexec unpacks: into RAM in place of /tmp, which the old system may have no room in, or mounts read-only; and the
 * unpacked copy that nothing reads again is given back. The lines that are replaced are those of pez_prepare().
 */
const unpacking: readonly (readonly string[])[] = target.kernel.zboot
  ? [
      mapped('arm64_opts.initrd', ['arm64/kexec-arm64.c']),
      [
        ...['sed', '--in-place', '--null-data', '--regexp-extended'],
        ...['-e', 's/(#define _GNU_SOURCE\\n)/\\1#include <stdio.h>\\n#include <sys\\/mman.h>\\n/'],
        ...[
          '-e',
          's/mkstemp\\(fname\\)\\) < 0/memfd_create("kernel", 0)) < 0 || sprintf(fname, "\\/proc\\/self\\/fd\\/%d", fd) < 0/',
        ],
        ...['-e', 's/(ret = 0;)\\n\\tgoto fail_write;/\\1/'],
        'kexec/kexec-pe-zboot.c',
      ],
      // Another version of the source must fail here, not write to the old system's /tmp.
      ['grep', '--quiet', 'slurp_file_mmap', 'kexec/arch/arm64/kexec-arm64.c'],
      ['grep', '--quiet', 'memfd_create', 'kexec/kexec-pe-zboot.c'],
    ]
  : [mapped('ramdisk', ['i386/kexec-bzImage.c', 'x86_64/kexec-bzImage64.c'])];

export const staticPrograms: readonly StaticProgram[] = [
  {
    source: 'kexec-tools',
    why: 'loads kernel and initrd into the running kernel, and starts them; without lzma, and without zlib where the kernel unpacks itself',
    commands: [
      ...kexecBuildTool,
      ...unpacking,
      [
        ...['env', small, linking, './configure', '--quiet'],
        ...[...withoutZlib, '--without-lzma', '--without-xen'],
      ],
      ['make', '--silent', jobs],
    ],
    built: 'build/sbin/kexec',
    name: 'kexec',
  },
  {
    source: 'iproute2',
    // Not every mirror has the newer source; both print the same JSON.
    release: 'bookworm',
    why: 'prints links, addresses, routes and rules as JSON',
    commands: [
      ['sh', './configure'],
      // Plugins would require dynamic linking.
      ['env', small, 'make', '--silent', jobs, 'SUBDIRS=lib ip', 'SHARED_LIBS=n', linking, 'CCOPTS='],
    ],
    built: 'ip/ip',
    name: 'ip',
  },
];

/** Builds one program; its result holds it under its name, stripped. */
export async function buildStaticProgram(
  program: StaticProgram,
  tools: LibraryTools,
  emulator: Packages | null,
): Promise<Built> {
  const { source: from, release, built, name } = program;
  const commands = program.commands.map(argv => commandFor(crossedTarget, argv));
  const source = await unpackSource(from, tools.programs, release);
  const inputs = [JSON.stringify(commands), built, name, ...partsOf(tools), source];
  return cached(`static-${name}`, ['static program 1', ...inputs], async directory => {
    const make = makeIn(tools, directory, `building ${name}`, `/build/${from}`);
    files.copy(join(source.path, from), join(directory, from));
    for (const argv of commands) await make(argv);
    await make([tool('strip'), '--strip-all', '-o', `/build/${name}`, built]);
    files.remove(join(directory, from));
    // A program that cannot start must fail here, not on the old system.
    await runTarget(emulator, {
      doing: `starting ${name} once`,
      root: tools.programs.path,
      mounts: { '/build': directory },
      argv: [`/build/${name}`, name === 'ip' ? '-Version' : '--version'],
      timeoutSeconds: 20,
    });
  });
}
