import type { ErrorCode } from './errors.ts';

/**
 * Where each error is found, as early as it can be. Most of what may be wrong is found on the old system, by `run` or
 * `dabei preflight`, before anything is left or written; docs/errors.md is made from this.
 */
export type Place =
  /** Before the old system is left. */
  | 'preflight'
  /** By whatever was started, wherever that is. */
  | 'anywhere'
  /** While an image is built. */
  | 'build'
  /** Only the new system can know, for this reason; a sentence without a full stop. */
  | { newSystem: string };

const caches = 'the new system asks binary caches over its own network, just before it touches the disks';
const nix = 'this check needs Nix and the network of the new system';
const fetching = 'the new system fetches the configuration over its own network';
const asking = 'the new system asks just before it touches the disks';
const joining = 'only a machine that was started from a medium joins wireless networks';
const rescuing = 'the rescue entry of an installed machine starts this system';
const writing = 'the error occurs while dabei writes to the disks';

export const errorPlaces: Readonly<Record<ErrorCode, Place>> = {
  CONFIG_BASE64: 'preflight',
  CONFIG_COMPRESSION: 'preflight',
  CONFIG_TOO_LARGE: 'preflight',
  CONFIG_JSON: 'preflight',
  CONFIG_SCHEMA: 'preflight',
  CONFIG_PARAMETER: 'preflight',
  CONFIG_VERSION: 'preflight',
  VARIANT_MISSING: 'preflight',
  CONFIG_CONFLICT: 'preflight',
  CONFIG_URL_UNVERIFIED: 'preflight',
  CONFIG_URL_IDENTITY: { newSystem: fetching },
  CONFIG_NOT_FOUND: { newSystem: fetching },
  CONFIG_FETCH: { newSystem: fetching },
  CONFIG_HASH: { newSystem: fetching },
  CONFIG_SIGNATURE: { newSystem: fetching },
  CONFIG_OTHER_MACHINE: { newSystem: fetching },
  CONFIG_EXPIRED: { newSystem: fetching },
  CONFIG_REPLAYED: { newSystem: 'the number of the installed configuration is on the ESPs' },
  CONFIG_SECRET_IN_CLEAR: { newSystem: fetching },
  REPORT_ASK_UNVERIFIED: 'preflight',
  REPORT_ASK_REFUSED: { newSystem: asking },
  REPORT_ASK_SILENT: { newSystem: asking },
  MEDIUM_DAMAGED: { newSystem: 'its first program compares the configuration with its SHA-256' },
  CONSOLE_WITHOUT_SECRETS: { newSystem: 'its first program drops the secrets' },
  NETWORK_NO_LINK: {
    newSystem: 'the new kernel has to find the interface; preflight checks that it has the driver',
  },
  NETWORK_INTERFACE_ABSENT: { newSystem: 'the new system may find other interfaces than the old one' },
  NETWORK_UNREACHABLE: { newSystem: 'the new system has to configure the interfaces first' },
  NETWORK_SILENT_GATEWAY: { newSystem: 'the new system asks the gateway from its own address' },
  WIFI_START: { newSystem: joining },
  WIFI_NO_CARD: { newSystem: joining },
  WIFI_NOT_FOUND: { newSystem: joining },
  WIFI_SECURITY: { newSystem: joining },
  WIFI_PASSPHRASE: { newSystem: joining },
  NO_LOGIN: {
    newSystem:
      'PREFLIGHT_NO_LOGIN is the same check before kexec; only the system itself shows whether its SSH server is enabled',
  },
  SSH_HOST_KEY: 'preflight',
  SSH_START: { newSystem: 'the new system starts sshd' },
  DISK_NOT_FOUND: 'preflight',
  DISK_NOT_HARDWARE: 'preflight',
  DISK_AMBIGUOUS: 'preflight',
  DISK_BOOT_MEDIUM: {
    newSystem:
      'a system started by kexec has no boot medium; a machine that boots from one has no old system',
  },
  DISK_READ_ONLY: 'preflight',
  DISK_CHANGED: { newSystem: 'dabei checks the disks again just before it erases them' },
  DISK_SECTORS: 'preflight',
  FIRMWARE_32BIT: 'preflight',
  FIRMWARE_NO_UEFI: 'preflight',
  FIRMWARE_UNKNOWN: 'preflight',
  DISK_TOO_SMALL: 'preflight',
  DISK_FOREIGN_DATA: 'preflight',
  DISK_INSTALLED: {
    newSystem: 'the install state is on the ESP and in the pool; the old system uses them, or has no ZFS',
  },
  DISK_MEMBERS: 'preflight',
  POOL_NAME_TAKEN: 'preflight',
  DISK_NOT_CLEAN: { newSystem: writing },
  DISKO_DISKS: { newSystem: 'the script has to be evaluated, or fetched from a binary cache, first' },
  DISKO_PROGRAM: { newSystem: 'the script has to be evaluated, or fetched from a binary cache, first' },
  DISKO_KEY: { newSystem: 'the script has to be evaluated, or fetched from a binary cache, first' },
  DISKO_SCRIPT: { newSystem: writing },
  DISKO_MOUNTS: { newSystem: 'the script mounts what it made' },
  MEMORY_TOO_SMALL: {
    newSystem:
      'PREFLIGHT_MEMORY is the same check before kexec; only the evaluation shows how much memory it needs',
  },
  FLAKE_EVALUATION: { newSystem: nix },
  FLAKE_IMPURE: { newSystem: nix },
  FLAKE_BUILD: { newSystem: nix },
  CACHE_UNREACHABLE: { newSystem: caches },
  CLOSURE_PATH_MISSING: { newSystem: caches },
  CLOSURE_NARINFO: { newSystem: caches },
  CLOSURE_SIGNATURE: { newSystem: caches },
  CLOSURE_SYSTEM: { newSystem: caches },
  CLOSURE_TOO_LARGE: { newSystem: caches },
  CLOSURE_HASH: { newSystem: 'the error occurs while paths arrive' },
  CLOSURE_COPY: { newSystem: 'the error occurs while paths arrive' },
  POOL_FULL: { newSystem: writing },
  ESP_TOO_SMALL: {
    newSystem: 'the size of kernel and initrd is known once they are built or found in a cache',
  },
  BOOT_LOADER: { newSystem: writing },
  ACTIVATION: { newSystem: 'the error occurs when the installed system is activated' },
  POOL_EXPORT: { newSystem: writing },
  RESCUE_MACHINE: { newSystem: rescuing },
  RESCUE_UNLOCK: { newSystem: rescuing },
  RESCUE_BOOT: { newSystem: rescuing },
  RESCUE_ENTRY: { newSystem: 'somebody asks for it after the installation' },
  PREFLIGHT_ARCHITECTURE: 'preflight',
  PREFLIGHT_CONTAINER: 'preflight',
  PREFLIGHT_CONFIDENTIAL: 'preflight',
  PREFLIGHT_WATCHDOG: 'preflight',
  PREFLIGHT_NO_LOGIN: 'preflight',
  PREFLIGHT_IMAGE_HASH: 'preflight',
  PREFLIGHT_MEMORY: 'preflight',
  PREFLIGHT_SECURE_BOOT: 'preflight',
  PREFLIGHT_LOCKDOWN: 'preflight',
  PREFLIGHT_IMA: 'preflight',
  PREFLIGHT_KEXEC_UNSUPPORTED: 'preflight',
  PREFLIGHT_KEXEC_DISABLED: 'preflight',
  PREFLIGHT_COMMAND_LINE: 'preflight',
  PREFLIGHT_ROOT_ELSEWHERE: 'preflight',
  PREFLIGHT_NO_DEFAULT_ROUTE: 'preflight',
  PREFLIGHT_NO_DRIVER: 'preflight',
  PREFLIGHT_NO_EVIDENCE: 'preflight',
  PREFLIGHT_NO_FIRMWARE: 'preflight',
  KEXEC_LOAD: 'anywhere',
  IMAGE_INCOMPLETE: {
    newSystem:
      '/init compares the image in memory with its MD5; `run` compares the files with their SHA-256 before kexec',
  },
  COMMAND_FAILED: 'anywhere',
  COMMAND_TIMEOUT: 'anywhere',
  COMMAND_MISSING: 'anywhere',
  OUTPUT_TOO_LARGE: 'anywhere',
  FILE: 'anywhere',
  HTTP: 'anywhere',
  BUSY: 'anywhere',
  USAGE: 'anywhere',
  INTERNAL: 'anywhere',
};
