import type { Config, DisksConfig, DiskSelector } from '../../config/schema.ts';
import {
  copiesOfAppended,
  leastMemTotalBytes,
  leastRamBytes,
  loadingSlackBytes,
  longestCommandLineBytes,
} from '../../limits.ts';
import { DabeiError } from '../../errors.ts';
import type { Disk } from '../../facts.ts';
import { describeDisk, stablePath } from '../disks/describe-disk.ts';
import { formatBytes } from '../../format.ts';
import { pinned } from '../disks/disk-faults.ts';
import { firmwareFaults } from '../disks/firmware.ts';
import { lockout } from './login.ts';
import { checkDrivers } from './drivers.ts';
import { refusal } from './refusal.ts';
import type { NewSystem, OldSystem } from './systems.ts';
import { selectDisks } from '../disks/select-disks.ts';
import { roomWarnings } from '../nix/store-in-ram.ts';
import { arch } from '../../arch.ts';

/** Checks whether dabei can replace a running Linux, before dabei changes anything. Pure. */

export interface Preflight {
  refusals: DabeiError[];
  /** Sentences without a full stop about problems that do not prevent the start. */
  warnings: string[];
  /** Disks that dabei would erase. */
  targets: Disk[];
  /** Selectors that match exactly these disks under the new kernel. */
  selectors: DiskSelector[];
}

const mebibyte = 2 ** 20;
/**
 * @param config null if the configuration was refused; the function then checks only what does not depend on it
 * @param installs whether the new system will install; false for a rescue system
 * @param defaultRoutes number of default routes that the new system will have, or could get by DHCP or router advertisements
 */
export function preflight(
  config: Config | null,
  installs: boolean,
  old: OldSystem,
  image: NewSystem,
  defaultRoutes: number,
): Preflight {
  const none: Preflight = { refusals: [], targets: [], warnings: [], selectors: [] };
  const disks = installs && config?.disks ? chooseDisks(config.disks, old) : none;
  const drivers = checkDrivers(old, image, disks.targets, config);
  return {
    refusals: [
      ...checkMachine(old, image),
      ...checkKexec(old),
      ...checkImage(image),
      ...checkMemory(old, image, installs),
      ...(defaultRoutes > 0 ? [] : [noDefaultRoute()]),
      ...disks.refusals,
      ...drivers.refusals,
    ],
    warnings: [
      ...disks.warnings,
      ...drivers.warnings,
      ...(image.forNixosAnywhere && !installs ? roomWarnings(old.facts.memoryBytes) : []),
    ],
    targets: disks.targets,
    selectors: disks.selectors,
  };
}

function checkMachine(old: OldSystem, image: NewSystem): DabeiError[] {
  const refusals: DabeiError[] = [];
  if (old.processor !== image.processor) {
    const problem = `this machine is ${old.processor}, the image is for ${image.processor}`;
    refusals.push(refusal('PREFLIGHT_ARCHITECTURE', problem, `use an image for ${old.processor}`));
  }
  if (old.confidential) {
    const problem =
      'the memory of this virtual machine is encrypted (AMD SEV or Intel TDX), which the new kernel does not support';
    refusals.push(
      refusal('PREFLIGHT_CONFIDENTIAL', problem, 'use a virtual machine without confidential computing'),
    );
  }
  if (old.ipmiWatchdog) {
    const problem =
      "the server's own watchdog (IPMI) is in use: the new kernel would not feed it, and it would reset the machine mid-installation";
    const remedy =
      'stop the daemon that feeds it (RuntimeWatchdogSec=0 in /etc/systemd/system.conf, systemctl daemon-reexec; watchdog-mux), then modprobe -r ipmi_watchdog';
    refusals.push(refusal('PREFLIGHT_WATCHDOG', problem, remedy));
  }
  if (old.container !== null) {
    const problem = `this is a container (${old.container}): the kernel belongs to its host`;
    refusals.push(refusal('PREFLIGHT_CONTAINER', problem, 'run it on the host, or use a virtual machine'));
  }
  return refusals;
}

/**
 * Refuses, or warns about, a new system in which nobody could log in.
 * @param installed the configuration to install; null for a rescue system
 * @param now seconds since 1970-01-01 UTC
 */
export function checkLogin(
  authorizedKeys: readonly string[],
  installed: Config | null,
  now: number,
): { refusals: DabeiError[]; warnings: string[] } {
  const found = lockout(authorizedKeys, installed, now);
  if (found === null) return { refusals: [], warnings: [] };
  if (!found.isCertain)
    return {
      refusals: [],
      warnings: [`${found.problem}, unless the installed system has its own keys`],
    };
  const remedy =
    'put your public key into /root/.ssh/authorized_keys, or give rootAuthorizedKeys in --config FILE';
  return { refusals: [refusal('PREFLIGHT_NO_LOGIN', found.problem, remedy)], warnings: [] };
}

function checkKexec({ kexec, lockdown, secureBoot, imaPolicy }: OldSystem): DabeiError[] {
  const refusals: DabeiError[] = [];
  const off = 'switch Secure Boot off in the firmware';
  if (lockdown !== null && lockdown !== 'none') {
    const problem = `the kernel is locked down (${lockdown})${secureBoot ? ', because Secure Boot is on' : ''}: it accepts no unsigned kernel`;
    const remedy = secureBoot ? off : 'remove lockdown= from the kernel command line and restart';
    refusals.push(refusal('PREFLIGHT_LOCKDOWN', problem, remedy));
  } else if (secureBoot && lockdown === null) {
    refusals.push(refusal('PREFLIGHT_SECURE_BOOT', 'Secure Boot is on, and the image is not signed', off));
  }
  // "appraise func=KEXEC_KERNEL_CHECK …" (Documentation/ABI/testing/ima_policy).
  if (/^\s*appraise\b.*\bfunc=KEXEC_KERNEL_CHECK\b/m.test(imaPolicy ?? '')) {
    const problem = 'the integrity policy (IMA) demands a signature of every kernel, and the image has none';
    refusals.push(
      refusal(
        'PREFLIGHT_IMA',
        problem,
        'remove ima_policy= or ima_appraise= from the kernel command line and restart',
      ),
    );
  }
  if (kexec === 'unsupported') {
    const remedy = 'boot another kernel of the distribution, or boot the image by PXE';
    refusals.push(
      refusal('PREFLIGHT_KEXEC_UNSUPPORTED', 'the running kernel was built without kexec', remedy),
    );
  }
  if (kexec === 'disabled') {
    const problem = 'kernel.kexec_load_disabled is 1, which only a restart resets';
    refusals.push(refusal('PREFLIGHT_KEXEC_DISABLED', problem, 'remove it from /etc/sysctl.d and restart'));
  }
  return refusals;
}

function checkImage({ files, commandLine }: NewSystem): DabeiError[] {
  const refusals = files
    .filter(({ bytes, expectedBytes }) => bytes !== expectedBytes)
    .map(({ name, bytes, expectedBytes }) =>
      refusal(
        'PREFLIGHT_IMAGE_HASH',
        bytes === null ? `${name} is missing` : `${name} has ${bytes} bytes instead of ${expectedBytes}`,
        'unpack the bundle again; fetch it again if that does not help',
      ),
    );
  const length = Buffer.byteLength(commandLine.trimEnd());
  if (length > longestCommandLineBytes) {
    const problem = `the kernel's command line would have ${length} bytes, and the kernel cuts it off after ${longestCommandLineBytes}`;
    refusals.push(
      refusal('PREFLIGHT_COMMAND_LINE', problem, 'pass less with --append; a file can have any length'),
    );
  }
  return refusals;
}

function checkMemory(old: OldSystem, image: NewSystem, installs: boolean): DabeiError[] {
  const refusals: DabeiError[] = [];
  const kind = installs ? 'install' : 'rescue';
  const present = old.ramBytes ?? old.facts.memoryBytes;
  const appended = image.appendedBytes ?? 0;
  const least =
    (old.ramBytes === null ? leastMemTotalBytes : leastRamBytes)[kind] +
    copiesOfAppended * allAppendedBytes(image);
  if (present < least) {
    const what = installs ? 'an installation' : 'the rescue system';
    const problem = `the machine has ${formatBytes(present)} of RAM, ${what} needs ${formatBytes(least)}${appended < mebibyte ? '' : ` with the ${formatBytes(appended)} sent along`}`;
    const remedy =
      appended < mebibyte
        ? 'use a machine with more memory'
        : "use a machine with more memory, remove large files from the directory, or give the flake's address";
    refusals.push(refusal('PREFLIGHT_MEMORY', problem, remedy));
  }
  const needed = loadingBytes(image);
  if (old.availableBytes < needed) {
    const problem = `${formatBytes(old.availableBytes)} of RAM are available, loading takes ${formatBytes(needed)}`;
    refusals.push(refusal('PREFLIGHT_MEMORY', problem, 'stop services that use memory, or add swap'));
  }
  return refusals;
}

/** RAM for loading, in bytes: the initrd twice, as a file and in the kernel's memory, and the new kernel, perhaps unpacked. */
export function loadingBytes(image: NewSystem): number {
  const bytes = (name: string) => image.files.find(file => file.name === name)?.expectedBytes ?? 0;
  const kernel = image.kernelLoadingBytes ?? bytes(arch.kernel.image);
  return 2 * (bytes('initrd') + allAppendedBytes(image)) + kernel + loadingSlackBytes;
}

/** As appended_kib of image/media/bundle/lib/preflight.sh. */
function allAppendedBytes({ appendedBytes = 0, secondInitrdBytes = 0 }: NewSystem): number {
  return appendedBytes + secondInitrdBytes;
}

function noDefaultRoute(): DabeiError {
  const problem = 'there is no default route that the new system could take over, and none is configured';
  return refusal('PREFLIGHT_NO_DEFAULT_ROUTE', problem, 'give network.interfaces in --config FILE');
}

function chooseDisks(config: DisksConfig, { facts }: OldSystem): Preflight {
  const { members: targets, warnings: told, refusals: found } = selectDisks(config, facts.disks);
  const firmware = firmwareFaults(targets, facts);
  const refusals = [...found, ...firmware.refusals].map(inTermsOfRun);
  const warnings = [...told, ...firmware.warnings];
  const selectors = found.length === 0 ? pinned(config.devices, targets) : [];
  const roots = facts.disks.filter(disk => mountPointsOf(disk).includes('/'));
  const holdsRoot = roots.filter(({ notHardware }) => notHardware === undefined);
  if (holdsRoot.length === 0) {
    const text =
      "this system is on none of the machine's disks: the firmware decides what the machine starts afterwards";
    return { targets, selectors, refusals, warnings: [...warnings, text] };
  }
  // If a selector matches no disk, that refusal already explains the problem.
  if (refusals.length > 0 || holdsRoot.some(disk => targets.includes(disk)))
    return { targets, selectors, warnings, refusals };
  const problem = `this system is on a disk that is not named, and would start again afterwards: ${holdsRoot.map(describeDisk).join('; ')}`;
  const remedy = `name it: --disk ${holdsRoot.map(stablePath).join(' --disk ')}; or boot the machine by PXE`;
  return { targets, selectors, warnings, refusals: [refusal('PREFLIGHT_ROOT_ELSEWHERE', problem, remedy)] };
}

/** Names the option of `run` in the remedy, because the user works with a command line. */
function inTermsOfRun(refused: DabeiError): DabeiError {
  if (refused.code !== 'DISK_FOREIGN_DATA') return refused;
  const { code, doing, problem } = refused;
  const remedy = 'if you no longer need this data, give --wipe, or set disks.wipe to true';
  return new DabeiError(code, { doing, problem, remedy });
}

function mountPointsOf(disk: Disk): string[] {
  return disk.contents.flatMap(({ mountPoints }) => mountPoints);
}
