import type { Config, DisksConfig, DiskSelector } from '../../config/schema.ts';
import {
  copiesOfAppended,
  leastMemTotalBytes,
  leastRamBytes,
  loadingSlackBytes,
  longestCommandLineBytes,
} from '../../limits.ts';
import { DabeiError, type ErrorCode } from '../../errors.ts';
import type { Disk, Facts } from '../../facts.ts';
import { describeDisk, stablePath } from '../disks/describe-disk.ts';
import { formatBytes } from '../../format.ts';
import { pinned } from '../disks/disk-faults.ts';
import { isOfBus } from '../disks/attachment.ts';
import { firmwareFaults } from '../disks/firmware.ts';
import { findLink } from '../network/match-links.ts';
import { lockout } from './login.ts';
import { judgeDrivers, type BusDevice, type ModuleIndex } from './modalias.ts';
import { selectDisks } from '../disks/select-disks.ts';
import { arch } from '../../arch.ts';

/** Whether to leave a running Linux: everything that speaks against it, before anything has changed. Pure. */

export interface OldSystem {
  facts: Facts;
  /** uname -m. */
  processor: string;
  /** The container's kind; null on a machine of its own. */
  container: string | null;
  secureBoot: boolean;
  /** A guest whose memory the processor encrypts. */
  confidential: boolean;
  /** Somebody feeds the watchdog of the baseboard management controller. */
  ipmiWatchdog: boolean;
  /** none, integrity or confidentiality; null where the kernel does not say. */
  lockdown: string | null;
  kexec: 'allowed' | 'disabled' | 'unsupported';
  /** Text of the policy; null where there is none to be read. */
  imaPolicy: string | null;
  /** Of the machine, by its firmware; null where the kernel does not tell. */
  ramBytes: number | null;
  /** What loading may take. */
  availableBytes: number;
  /** Interfaces of the default routes, with the devices behind them. */
  linkDevices: ReadonlyMap<string, readonly BusDevice[]>;
  /** Disks by their kernel path, with the devices from them to their buses. */
  diskDevices: ReadonlyMap<string, readonly BusDevice[]>;
}

/** The image that would be started. */
export interface NewSystem {
  /** uname -m of the processor that it is for. */
  processor: string;
  /** Name, and bytes by image.json and in truth; null where the file is not there. */
  files: readonly { name: string; expectedBytes: number; bytes: number | null }[];
  modules: ModuleIndex;
  /** Module -> firmware that it may ask for and that the image does not have. */
  firmware: ReadonlyMap<string, readonly string[]>;
  commandLine: string;
  /** What is appended to the initrd: a flake that is sent along has any size. */
  appendedBytes?: number;
}

export interface Preflight {
  refusals: DabeiError[];
  /** Things that do not hinder, as sentences without a full stop. */
  warnings: string[];
  /** Disks that will be erased. */
  targets: Disk[];
  /** What means these disks, and no others, under the new kernel. */
  selectors: DiskSelector[];
}

const mebibyte = 2 ** 20;
const elsewhere =
  'boot the image by PXE or from a medium, where it shows which disks and cards it has drivers for';
/** Drivers that do nothing without a file; all others have their firmware in the device, or go on without. */
const firmwareNeeded = new Set(['bnx2', 'bnx2x']);

/**
 * @param config null where the configuration was refused: then only what does not depend on it is checked
 * @param defaultRoutes how many the new system will have, or could get by DHCP or router advertisements
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
    warnings: [...disks.warnings, ...drivers.warnings],
    targets: disks.targets,
    selectors: disks.selectors,
  };
}

const doing = 'preparing to leave this system';

function refusal(code: ErrorCode, problem: string, remedy: string): DabeiError {
  return new DabeiError(code, { doing, problem, remedy });
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

/** @param installed what will be installed; null for a rescue system @param now seconds since 1970 */
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
    (old.ramBytes === null ? leastMemTotalBytes : leastRamBytes)[kind] + copiesOfAppended * appended;
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

/** The initrd lies in RAM once as a file and once in the kernel, beside the new kernel. */
export function loadingBytes({ files, appendedBytes = 0 }: NewSystem): number {
  const bytes = (name: string) => files.find(file => file.name === name)?.expectedBytes ?? 0;
  return 2 * (bytes('initrd') + appendedBytes) + bytes(arch.kernel.image) + loadingSlackBytes;
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
  // Where a selector matches nothing, that is the reason.
  if (refusals.length > 0 || holdsRoot.some(disk => targets.includes(disk)))
    return { targets, selectors, warnings, refusals };
  const problem = `this system is on a disk that is not named, and would start again afterwards: ${holdsRoot.map(describeDisk).join('; ')}`;
  const remedy = `name it: --disk ${holdsRoot.map(stablePath).join(' --disk ')}; or boot the machine by PXE`;
  return { targets, selectors, warnings, refusals: [refusal('PREFLIGHT_ROOT_ELSEWHERE', problem, remedy)] };
}

/** The reader has a command line before them, and not a configuration. */
function inTermsOfRun(refused: DabeiError): DabeiError {
  if (refused.code !== 'DISK_FOREIGN_DATA') return refused;
  const { code, doing, problem } = refused;
  const remedy = 'if you no longer need this data, give --wipe, or set disks.wipe to true';
  return new DabeiError(code, { doing, problem, remedy });
}

function mountPointsOf(disk: Disk): string[] {
  return disk.contents.flatMap(({ mountPoints }) => mountPoints);
}

/** What nothing shows a driver for does not pass: a disk never, an interface where another one is left. */
function checkDrivers(
  { facts, linkDevices, diskDevices }: OldSystem,
  image: NewSystem,
  targets: readonly Disk[],
  config: Config | null,
): Pick<Preflight, 'refusals' | 'warnings'> {
  const refusals: DabeiError[] = [];
  const warnings: string[] = [];
  const needed: { what: string; devices: readonly BusDevice[] }[] = [
    ...[...linkDevices].map(([name, devices]) => ({ what: `${name}, which has a default route`, devices })),
    ...targets.map(({ path }) => ({ what: `the disk ${path}`, devices: diskDevices.get(path) ?? [] })),
  ];
  const unknown = (devices: readonly BusDevice[]) => !devices.some(isOfBus);
  for (const { path } of targets) {
    if (!unknown(diskDevices.get(path) ?? [])) continue;
    const problem = `dabei cannot determine the driver of the disk ${path}: sysfs shows no bus for it`;
    refusals.push(refusal('PREFLIGHT_NO_EVIDENCE', problem, elsewhere));
  }
  const dark = [...linkDevices].filter(([, devices]) => unknown(devices)).map(([name]) => name);
  if (dark.length > 0) {
    const problem = `dabei cannot determine the driver of ${dark.join(' and ')}, which has a default route: sysfs shows no device behind it`;
    if (dark.length < linkDevices.size || configuresCard(config, facts)) warnings.push(problem);
    else {
      const remedy = `give network.interfaces with a card of this machine in --config FILE; or ${elsewhere}`;
      refusals.push(refusal('PREFLIGHT_NO_EVIDENCE', problem, remedy));
    }
  }
  for (const { what, devices } of needed) {
    const { missing, modules } = judgeDrivers(devices, image.modules);
    for (const { driver, modalias } of missing) {
      const problem = `the image has no driver for ${what}: here it is ${driver} (${modalias})`;
      refusals.push(refusal('PREFLIGHT_NO_DRIVER', problem, 'build an image that has it (kernel-config/)'));
    }
    for (const module of new Set(modules)) {
      const files = image.firmware.get(module) ?? [];
      if (files.length === 0) continue;
      const problem = `the image lacks firmware for the driver of ${what}, ${module}: ${files.join(', ')}`;
      if (firmwareNeeded.has(module)) {
        const remedy = 'boot the machine from a medium that has the firmware';
        refusals.push(refusal('PREFLIGHT_NO_FIRMWARE', problem, remedy));
      } else {
        warnings.push(`${problem}; the driver works without it, perhaps with fewer features`);
      }
    }
  }
  return { refusals, warnings };
}

/** An interface that is configured, and that is a card with a driver. */
function configuresCard(config: Config | null, { links }: Facts): boolean {
  return (config?.network.interfaces ?? []).some(wanted => {
    const link = findLink(wanted, links, []);
    return (link?.drivers?.length ?? 0) > 0;
  });
}

/** Modules of the devices that matter, for which missing firmware has to be looked up. */
export function neededModules({ linkDevices, diskDevices }: OldSystem, index: ModuleIndex): string[] {
  const devices = [...linkDevices.values(), ...diskDevices.values()];
  return [...new Set(devices.flatMap(each => judgeDrivers(each, index).modules))];
}
