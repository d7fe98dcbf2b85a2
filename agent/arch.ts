/**
 * What differs between machine architectures, one row for each. In agent/, image/ and test/vm/, nothing else names one
 * but the files that test/unit/arch.test.ts lists: a new architecture is a new row, and what the compiler and the tests
 * then ask for.
 */
export interface Arch {
  /** `uname -m`. */
  readonly machine: string;
  /** As Nix names the system. */
  readonly nixSystem: string;
  /** process.arch of Node. */
  readonly nodeName: string;
  /** As dpkg names it; dpkg-architecture(1) -L. */
  readonly debian: string;
  /** GNU triplet of Debian's library directory. */
  readonly triplet: string;
  /** File name of glibc's dynamic loader. */
  readonly loader: string;
  /** e_machine of an ELF header (System V gABI, "ELF Header"). */
  readonly elfMachine: number;
  /** What `make` of the kernel builds for a boot loader, and where it lies below the source. */
  readonly kernel: { readonly image: string; readonly path: string };
  /** Filter of mksquashfs(1) -Xbcj. */
  readonly squashfsFilter: string;
  /** Below EFI/BOOT/ of a medium or an ESP: UEFI 2.10, 3.5.1.1. `other` is what firmware of another width looks for. */
  readonly efiFile: { readonly own: string; readonly other: string | null };
  /** grub-install(8) --target, without UEFI; null where the architecture has no BIOS. */
  readonly grubBiosTarget: string | null;
  /** The kernel's modules that exist on this architecture only, for what kernel-config/ asks of all. */
  readonly ownModules: readonly string[];
  readonly qemu: {
    readonly program: string;
    readonly package: string;
    /** The processors with the fewest and with the most features that QEMU emulates and the image runs on. */
    readonly processors: readonly string[];
    /** UEFI firmware for it: directory, Debian package, code and variables. */
    readonly firmware: { readonly directory: string; readonly package: string; readonly code: string; readonly variables: string };
  };
  /** iPXE as an EFI program, in Debian's package ipxe. */
  readonly ipxeEfi: string;
} // prettier-ignore

const x86_64: Arch = {
  machine: 'x86_64',
  nixSystem: 'x86_64-linux',
  nodeName: 'x64',
  debian: 'amd64',
  triplet: 'x86_64-linux-gnu',
  loader: 'ld-linux-x86-64.so.2',
  elfMachine: 62,
  kernel: { image: 'bzImage', path: 'arch/x86/boot/bzImage' },
  squashfsFilter: 'x86',
  efiFile: { own: 'BOOTX64.EFI', other: 'BOOTIA32.EFI' },
  grubBiosTarget: 'i386-pc',
  ownModules: ['chacha-x86_64', 'poly1305-x86_64', 'curve25519-x86_64'],
  qemu: {
    program: 'qemu-system-x86_64',
    package: 'qemu-system-x86',
    processors: ['qemu64', 'max'],
    firmware: {
      directory: '/usr/share/OVMF',
      package: 'ovmf',
      code: 'OVMF_CODE_4M.fd',
      variables: 'OVMF_VARS_4M.fd',
    },
  },
  ipxeEfi: 'usr/lib/ipxe/ipxe-amd64.efi',
};

/** What this checkout builds an image for, and what the agent in it runs on. */
export const arch: Arch = x86_64;

/** Below the root of a Debian system. */
export const libraryDirectory = `usr/lib/${arch.triplet}`;
