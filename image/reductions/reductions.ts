/**
 * The parts of a build that only make the image smaller. If one of them fails, the image gets Debian's own file instead,
 * which does the same and needs more libraries.
 */
export const reductions = [
  // A stub for libselinux (stubs.ts).
  'stubs',
  // Rebuilt with fewer features (libraries.ts), by Debian's source package.
  'curl',
  'libgit2',
  'libarchive',
  'libtirpc',
  'libonig',
  'openssh',
  'kexec-tools',
  'iproute2',
  // udev of Debian's installer (debian/package-sets.ts).
  'installer',
  // ICU's data cut to English (icu.ts).
  'icu',
  // Removes symbol names and tables that nothing in the image needs (elf/slim.ts).
  'elf',
] as const;

export type Reduction = (typeof reductions)[number];

export const isReduction = (name: string): name is Reduction =>
  (reductions as readonly string[]).includes(name);
