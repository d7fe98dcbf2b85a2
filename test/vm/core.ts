/**
 * The worlds that `npm test` runs: one for each way in, and one for each thing that can be lost.
 * Everything else, with the
 * least memory for an installation, runs in `npm run test:worlds`.
 */
export interface CoreWorld {
  world: string;
  /** On two quiet cores without KVM, two worlds at a time, image and guests in the cache. */
  warmSeconds: number;
  /** The part of the product that it stands for. */
  shows: string;
}

/** As long as all of them may take together, two at a time. */
export const coreLimitSeconds = 15 * 60;

/** In the order in which they start: the longest first, so that neither of two workers is idle at the end. */
export const coreWorlds: readonly CoreWorld[] = [
  { world: 'kexec-install', warmSeconds: 434, shows: 'a running Debian becomes NixOS' },
  { world: 'power-cut', warmSeconds: 321, shows: 'an installation that power left at any stage is resumed' },
  { world: 'netboot', warmSeconds: 244, shows: 'PXE by BIOS and TFTP, unlocked over SSH' },
  { world: 'disks-mirror-degraded', warmSeconds: 233, shows: 'a mirror starts without one of its disks' },
  { world: 'netboot-uefi', warmSeconds: 194, shows: 'PXE by UEFI and HTTP, NVMe, unlocked at the console' },
  {
    world: 'dead-man-no-login',
    warmSeconds: 124,
    shows: 'a machine that nobody reaches returns to its old system',
  },
  {
    world: 'refuse-missing-disk',
    warmSeconds: 78,
    shows: 'no disk is guessed, and the machine stays reachable',
  },
  { world: 'rescue', warmSeconds: 76, shows: 'nothing to install: a rescue system in the least memory' },
  { world: 'dead-gateway', warmSeconds: 73, shows: 'addresses that lead nowhere are not installed' },
];
