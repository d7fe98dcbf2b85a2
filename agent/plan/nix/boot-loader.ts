import type { Config } from '../../config/schema.ts';
import type { Disk, Facts } from '../../facts.ts';
import { paths } from '../../paths.ts';
import { stablePath } from '../disks/describe-disk.ts';
import type { RunStep, Step } from '../step.ts';
import { flakeDirectory, targetRoot } from '../target.ts';

/** Makes the target's disks bootable, from its system profile. */

/**
 * Makes the installed system install its own boot loader ("switch-to-configuration boot"). Every disk gets one: the host flake lists
 * the ESPs of all members for GRUB, and copies the ESP of systemd-boot to the others.
 */
export function planBootLoader(
  { system }: Config,
  { firmware }: Pick<Facts, 'firmware'>,
  members: readonly Disk[],
): Step[] {
  return [
    installBootLoader(
      targetRoot,
      'dabei install',
      {},
      system.allowFailedActivation ? [] : ['--require-activation'],
    ),
    {
      // After the evaluation, because the commit must contain the lock file of the inputs.
      kind: 'commit',
      doing: 'putting the host flake under git',
      directory: `${targetRoot}${flakeDirectory}`,
      message: 'dabei: the system as it was installed',
      author: 'dabei <root@localhost>',
      optional: true,
    },
    {
      kind: 'run',
      doing: 'keeping the log of the installation',
      argv: ['cp', '-p', paths.log, `${targetRoot}${paths.log}`],
      timeoutSeconds: 60,
      optional: true,
    },
    {
      kind: 'run',
      // FAT may write a file's blocks long after its directory entry. The install state must not claim more than the disk has.
      doing: 'writing the ESPs to disk',
      argv: ['sync'],
      timeoutSeconds: 600,
    },
    {
      // A loader that the flake switches off, or that gets another disk, installs nothing and reports success.
      kind: 'boot-code',
      doing: 'looking for the boot loader where the firmware will',
      firmware,
      disks: members.map(stablePath),
      root: targetRoot,
      remedy:
        `enable a boot loader for ${firmware === 'uefi' ? 'UEFI' : 'BIOS, on these disks,'} in the flake, and start again with ` +
        'disks.wipe. If the machine starts from something else, all else is installed: restart it with reboot',
    },
  ];
}

/**
 * @param root mount point of the target
 * @param again the command that repeats this step, for the remedies
 * @param env added to the environment of nixos-enter
 * @param enterOptions options of nixos-enter. Without --require-activation, it ignores a failed activation, like nixos-install(8)
 */
export function installBootLoader(
  root: string,
  again: string,
  env: Readonly<Record<string, string>> = {},
  enterOptions: readonly string[] = [],
): RunStep {
  return {
    kind: 'run',
    doing: 'installing the boot loader',
    argv: [
      ...(['nixos-enter', '--root', root, ...enterOptions, '--'] as const),
      ...['/run/current-system/bin/switch-to-configuration', 'boot'],
    ],
    // Without this variable, switch-to-configuration writes only the boot menu.
    env: { ...env, NIXOS_INSTALL_BOOTLOADER: '1' },
    timeoutSeconds: 1800,
    progress: true,
    errorCode: 'BOOT_LOADER',
    whenSaying: [
      {
        pattern: /nixos-enter: the activation of the installed system ended with/,
        code: 'ACTIVATION',
        remedy:
          'correct the cause of the lines above in the flake, and start again with disks.wipe; if the failure is harmless, such ' +
          `as secrets that only a later key opens, set system.allowFailedActivation, then run: ${again}`,
      },
    ],
    remedy: `nixos-enter --root ${root} opens a shell in the installed system; then run: ${again}`,
    whenFull: espFull(root),
  };
}

/** @param root mount point of the target */
export function espFull(root: string): { code: 'ESP_TOO_SMALL'; remedy: string } {
  return {
    code: 'ESP_TOO_SMALL',
    remedy: `check what uses the space: df ${root}/boot; make the initrd smaller, or start again with a larger disks.esp and disks.wipe`,
  };
}
