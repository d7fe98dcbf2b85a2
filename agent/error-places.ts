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

const caches =
  'binary caches are asked over the network that the new system brings up, just before the disks are touched';
const nix = 'it takes Nix and the network of the new system';
const writing = 'it shows while disks are written';

export const errorPlaces: Readonly<Record<ErrorCode, Place>> = {
  CONFIG_BASE64: 'preflight',
  CONFIG_COMPRESSION: 'preflight',
  CONFIG_TOO_LARGE: 'preflight',
  CONFIG_JSON: 'preflight',
  CONFIG_SCHEMA: 'preflight',
  CONFIG_PARAMETER: 'preflight',
  CONFIG_VERSION: 'preflight',
  CONFIG_CONFLICT: 'preflight',
  CONSOLE_WITHOUT_SECRETS: { newSystem: 'its first program drops the secrets' },
  NETWORK_NO_LINK: {
    newSystem: 'its kernel has to find the interface; that it has the driver is seen before',
  },
  NETWORK_UNREACHABLE: { newSystem: 'nobody answers only once the interfaces are set up anew' },
  NETWORK_SILENT_GATEWAY: { newSystem: 'a gateway is asked from the address that the new system has' },
  NO_LOGIN: {
    newSystem:
      'PREFLIGHT_NO_LOGIN says the same before; on a machine that was not left by kexec, this is the first to see it',
  },
  SSH_HOST_KEY: 'preflight',
  SSH_START: { newSystem: 'sshd is started there' },
  DISK_NOT_FOUND: 'preflight',
  DISK_NOT_HARDWARE: 'preflight',
  DISK_AMBIGUOUS: 'preflight',
  DISK_BOOT_MEDIUM: {
    newSystem: 'what kexec starts comes from no medium; a machine that starts from one has no old system',
  },
  DISK_READ_ONLY: 'preflight',
  DISK_CHANGED: { newSystem: 'disks are looked at once more just before they are erased' },
  DISK_SECTORS: 'preflight',
  FIRMWARE_32BIT: 'preflight',
  FIRMWARE_UNKNOWN: 'preflight',
  DISK_TOO_SMALL: 'preflight',
  DISK_FOREIGN_DATA: 'preflight',
  DISK_INSTALLED: {
    newSystem:
      'the install state lies on the ESP and in the pool, and the old system has them in use or no ZFS',
  },
  DISK_MEMBERS: 'preflight',
  POOL_NAME_TAKEN: 'preflight',
  DISK_NOT_CLEAN: { newSystem: writing },
  MEMORY_TOO_SMALL: {
    newSystem: 'PREFLIGHT_MEMORY says the same before; what evaluating takes, only evaluating shows',
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
  CLOSURE_HASH: { newSystem: 'it shows while paths arrive' },
  CLOSURE_COPY: { newSystem: 'it shows while paths arrive' },
  POOL_FULL: { newSystem: writing },
  ESP_TOO_SMALL: {
    newSystem: 'how large kernel and initrd are is known once they are built or found in a cache',
  },
  BOOT_LOADER: { newSystem: writing },
  ACTIVATION: { newSystem: 'it shows when the installed system is activated' },
  POOL_EXPORT: { newSystem: writing },
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
      'what arrived in memory is compared with its SHA-256 by /init; the files themselves are compared before',
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
