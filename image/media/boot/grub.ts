import type { Variant } from '../../../agent/variants.ts';
import { onMedium, variantPath, type MediumKind } from './layout.ts';
import { kernelPath, menuConsoles, serialConsoles } from './of-target.ts';

/** What GRUB runs on the medium, on BIOS and on UEFI. Pure. Commands and variables: GRUB's manual, "Commands", "Special variables". */

/** Modules inside of the boot loader; it loads none from the medium. */
const modules = [
  ...['normal', 'boot', 'configfile', 'test', 'regexp', 'echo', 'sleep', 'minicmd', 'reboot', 'halt'],
  ...['search', 'search_fs_file', 'iso9660', 'fat', 'part_gpt', 'part_msdos', 'ls', 'cat', 'linux'],
  ...['hashsum', 'gcry_sha256'],
];

/** On BIOS, where nobody else gives GRUB's menu to a serial line. */
export const biosModules: readonly string[] = [...modules, 'biosdisk', 'serial', 'terminal'];

export const efiModules: readonly string[] = modules;

/**
 * Inside of the boot loader: finds a medium of this image, that from which the firmware started GRUB before any other. BIOS names a CD or a
 * whole disk; with the comma, the hint means its partitions (grub-core/commands/search.c). GRUB runs these lines without its shell, so there
 * are no conditions here (grub-core/kern/rescue_parser.c).
 * @param mark path of the file that marks the medium
 */
export const earlyConfig = (
  mark: string,
): string => `search --no-floppy --set=root --hint "$root" --hint "$root," --file "/${mark}"
configfile "/${onMedium.menu}"
`;

/**
 * UEFI starts GRUB from the partition that lies on the medium: the disk around it comes before another one with the same image, which may be
 * configured otherwise.
 */
const ownDisk = (mark: string): string => `if [ "$grub_platform" = efi ]; then
  if regexp --set=1:disk '^\\(([^,)]*)' "$cmdpath"; then
    if [ -f "($disk)/${mark}" ]; then
      set root="$disk"
    fi
  fi
fi
`;

/** Kernel messages from warnings on: a serial line takes seconds for all of them. */
const quiet = 'loglevel=5';
/** Makes the status screen appear, and the random password where the medium is not configured (agent/screen/outputs.ts). */
const fromMedium = (kind: MediumKind) => `dabei.medium=${kind}`;
/** The terminal that shows this menu takes control sequences. */
const onSerial = 'dabei.screen=serial';

interface Entry {
  title: string;
  /** Kernel parameters. The last console is /dev/console (Documentation/admin-guide/serial-console.rst). */
  parameters: readonly string[];
}

const entriesOf = (kind: MediumKind): readonly Entry[] => [
  {
    title: 'Start (rescue system, or as this medium is configured)',
    parameters: [...serialConsoles, 'console=tty0', quiet, fromMedium(kind)],
  },
  ...menuConsoles.map(({ console, title }) => ({
    title,
    parameters: [`console=${console}`, quiet, fromMedium(kind), onSerial],
  })),
];

/**
 * @param version of nix-dabei
 * @param mark path of the file that marks the medium
 * @param variants whose initrds are on the medium
 */
export function menu(
  version: string,
  mark: string,
  kind: MediumKind,
  variants: readonly Variant[] = [],
): string {
  const initrds = [onMedium.initrd, ...variants.map(variantPath), onMedium.reserved].map(path => `/${path}`);
  const starts = entriesOf(kind).map(
    ({ title, parameters }) => `menuentry "${title}" {
  linux /${kernelPath} ${parameters.join(' ')}
  initrd ${initrds.join(' ')} newc:kernel:/${kernelPath}
}
`,
  );
  return `# nix-dabei ${version}
${ownDisk(mark)}set default=0
set timeout=5
if [ "$grub_platform" = pc ]; then
  if serial --unit=0 --speed=115200; then
    terminal_input console serial
    terminal_output console serial
  fi
fi

${starts.join('\n')}
menuentry "Check this medium" {
  echo "nix-dabei ${version}: reading all files of the medium, except for its configuration"
  if sha256sum --check "/${onMedium.sums}" --prefix "($root)"; then
    echo "The medium is whole."
  else
    echo "error: the medium is damaged."
    echo "  next: compare the SHA-256 of your download, and write the medium again"
  fi
  echo "Press Escape for the menu."
  sleep --interruptible 600
}

menuentry "Next boot device of the firmware" {
  exit
}
`;
}
