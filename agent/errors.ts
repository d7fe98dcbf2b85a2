import { cleanText } from './clean-text.ts';

/**
 * Every way in which dabei refuses or fails, in one catalogue.
 *
 * The code is stable: tests match it, scripts may. The sentence is for people.
 */

/** code -> what it means, in one line; docs/errors.md is made from it and from error-places.ts. */
export const errorCodes = {
  // Configuration
  CONFIG_BASE64: 'a parameter is not base64',
  CONFIG_COMPRESSION: 'a compressed parameter or file cannot be unpacked',
  CONFIG_TOO_LARGE: 'the decoded configuration is larger than the limit',
  CONFIG_JSON: 'the configuration is not JSON',
  CONFIG_SCHEMA: 'a value of the configuration is missing, unknown or of the wrong type',
  CONFIG_PARAMETER: 'a kernel parameter cannot be read',
  CONFIG_VERSION: 'the configuration is of a version that this image does not know',
  VARIANT_MISSING: 'the configuration asks for a part that this image does not have, such as Tor or Wi-Fi',
  CONFIG_CONFLICT: 'two values of the configuration exclude each other',
  CONFIG_URL_UNVERIFIED: 'the configuration would come over plain HTTP, without a hash or a signature',
  CONFIG_URL_IDENTITY:
    'the address of the configuration needs something that the machine does not have, such as a serial number',
  CONFIG_NOT_FOUND: 'the server has no configuration for this machine',
  CONFIG_FETCH: 'the configuration cannot be fetched from its address',
  CONFIG_HASH: 'the fetched configuration has another SHA-256 than the expected one',
  CONFIG_SIGNATURE: 'the fetched configuration is not signed by a trusted key',
  CONFIG_OTHER_MACHINE: 'the fetched configuration is signed for another machine',
  CONFIG_EXPIRED:
    'the fetched configuration is no longer valid, is valid for too long, or the machine cannot tell',
  CONFIG_REPLAYED: 'the fetched configuration is older than one that was installed on this machine',
  CONFIG_SECRET_IN_CLEAR: 'a secret of the configuration came over plain HTTP, by metadata, or on a seed',
  MEDIUM_DAMAGED: 'the configuration on the medium is damaged, and is not used',
  REPORT_ASK_UNVERIFIED: 'the permission to erase disks would come over plain HTTP, without a signature',
  REPORT_ASK_REFUSED: 'the server that was asked does not permit to erase the disks',
  REPORT_ASK_SILENT: 'the server that was asked whether to erase the disks gave no permission in time',
  CONSOLE_WITHOUT_SECRETS: 'dabei.console=root dropped the secrets that the configuration needs',
  // Network and SSH
  NETWORK_NO_LINK: 'the machine has no network interface',
  NETWORK_INTERFACE_ABSENT: 'the machine has none of the configured network interfaces',
  NETWORK_UNREACHABLE: 'no gateway answers and no DHCP server or router offered an address',
  NETWORK_SILENT_GATEWAY:
    'no configured gateway answers, and the installed system would have no other gateway',
  WIFI_START: 'the programs for wireless networks do not start',
  WIFI_NO_CARD: 'the machine has no wireless card that the image has a driver and firmware for',
  WIFI_NOT_FOUND: 'no wireless network of a configured name is in reach',
  WIFI_SECURITY: 'a wireless network asks for something else than a passphrase',
  WIFI_PASSPHRASE:
    'a wireless network was found, and does not let the machine in; mostly, the passphrase is wrong',
  NO_LOGIN: 'nobody could log in to the installed system',
  SSH_HOST_KEY: 'a given SSH host key cannot be used',
  SSH_START: 'sshd does not start',
  // Disks
  DISK_NOT_FOUND: 'no disk matches a selector',
  DISK_NOT_HARDWARE: 'a chosen disk is made by software or reached over a network',
  DISK_AMBIGUOUS: 'more disks match a selector than it asks for',
  DISK_BOOT_MEDIUM: 'a chosen disk is the medium that this system was booted from, or may be',
  DISK_READ_ONLY: 'a chosen disk is read-only',
  DISK_CHANGED: 'a chosen disk is no longer what it was when the installation was planned',
  DISK_SECTORS: 'this firmware cannot start from disks with sectors of that size',
  FIRMWARE_32BIT: 'the firmware is a 32-bit UEFI, for which dabei installs no boot loader',
  FIRMWARE_NO_UEFI: 'the machine has no UEFI, and its architecture has no BIOS',
  FIRMWARE_UNKNOWN: 'dabei cannot determine whether the machine starts by BIOS or UEFI',
  DISK_TOO_SMALL: 'a chosen disk is too small for the layout',
  DISK_FOREIGN_DATA: 'a chosen disk holds data, and disks.wipe is not set',
  DISK_INSTALLED:
    'the disks hold an installation by dabei; erasing it needs disks.wipe, and also a higher disks.generation if the same configuration is completely installed',
  DISK_MEMBERS: 'a layout was given the wrong number of disks',
  POOL_NAME_TAKEN:
    'another disk holds a pool of the same name, and the installed system could not distinguish the two',
  DISK_NOT_CLEAN: 'signatures are left on a disk after wiping',
  DISKO_DISKS: 'disks.devices and the layout of the flake name different disks',
  DISKO_PROGRAM: "the image lacks a program that the flake's disko script starts",
  DISKO_KEY: "the flake's disko script needs a key that the configuration does not give",
  DISKO_SCRIPT: 'the disko script failed',
  DISKO_MOUNTS: 'the disko script mounted something else than the system will mount',
  // Plan and install
  MEMORY_TOO_SMALL: 'the machine has less memory than the installation needs',
  FLAKE_EVALUATION: 'Nix cannot evaluate the system',
  ACTIVATION: 'the activation of the installed system failed; it has to precede the boot loader',
  FLAKE_IMPURE: 'evaluating the system needs something that is not in the flake and its locked inputs',
  FLAKE_BUILD: 'Nix cannot build or fetch the system',
  CACHE_UNREACHABLE: 'a binary cache does not answer, or the address is not a binary cache',
  CLOSURE_PATH_MISSING: 'no binary cache has a path that the prebuilt system needs',
  CLOSURE_NARINFO: 'the narinfo of a path cannot be parsed',
  CLOSURE_SIGNATURE: 'a path of the prebuilt system is not signed by a trusted key',
  CLOSURE_SYSTEM: 'the prebuilt system is not for this machine',
  CLOSURE_TOO_LARGE: 'the prebuilt system is larger than the pool',
  CLOSURE_HASH: 'a path arrived with other content than what was signed',
  CLOSURE_COPY: 'the prebuilt system cannot be copied from its binary caches',
  POOL_FULL: 'no space is left on the pool',
  ESP_TOO_SMALL: 'the ESP has no room for the kernel and the initrd',
  BOOT_LOADER: 'the boot loader cannot be installed',
  POOL_EXPORT: 'the pool cannot be exported',
  // The rescue system of an installed machine
  RESCUE_MACHINE: 'this system was not started from the rescue entry of an installed machine',
  RESCUE_UNLOCK: 'the pool of the installed system cannot be imported, opened or mounted',
  RESCUE_BOOT: 'the generation that is to start cannot be found or chosen',
  RESCUE_ENTRY: 'the rescue entry cannot be written or renewed',
  // Leaving a running Linux by kexec (image/media/bundle/run and `dabei preflight`)
  PREFLIGHT_ARCHITECTURE: 'the machine has another processor than the image is for',
  PREFLIGHT_CONTAINER: 'this is a container, whose kernel belongs to its host',
  PREFLIGHT_CONFIDENTIAL:
    'the memory of the virtual machine is encrypted, which the new kernel does not support',
  PREFLIGHT_WATCHDOG: 'a watchdog is in use that the new kernel would not feed',
  PREFLIGHT_NO_LOGIN: 'nobody could log in to the new system',
  PREFLIGHT_IMAGE_HASH: 'the bundle is damaged or incomplete',
  PREFLIGHT_MEMORY: 'there is too little memory for loading the new system, or for the new system itself',
  PREFLIGHT_SECURE_BOOT: 'Secure Boot is on, and the image is not signed',
  PREFLIGHT_LOCKDOWN: 'the running kernel is locked down and accepts no unsigned kernel',
  PREFLIGHT_IMA: 'the integrity policy (IMA) of the running kernel accepts no unsigned kernel',
  PREFLIGHT_KEXEC_UNSUPPORTED: 'the running kernel has no kexec',
  PREFLIGHT_KEXEC_DISABLED: 'kexec is disabled until the next restart',
  PREFLIGHT_COMMAND_LINE: 'the command line for the new kernel is too long',
  PREFLIGHT_ROOT_ELSEWHERE: 'the running system is on a disk that is not named for the installation',
  PREFLIGHT_NO_DEFAULT_ROUTE: 'there is no default route that the new system could take over',
  PREFLIGHT_NO_DRIVER: 'the image has no driver for a network interface or a disk that is needed',
  PREFLIGHT_NO_EVIDENCE: 'dabei cannot determine the driver of a needed disk or network interface',
  PREFLIGHT_NO_FIRMWARE: 'the image lacks the firmware without which a needed device does not work',
  KEXEC_LOAD: 'kexec failed to load the new kernel',
  // The first program of the new system (image/rootfs/initramfs/init)
  IMAGE_INCOMPLETE: 'the initrd is damaged or incomplete in memory',
  // Anywhere
  COMMAND_FAILED: 'a program ended with an error',
  COMMAND_TIMEOUT: 'a program did not end in time',
  COMMAND_MISSING: 'a program is missing',
  OUTPUT_TOO_LARGE: 'a program printed more than can be read',
  FILE: 'a file cannot be read or written',
  HTTP: 'a server did not answer as expected',
  BUSY: 'another dabei is changing this machine',
  USAGE: 'the command line of dabei is wrong',
  INTERNAL: 'a bug in dabei',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetail {
  /** What was being done, as a gerund phrase: "creating the pool rpool". */
  doing: string;
  /** What is wrong, as a sentence without a full stop. */
  problem: string;
  /** What the reader can do about it: what would allow it, or the next step. */
  remedy?: string;
  cause?: unknown;
}

/** The only error class that dabei throws on purpose. Its message holds no secret, and is cleaned (clean-text.ts). */
export class DabeiError extends Error {
  readonly code: ErrorCode;
  readonly doing: string;
  readonly problem: string;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, detail: ErrorDetail) {
    const [doing, problem] = [cleanText(detail.doing), cleanText(detail.problem)];
    super(`${doing}: ${problem}`, { cause: detail.cause });
    this.name = 'DabeiError';
    this.code = code;
    this.doing = doing;
    this.problem = problem;
    this.remedy = detail.remedy === undefined ? undefined : cleanText(detail.remedy);
  }
}

/** Several reasons at once; its code is that of the first. */
export class Refusals extends DabeiError {
  readonly reasons: readonly DabeiError[];

  constructor(reasons: readonly DabeiError[]) {
    const [first] = reasons;
    super(first?.code ?? 'INTERNAL', {
      doing: first?.doing ?? 'checking',
      problem: first?.problem ?? 'refused without a reason',
      ...(first?.remedy === undefined ? {} : { remedy: first.remedy }),
    });
    this.reasons = reasons;
  }
}

/** Each reason by itself. */
export function reasonsOf(error: DabeiError): readonly DabeiError[] {
  return error instanceof Refusals ? error.reasons : [error];
}

/** Anything thrown, as a DabeiError; what was not thrown on purpose is INTERNAL. */
export function asDabeiError(thrown: unknown, doing: string): DabeiError {
  if (thrown instanceof DabeiError) return thrown;
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new DabeiError('INTERNAL', { doing, problem, cause: thrown });
}

/** The lines that every output shows of an error: what is wrong, and what to do about it. */
export function formatError({ code, doing, problem, remedy }: ErrorLines): string {
  const next = remedy == null ? '' : `\n  next: ${remedy}`;
  return cleanText(`error ${code}: ${doing}: ${problem}${next}`);
}

type ErrorLines = Pick<DabeiError, 'code' | 'doing' | 'problem'> & { remedy?: string | null | undefined };
