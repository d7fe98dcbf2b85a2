import { arch, type Arch } from '../../arch.ts';
import { DabeiError } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import { capturedConsoles } from '../old-system/captured.ts';
import { readDisks } from './disks.ts';
import { sentDirectory } from '../../plan/host-flake/flake-reference.ts';
import type { Doors } from '../doors.ts';
import { paths } from '../../paths.ts';
import { smbiosIdentity } from './identity.ts';
import { readFirmware } from './firmware.ts';
import { readLinks } from './links.ts';
import { readMachine } from './system.ts';
import { readWatchdogs } from './watchdogs.ts';

/**
 * Measures the machine. Plans depend only on these facts and on the configuration.
 * @param options leaving: the running system is the old system, which uses its disks; boot: directory of the files that `run` has
 *   appended, or will append, to the initrd; linkNames: as wantedNames of readLinks
 * @throws DabeiError if disks or links cannot be listed, or if /proc/meminfo cannot be read
 */
export async function readFacts(
  doors: Doors,
  options: { leaving?: boolean; boot?: string; linkNames?: readonly string[] } = {},
): Promise<Facts> {
  const { files } = doors;
  const [disks, links] = await Promise.all([readDisks(doors, options), readLinks(doors, options.linkNames)]);
  return {
    ...readFirmware(doors, options.boot),
    memoryBytes: memoryBytes(doors),
    system: arch.nixSystem,
    machine: readMachine(doors),
    identity: smbiosIdentity(doors),
    disks,
    links,
    sentFlake: files.walk(`${options.boot ?? paths.bootDirectory}${sentDirectory}`),
    rescueBytes: rescueBytes(doors, options.boot),
    watchdogs: readWatchdogs(doors),
    consoles: consolesOf(doors, files.readText(paths.commandLine) ?? files.readText('/proc/cmdline') ?? ''),
  };
}

/** The kernel comes in once more as a file; of the initrd, /init keeps what is needed to make it again. */
function rescueBytes({ files }: Doors, boot: string | undefined): number | null {
  // Before kexec, `run` does not have these files, and nothing depends on them.
  if (boot !== undefined) return null;
  const kernel = files.sizeOf(paths.kernel);
  return kernel === null ? null : kernel + files.treeBytes(paths.initrdDirectory);
}

export function memoryBytes({ files }: Doors): number {
  return parseMemTotal(files.readText('/proc/meminfo') ?? '');
}

/**
 * Bytes of RAM that the kernel manages: MemTotal (proc_meminfo(5)).
 * @throws DabeiError INTERNAL if the line is missing
 */
export function parseMemTotal(meminfo: string): number {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  if (kibibytes === undefined) {
    throw new DabeiError('INTERNAL', { doing: 'reading /proc/meminfo', problem: 'it has no line MemTotal' });
  }
  return Number(kibibytes) * 1024;
}

/** Bytes of RAM that programs can still use without swapping: MemAvailable (proc_meminfo(5)); 0 if it is missing. */
export function availableMemoryBytes({ files }: Doors): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(files.readText('/proc/meminfo') ?? '')?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** Consoles of our own command line; if it has none, those of the old system. */
function consolesOf(doors: Doors, commandLine: string): string[] {
  const active = doors.files.readText('/sys/class/tty/console/active') ?? '';
  return presentConsoles(givenConsoles(doors, commandLine), active.trim().split(' '), arch);
}

/**
 * An architecture may have serial ports of several kinds, of which a machine has one. Where the last console is one that it has not, the
 * passphrase is asked for on the first one instead, which is a display that perhaps nobody sees.
 * @param active names of those that this kernel writes to
 */
export function presentConsoles(
  consoles: readonly string[],
  active: readonly string[],
  { serialConsoles }: Pick<Arch, 'serialConsoles'>,
): string[] {
  const nameOf = (console: string) => console.split(',')[0]!;
  const present = serialConsoles.filter(console => active.includes(nameOf(console)));
  const isAbsent = (console: string) =>
    !active.includes(nameOf(console)) && serialConsoles.some(each => nameOf(each) === nameOf(console));
  if (present.length === 0) return [...consoles];
  // With their own speed, those that were given keep their places.
  const given = new Set(consoles.map(nameOf));
  const instead = present.filter(console => !given.has(nameOf(console)));
  return [...new Set(consoles.flatMap(console => (isAbsent(console) ? instead : [console])))];
}

function givenConsoles(doors: Doors, commandLine: string): string[] {
  const own = parseConsoles(commandLine);
  return own.length > 0
    ? own
    : parseConsoles(
        capturedConsoles(doors)
          .map(value => `console=${value}`)
          .join(' '),
      );
}

/** Values of `console=`, in order; the last one is /dev/console (Documentation/admin-guide/serial-console.rst). */
export function parseConsoles(commandLine: string): string[] {
  return commandLine
    .split(/\s+/)
    .filter(word => word.startsWith('console='))
    .map(word => word.slice('console='.length))
    .filter(value => value !== '' && value !== 'null');
}
