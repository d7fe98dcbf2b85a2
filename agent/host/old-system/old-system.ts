import { machine as processor } from 'node:os';
import type { OldSystem } from '../../plan/preflight/systems.ts';
import { devicesOfDisk, devicesOfLink } from '../machine/devices.ts';
import { readFacts } from '../machine/facts.ts';
import type { Doors } from '../doors.ts';

/**
 * Reads what determines whether kexec can replace the running system. This program then runs in a chroot of the image, with /proc,
 * /sys, /dev and /run of the running system.
 * @param routeLinks names of the interfaces of the default routes
 * @param linkNames names by which the configuration calls interfaces
 * @param boot directory with the files that `run` has captured and will append to the initrd
 */
export async function readOldSystem(
  doors: Doors,
  routeLinks: readonly string[],
  linkNames: readonly string[],
  boot: string,
): Promise<OldSystem> {
  const { files } = doors;
  const facts = await readFacts(doors, { leaving: true, boot, linkNames });
  const sys = '/sys/kernel';
  return {
    facts,
    processor: processor(),
    container: readContainer(files),
    secureBoot: readSecureBoot(files),
    // Documentation/virt/coco. Without the driver for /dev/tdx_guest, a TDX guest still has the flag.
    confidential:
      files.exists('/dev/sev-guest') ||
      files.exists('/dev/tdx_guest') ||
      /^flags\s*:.*\btdx_guest\b/m.test(files.readText('/proc/cpuinfo') ?? ''),
    ipmiWatchdog: Number(files.readText('/sys/module/ipmi_watchdog/refcnt')?.trim() ?? 0) > 0,
    // "none [integrity] confidentiality": the active value is in brackets (kernel_lockdown(7)).
    lockdown: /\[(\w+)\]/.exec(files.readText(`${sys}/security/lockdown`) ?? '')?.[1] ?? null,
    kexec: !files.exists(`${sys}/kexec_loaded`)
      ? 'unsupported'
      : files.readText('/proc/sys/kernel/kexec_load_disabled')?.trim() === '1'
        ? 'disabled'
        : 'allowed',
    imaPolicy: readIfAllowed(files, '/sys/kernel/security/ima/policy'),
    ramBytes: readRam(files),
    availableBytes: loadableBytes(files.readText('/proc/meminfo') ?? ''),
    linkDevices: new Map(routeLinks.map(name => [name, devicesOfLink(doors, name)])),
    diskDevices: new Map(facts.disks.map(({ path }) => [path, devicesOfDisk(doors, path)])),
  };
}

/** The initial PID namespace has a constant number: PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h. */
const machineNamespace = 'pid:[4026531836]';

/** Checks the PID namespace first: disk images made from container images also have the marks of a container. */
function readContainer(files: Doors['files']): string | null {
  const namespace = files.readLink('/proc/self/ns/pid');
  if (namespace === machineNamespace) return null;
  // https://systemd.io/CONTAINER_INTERFACE
  const named = files.readText('/run/systemd/container')?.trim();
  if (named) return named;
  const environment = readIfAllowed(files, '/proc/1/environ')?.split('\0') ?? [];
  const variable = environment.find(entry => entry.startsWith('container='));
  return variable?.slice('container='.length) || (namespace === null ? null : 'of an unknown kind');
}

/** In efivarfs, the first four bytes are the variable's attributes; the fifth is the value of SecureBoot (UEFI 2.10, 3.3). */
function readSecureBoot(files: Doors['files']): boolean {
  const directory = '/sys/firmware/efi/efivars';
  const name = files.list(directory).find(entry => entry.startsWith('SecureBoot-'));
  return name !== undefined && files.readBytes(`${directory}/${name}`)?.[4] === 1;
}

/** Text of a kernel file; null if it does not exist or cannot be read. */
function readIfAllowed(files: Doors['files'], path: string): string | null {
  try {
    return files.readText(path);
  } catch {
    return null;
  }
}

/**
 * Bytes of RAM in the firmware's memory map, which does not depend on the kernel (Documentation/ABI/testing/sysfs-firmware-memmap); null
 * if the kernel does not show the map.
 */
function readRam(files: Doors['files']): number | null {
  const map = '/sys/firmware/memmap';
  const number = (entry: string, name: string) =>
    Number(files.readText(`${map}/${entry}/${name}`)?.trim() ?? NaN);
  const sizes = files
    .list(map)
    .filter(entry => files.readText(`${map}/${entry}/type`)?.trim() === 'System RAM')
    .map(entry => number(entry, 'end') - number(entry, 'start') + 1);
  const sum = sizes.reduce((all, size) => all + size, 0);
  return sum > 0 ? sum : null;
}

/**
 * Bytes that loading can use: free and reclaimable memory, and inactive memory of programs for which swap has room (proc_meminfo(5)).
 */
function loadableBytes(meminfo: string): number {
  const value = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return value('MemAvailable') + Math.min(value('SwapFree'), value('Inactive\\(anon\\)'));
}
