import { DabeiError } from './errors.ts';

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
  /** GNU triplet, of Debian's cross compiler too. */
  readonly triplet: string;
  /** Debian's directory of libraries, below the root. */
  readonly libraries: string;
  /** File name of glibc's dynamic loader. */
  readonly loader: string;
  /** e_machine of an ELF header (System V gABI, "ELF Header"). */
  readonly elfMachine: number;
  readonly kernel: {
    /** ARCH of the kernel's `make` (Documentation/kbuild/kbuild.rst). */
    readonly make: string;
    /** What `make` builds for kexec, boot loaders and UEFI, and where it lies below the source. */
    readonly image: string;
    readonly path: string;
    /** Debian packages of this machine that its `make` needs there, beside those that every architecture needs. */
    readonly tools: readonly string[];
    /** Whether `image` unpacks itself only as an EFI program; kexec(8) then unpacks it, with zlib. */
    readonly zboot: boolean;
  };
  /**
   * Filter for instructions of xz(1), and of mksquashfs(1) -Xbcj; null: none, because older kernels cannot mount it
   * (CONFIG_XZ_DEC_ARM64 is of 6.12).
   */
  readonly xzFilter: string | null;
  /** What the build still lacks to make a whole image, for people; null: nothing. */
  readonly lacks: string | null;
  /** Below EFI/BOOT/ of a medium or an ESP: UEFI 2.10, 3.5.1.1. `other` is what firmware of another width looks for. */
  readonly efiFile: { readonly own: string; readonly other: string | null };
  /** grub-install(8) --target, with UEFI. */
  readonly grubEfiTarget: string;
  /** grub-install(8) --target, without UEFI; null where the architecture has no BIOS. */
  readonly grubBiosTarget: string | null;
  /** First serial ports of the machines that people rent, as `console=` takes them; a kernel ignores those that it has not. */
  readonly serialConsoles: readonly string[];
  /** Those that the menu of a medium offers, with their titles there. */
  readonly menuConsoles: readonly { readonly console: string; readonly title: string }[];
  /** The kernel's modules that exist on this architecture only, for what kernel-config/ asks of all. */
  readonly ownModules: readonly string[];
  /** Drivers of hypervisors' disks that NixOS' kernel has on this architecture only: stage 1 cannot be built with one that is not there. */
  readonly ownDiskModules: readonly string[];
  readonly qemu: {
    readonly program: string;
    readonly package: string;
    /** -machine. */
    readonly machine: string;
    /** Whether that machine has a controller for SATA disks and CDs. */
    readonly sata: boolean;
    /** The same for single programs (qemu-user(1)). */
    readonly user: { readonly program: string; readonly package: string };
    /** The processors with the fewest and with the most features that QEMU emulates and the image runs on. */
    readonly processors: readonly string[];
    /** That of a machine for which none is asked. */
    readonly processor: string;
    /** That of a machine with Debian's kernel. */
    readonly debianProcessor: string;
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
  libraries: 'usr/lib/x86_64-linux-gnu',
  loader: 'ld-linux-x86-64.so.2',
  elfMachine: 62,
  kernel: { make: 'x86_64', image: 'bzImage', path: 'arch/x86/boot/bzImage', tools: [], zboot: false },
  xzFilter: 'x86',
  lacks: null,
  efiFile: { own: 'BOOTX64.EFI', other: 'BOOTIA32.EFI' },
  grubEfiTarget: 'x86_64-efi',
  grubBiosTarget: 'i386-pc',
  serialConsoles: ['ttyS0,115200'],
  menuConsoles: [
    { console: 'ttyS0,115200', title: 'Start on the first serial console (ttyS0, 115200 baud)' },
    {
      console: 'ttyS1,115200',
      title: 'Start on the second serial console (ttyS1), of many remote consoles',
    },
  ],
  ownModules: ['chacha-x86_64', 'poly1305-x86_64', 'curve25519-x86_64'],
  ownDiskModules: ['vmw_pvscsi'],
  qemu: {
    program: 'qemu-system-x86_64',
    package: 'qemu-system-x86',
    user: { program: 'qemu-x86_64', package: 'qemu-user' },
    machine: 'q35',
    sata: true,
    processors: ['qemu64', 'max'],
    // Its helpers for AES-NI are faster than a guest's tables.
    processor: 'max',
    // QEMU 7.2 corrupts flags around cmpxchg16b, which Debian's allocator uses where it is there: double faults.
    debianProcessor: 'max,-cx16,-la57',
    firmware: {
      directory: '/usr/share/OVMF',
      package: 'ovmf',
      code: 'OVMF_CODE_4M.fd',
      variables: 'OVMF_VARS_4M.fd',
    },
  },
  ipxeEfi: 'usr/lib/ipxe/ipxe-amd64.efi',
};

const aarch64: Arch = {
  machine: 'aarch64',
  nixSystem: 'aarch64-linux',
  nodeName: 'arm64',
  debian: 'arm64',
  triplet: 'aarch64-linux-gnu',
  libraries: 'usr/lib/aarch64-linux-gnu',
  loader: 'ld-linux-aarch64.so.1',
  elfMachine: 183,
  kernel: {
    make: 'arm64',
    image: 'vmlinuz.efi',
    path: 'arch/arm64/boot/vmlinuz.efi',
    // hexdump (drivers/firmware/efi/libstub/Makefile.zboot).
    tools: ['bsdextrautils'],
    zboot: true,
  },
  xzFilter: null,
  lacks: null,
  efiFile: { own: 'BOOTAA64.EFI', other: null },
  grubEfiTarget: 'arm64-efi',
  grubBiosTarget: null,
  serialConsoles: ['ttyAMA0,115200', 'ttyS0,115200'],
  menuConsoles: [
    {
      console: 'ttyAMA0,115200',
      title: 'Start on the serial console of most machines (ttyAMA0, 115200 baud)',
    },
    { console: 'ttyS0,115200', title: 'Start on the other kind of serial console (ttyS0, 115200 baud)' },
  ],
  ownModules: ['chacha-neon', 'poly1305-neon'],
  ownDiskModules: [],
  qemu: {
    program: 'qemu-system-aarch64',
    package: 'qemu-system-arm',
    user: { program: 'qemu-aarch64', package: 'qemu-user' },
    machine: 'virt,gic-version=3',
    sata: false,
    processors: ['cortex-a57', 'neoverse-n1', 'max'],
    // It has AES; "max" has pointer authentication, too, whose emulation takes several times as long.
    processor: 'cortex-a57',
    debianProcessor: 'cortex-a57',
    firmware: {
      directory: '/usr/share/AAVMF',
      package: 'qemu-efi-aarch64',
      code: 'AAVMF_CODE.fd',
      variables: 'AAVMF_VARS.fd',
    },
  },
  ipxeEfi: 'usr/lib/ipxe/ipxe-arm64.efi',
};

export const rows: readonly Arch[] = [x86_64, aarch64];

/**
 * The row of a name: `uname -m`'s, Node's, dpkg's or Nix's.
 * @throws DabeiError USAGE naming all rows
 */
export function rowOf(name: string): Arch {
  const found = rows.find(row => [row.machine, row.nodeName, row.debian, row.nixSystem].includes(name));
  if (found !== undefined) return found;
  throw new DabeiError('USAGE', {
    doing: 'choosing the architecture',
    problem: `${name} is none that this project knows`,
    remedy: `it knows ${rows.map(({ machine }) => machine).join(' and ')}`,
  });
}

/** What this program runs on. What an image is built for is another question: image/lib/target.ts. */
export const arch: Arch = rowOf(process.arch);
