/**
 * The parts of a build that only make the image smaller. Without any of them, the image holds Debian's own file, which does
 * the same and needs more libraries.
 */
export const reductions = [
  // libselinux that answers no (stubs.ts).
  'stubs',
  // Rebuilt with less in them (libraries.ts), by Debian's source package.
  'curl',
  'libgit2',
  'libarchive',
  'libtirpc',
  'openssh',
  'kexec-tools',
  'iproute2',
  // udev of Debian's installer (sets.ts).
  'installer',
  // ICU's data cut to English (icu.ts).
  'icu',
  // Names and tables that nothing in the image asks for (slim.ts).
  'elf',
] as const;

export type Reduction = (typeof reductions)[number];

export const isReduction = (name: string): name is Reduction =>
  (reductions as readonly string[]).includes(name);
